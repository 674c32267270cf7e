internal import Dispatch
package import Resources
internal import Synchronization
internal import Volumes

/// Stores blocks on several servers at once, durably on each.
package struct ReplicatedPut: Sendable {
    /// What came of it on each server, in their order.
    package struct Outcome: Sendable {
        package struct Replica: Sendable {
            package let node: NodeID
            /// Why not all the blocks are durable there; `nil` when they are.
            package let error: BlockError?
        }

        package let replicas: [Replica]

        /// Where all is durable.
        package var stored: [NodeID] { replicas.filter { $0.error == nil }.map(\.node) }
    }

    private let call: BlockCall<[BlockID: BlockFault]>
    private let peers: [BlockPeer]

    package init(_ blocks: [BlockContent], of volume: VolumeID, on peers: [BlockPeer]) {
        call = .put(blocks, of: volume)
        self.peers = peers
    }

    /// Blocks the thread until all servers have stored the blocks or failed to.
    package func wait() -> Outcome {
        let waiting = WaitingThread()
        start { waiting.goOn(with: $0) }
        return waiting.wait()
    }

    private final class WaitingThread: Sendable {
        private let outcome = Mutex<Outcome?>(nil)
        private let hasEnded = DispatchSemaphore(value: 0)

        func goOn(with outcome: Outcome) {
            self.outcome.withLock { $0 = outcome }
            hasEnded.signal()
        }

        func wait() -> Outcome {
            hasEnded.wait()
            guard let outcome = outcome.withLock({ $0 }) else { preconditionFailure("it has ended") }
            return outcome
        }
    }

    /// Waits until all servers have stored the blocks or failed to.
    package func run() async -> Outcome {
        await withCheckedContinuation { continuation in start { continuation.resume(returning: $0) } }
    }

    /// - Parameter completion: is called once, on any thread, and must not block.
    package func start(completion: @escaping @Sendable (Outcome) -> Void) {
        guard !peers.isEmpty else { return completion(Outcome(replicas: [])) }
        let gathering = Gathering(peers.map(\.node), completion)
        for (place, peer) in peers.enumerated() {
            peer.start(call) { result in
                switch result {
                case .success(let failures): gathering.note(failures.values.first.map { .store($0) }, at: place)
                case .failure(let error): gathering.note(error, at: place)
                }
            }
        }
    }

    /// What has come of it so far.
    private final class Gathering: Sendable {
        private let nodes: [NodeID]
        private let completion: @Sendable (Outcome) -> Void
        private let state: Mutex<(errors: [BlockError?], missing: Int)>

        init(_ nodes: [NodeID], _ completion: @escaping @Sendable (Outcome) -> Void) {
            self.nodes = nodes
            self.completion = completion
            state = Mutex((Array(repeating: nil, count: nodes.count), nodes.count))
        }

        func note(_ error: BlockError?, at place: Int) {
            let errors = state.withLock { state -> [BlockError?]? in
                state.errors[place] = error
                state.missing -= 1
                return state.missing == 0 ? state.errors : nil
            }
            if let errors { completion(Outcome(replicas: zip(nodes, errors).map { .init(node: $0, error: $1) })) }
        }
    }
}
