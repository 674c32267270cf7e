import GRPCCore
import Logging
import Policy
import Resources
import Synchronization
import Trading
import Wire

/// Carries trade messages to peers, in order for each peer, over one stream that is opened when there is something to say
/// and closed after a while of silence. Nothing is kept for a peer that cannot be reached: the cores send again what
/// matters.
final class PeerLinks: Sendable {
    private static let queueLimit = 1024
    private static let silence = Duration.seconds(60)

    private struct Link {
        let queue: AsyncStream<TradeMessage>.Continuation
        let task: Task<Void, Never>
        var lastUsed = ContinuousClock.now
    }

    private let peers: PeerCaller
    private let links = Mutex<[NodeID: Link]>([:])
    private let log: Logger
    /// Told when a peer cannot be reached, or refuses to be.
    private let onFailure: @Sendable (NodeID, Refusal) -> Void

    /// Told of what was not sent, for the peer has said that it could not read it.
    private let onWithheld: @Sendable (TradeMessage, NodeID) -> Void

    init(
        peers: PeerCaller, log: Logger, onFailure: @escaping @Sendable (NodeID, Refusal) -> Void,
        onWithheld: @escaping @Sendable (TradeMessage, NodeID) -> Void
    ) {
        self.peers = peers
        self.log = log
        self.onFailure = onFailure
        self.onWithheld = onWithheld
    }

    /// Queues a message; never blocks.
    func send(_ message: TradeMessage, to peer: NodeID) {
        links.withLock { links in
            if let link = links[peer], case .enqueued = link.queue.yield(message) {
                links[peer]?.lastUsed = .now
                return
            }
            links[peer]?.queue.finish()
            let link = open(to: peer)
            links[peer] = link
            link.queue.yield(message)
        }
    }

    /// Closes silent links until cancelled.
    func run() async {
        while !Task.isCancelled {
            await Task.rest(for: Self.silence / 2)
            links.withLock { links in
                for (peer, link) in links where ContinuousClock.now - link.lastUsed > Self.silence {
                    // What is queued is still sent.
                    link.queue.finish()
                    links[peer] = nil
                }
            }
        }
    }

    func close(_ peer: NodeID) {
        let link = links.withLock { $0.removeValue(forKey: peer) }
        link?.task.cancel()
    }

    func closeAll() async {
        let all = links.withLock { links in
            defer { links = [:] }
            return Array(links.values)
        }
        for link in all {
            link.queue.finish()
            link.task.cancel()
        }
        for link in all { await link.task.value }
    }

    private func open(to peer: NodeID) -> Link {
        let (messages, queue) = AsyncStream.makeStream(of: TradeMessage.self, bufferingPolicy: .bufferingOldest(Self.queueLimit))
        let task = Task { [peers, log, onFailure, onWithheld] in
            do {
                try await peers.call(peer) { client in
                    _ = try await client.deliver { writer in
                        // A message that it does not know would end the stream: until it has said that it does, it is as good as
                        // lost.
                        for await message in messages {
                            if let feature = message.feature, !peers.has(feature, peer) {
                                if !peers.mayHave(feature, peer) { onWithheld(message, peer) }
                                continue
                            }
                            try await writer.write(Surplus_V1_TradeMessage(message))
                        }
                    }
                }
            } catch {
                log.debug("messages to a peer were lost", metadata: ["peer": "\(peer)", "error": "\(error)"])
                if let refusal = Self.refusal(error) { onFailure(peer, refusal) }
            }
            queue.finish()
        }
        return Link(queue: queue, task: task)
    }

    /// What a failed call says about the peer; `nil` when only a connection broke, which the next message opens again.
    private static func refusal(_ error: any Error) -> Refusal? {
        guard let error = error as? RPCError else { return nil }
        if error.code == .unauthenticated { return Refusal(term: "peer", reason: error.message) }
        guard error.cause is WireError else { return nil }
        return Refusal(term: "peer", reason: error.message, retryAfter: .seconds(10))
    }
}

extension TradeMessage {
    /// What a peer must be able to do to understand it; `nil` of what all understand.
    fileprivate var feature: Feature? {
        switch self {
        case .propose(let proposal) where proposal.terms.hasDisk: .disk
        case .netting: .netting
        case .decay: .decay
        case .reconciliation: .reconciliation
        case .dispute, .disputeAnswer, .resolve, .resolved: .disputes
        default: nil
        }
    }
}
