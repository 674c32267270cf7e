internal import NIOCore
internal import Resources

/// A server's side of one connection: checks who speaks, hands requests to the workers and sends what they answer.
///
/// A request counts as open until its reply was handed on, so that whoever does not read what it asked for is not read either.
final class ServerSide: FrameSide {
    /// What others want of it.
    enum Order: Sendable {
        /// - Parameter request: what the request took, in bytes.
        case reply(Frame, request: Int)
        case notify(FrameMessage)
        case cut(String)
        /// Take no more requests, and close when all are answered.
        case end(String)
    }

    private enum Phase {
        case greeting
        case open(FrameCaller)
        case ending
        case closed
    }

    private let server: FrameServer
    private let number: UInt64
    private let prove: () -> Result<NodeID, FrameFault>
    private let outbox: FrameInbox<Order>
    private let target: Target
    private let eventLoop: any EventLoop
    private weak var link: FrameLink?
    private var phase = Phase.greeting
    private var patience: Scheduled<Void>?

    /// Requests that no worker has begun with.
    private var ready = CircularBuffer<Frame>()
    private var running = 0
    /// Requests whose reply was not handed on.
    private var open = 0
    /// What requests take that are not answered, and replies that were not handed on.
    private var asked = 0
    private var answered = 0
    private var notices = 0
    /// What the other side takes.
    private var bounds = FrameReader.Bounds.stranger

    /// To be made on the channel's event loop.
    init(_ server: FrameServer, number: UInt64, on channel: any Channel, prove: @escaping () -> Result<NodeID, FrameFault>) {
        self.server = server
        self.number = number
        eventLoop = channel.eventLoop
        self.prove = prove
        let target = Target()
        self.target = target
        outbox = FrameInbox(channel.eventLoop) { target.side?.take($0) }
        target.side = self
    }

    private final class Target { weak var side: ServerSide? }

    // MARK: Beginning and end

    func opened(_ link: FrameLink) {
        self.link = link
        let bound = NIOLoopBound(link, eventLoop: eventLoop)
        patience = eventLoop.scheduleTask(in: TimeAmount(server.times.opening)) {
            bound.value.close(because: "it did not say in time who it is")
        }
    }

    private func greet(_ frame: Frame, _ link: FrameLink) throws(FrameFault) {
        let node = try prove().get()
        let hello = try Hello(frame)
        try hello.check(from: node, to: server.node)
        let caller = FrameCaller(node, number: number, outbox)
        try server.admit(caller)
        phase = .open(caller)
        patience?.cancel()
        bounds = .init(head: Int(hello.head), body: Int(hello.body))
        link.bounds = .init(head: server.limits.head, body: server.limits.body)
        link.send(Hello(from: server.node, to: node, server.limits, server.times).frame)
        link.flush()
        link.startBeating(every: server.times.beat(asked: hello.heartbeat))
    }

    private func refuse(_ reason: String, _ link: FrameLink) {
        phase = .closed
        link.send(Frame(.goodbye, text: reason))
        link.finish(because: reason)
    }

    func closed(_ reason: String) {
        patience?.cancel()
        phase = .closed
        ready.removeAll()
        _ = outbox.close()
        server.closed(number)
    }

    // MARK: Requests

    func received(_ frame: Frame, on link: FrameLink) {
        switch (phase, frame.kind) {
        case (.greeting, _):
            do throws(FrameFault) { try greet(frame, link) } catch { refuse(error.description, link) }
        case (.open, .request): admit(frame, link)
        case (.ending, .request):
            turnAway(frame, link)
            link.flush()
        case (.open, _), (.ending, _): link.close(because: "it sent a \(frame.kind), which a client does not")
        case (.closed, _): break
        }
    }

    private func admit(_ frame: Frame, _ link: FrameLink) {
        open += 1
        asked += frame.message.size
        ready.append(frame)
        startWork()
        if !hasRoom { link.pause() }
    }

    private func turnAway(_ frame: Frame, _ link: FrameLink) {
        open += 1
        asked += frame.message.size
        running += 1
        reply(frame.refused(.busy, "this server is being shut down"), frame.message.size, link)
    }

    private var hasRoom: Bool {
        open < server.limits.requests && asked < server.limits.bytes && answered < server.limits.bytes
    }

    private func startWork() {
        guard case .open(let caller) = phase else { return }
        while running < server.limits.running, answered < server.limits.bytes, let frame = ready.popFirst() {
            running += 1
            server.work(on: frame, from: caller) { [outbox] reply in
                _ = outbox.add(.reply(reply, request: frame.message.size))
            }
        }
    }

    // MARK: Replies and notices

    private func take(_ orders: [Order]) {
        guard let link else { return }
        for order in orders {
            switch order {
            case .reply(let frame, let size): reply(frame, size, link)
            case .notify(let message): notify(message, link)
            case .cut(let reason): link.close(because: reason)
            case .end(let reason): end(reason, link)
            }
        }
        startWork()
        link.flush()
    }

    private func reply(_ frame: Frame, _ size: Int, _ link: FrameLink) {
        var frame = frame
        if frame.message.head.count > bounds.head || frame.message.bodySize > bounds.body {
            frame = frame.refused(.failed, "the answer is larger than the caller takes")
        }
        running -= 1
        asked -= size
        answered += frame.message.size
        link.send(frame)
    }

    private func notify(_ message: FrameMessage, _ link: FrameLink) {
        guard notices < server.limits.notices else { return link.close(because: "it does not take what it is told") }
        notices += 1
        link.send(Frame(.notice, message))
    }

    func sent(_ frame: Frame, on link: FrameLink) {
        switch frame.kind {
        case .notice: notices -= 1
        case .reply:
            open -= 1
            answered -= frame.message.size
            startWork()
            if hasRoom { link.resume() }
            finishIfDone(link)
        default: break
        }
    }

    private func end(_ reason: String, _ link: FrameLink) {
        guard case .open = phase else { return }
        phase = .ending
        link.send(Frame(.goodbye, text: reason))
        while let frame = ready.popFirst() {
            (open, asked) = (open - 1, asked - frame.message.size)
            turnAway(frame, link)
        }
        link.flush()
        finishIfDone(link)
    }

    private func finishIfDone(_ link: FrameLink) {
        if case .ending = phase, open == 0 { link.finish(because: "this side was shut down") }
    }
}
