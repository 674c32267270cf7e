internal import NIOCore
internal import Resources

/// A client's side of one connection: sends calls and finds what answers them.
final class ClientSide: FrameSide {
    private enum Phase {
        case greeting
        case open(FrameConnection)
        case closed
    }

    private weak var pool: FramePool?
    private let number: UInt64
    private let proof: FrameTLS.Proof
    private let channel: any Channel
    private let deadline: NIODeadline
    private let target = Target()
    private weak var link: FrameLink?
    private var phase = Phase.greeting
    private var isActive = false
    private var patience: Scheduled<Void>?
    private var calls: [UInt64: FrameCall] = [:]
    private var nextID: UInt64 = 1
    /// What the server takes.
    private var bounds = FrameReader.Bounds.stranger

    /// To be made on the channel's event loop.
    ///
    /// - Parameter deadline: until when the server has to have said who it is.
    init(_ pool: FramePool, number: UInt64, on channel: any Channel, _ proof: FrameTLS.Proof, until deadline: NIODeadline) {
        self.pool = pool
        self.deadline = deadline
        self.number = number
        self.channel = channel
        self.proof = proof
        target.side = self
    }

    private final class Target { weak var side: ClientSide? }

    // MARK: Beginning and end

    func opened(_ link: FrameLink) {
        guard let pool else { return link.close(because: "nobody needs it any more") }
        self.link = link
        isActive = true
        let bound = NIOLoopBound(link, eventLoop: channel.eventLoop)
        patience = channel.eventLoop.scheduleTask(deadline: deadline) {
            bound.value.close(because: "it did not say in time who it is")
        }
        link.send(Hello(from: pool.identity.node, to: pool.node, pool.limits, pool.times).frame)
        link.flush()
    }

    private func greet(_ frame: Frame, _ link: FrameLink) throws(FrameFault) {
        guard let pool else { throw FrameFault("nobody needs it any more") }
        if frame.kind == .goodbye { throw FrameFault("it refuses: \(frame.text)") }
        let hello = try Hello(frame)
        try hello.check(from: try proof.node.get(), to: pool.identity.node)
        patience?.cancel()
        bounds = .init(head: Int(hello.head), body: Int(hello.body))
        link.bounds = .init(head: pool.limits.head, body: pool.limits.body)
        link.startBeating(every: pool.times.beat(asked: hello.heartbeat))
        let inbox = FrameInbox<FrameCall>(channel.eventLoop) { [target] in target.side?.take($0) }
        let connection = FrameConnection(number: number, channel: channel, inbox)
        phase = .open(connection)
        pool.opened(connection, capacity: max(1, min(pool.limits.requests, Int(hello.requests))))
    }

    func closed(_ reason: String) {
        patience?.cancel()
        let left = calls
        calls = [:]
        switch phase {
        case .greeting where isActive: pool?.failed(number, because: refusal(reason))
        case .open(let connection):
            let unsent = connection.inbox.close()
            pool?.closed(connection, ending: unsent + left.values)
            let isOurDoing = pool?.isShutDown ?? true
            for call in unsent { call.end(.failure(isOurDoing ? .closed : .lost(reason, wasSent: false))) }
            for (_, call) in left { call.end(.failure(isOurDoing ? .closed : .lost(reason, wasSent: true))) }
        case .greeting, .closed: break
        }
        phase = .closed
    }

    /// Why there is no connection: that the wrong one answers says more than that the handshake failed.
    private func refusal(_ reason: String) -> String {
        guard let pool else { return reason }
        switch proof.node {
        case .success(pool.node), .failure(FrameTLS.Proof.nothing): return reason
        case .success(let other): return "it is \(other), not \(pool.node)"
        case .failure(let fault): return fault.description
        }
    }

    // MARK: Calls

    private func take(_ new: [FrameCall]) {
        guard let link, case .open(let connection) = phase else { return }
        for call in new {
            if let fault = fault(of: call) {
                pool?.finished(call, on: connection)
                call.end(.failure(fault))
            } else {
                calls[nextID] = call
                link.send(Frame(.request, id: nextID, call.message))
                nextID += 1
            }
        }
        link.flush()
    }

    private func fault(of call: FrameCall) -> FrameError? {
        if call.isDone { return .cancelled }
        let (head, body) = (call.message.head.count, call.message.bodySize)
        guard head > bounds.head || body > bounds.body else { return nil }
        return .tooLarge("a request of \(head) and \(body) bytes; the server takes \(bounds.head) and \(bounds.body)")
    }

    func received(_ frame: Frame, on link: FrameLink) {
        switch (phase, frame.kind) {
        case (.greeting, _):
            do throws(FrameFault) { try greet(frame, link) } catch { link.close(because: error.description) }
        case (.open(let connection), .reply):
            guard let call = calls.removeValue(forKey: frame.id) else {
                return link.close(because: "it answered what nobody asked")
            }
            pool?.finished(call, on: connection)
            call.end(Self.result(frame))
        case (.open, .notice): pool?.notice(frame.message)
        case (.open(let connection), .goodbye): pool?.leaving(connection)
        case (.open, _): link.close(because: "it sent a \(frame.kind), which a server does not")
        case (.closed, _): break
        }
    }

    private static func result(_ frame: Frame) -> Result<FrameMessage, FrameError> {
        guard frame.flags.contains(.refusal) else { return .success(frame.message) }
        let kind = FrameRefusal.Kind(rawValue: frame.message.code) ?? .failed
        return .failure(.refused(FrameRefusal(kind, frame.text)))
    }

    func sent(_ frame: Frame, on link: FrameLink) {}
}

/// A connection on which calls can be made.
final class FrameConnection: Sendable {
    /// Unique in its pool.
    let number: UInt64
    let channel: any Channel
    let inbox: FrameInbox<FrameCall>

    init(number: UInt64, channel: any Channel, _ inbox: FrameInbox<FrameCall>) {
        self.number = number
        self.channel = channel
        self.inbox = inbox
    }
}
