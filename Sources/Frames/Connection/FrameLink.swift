internal import NIOCore

/// What stands above a connection: a client's side of it or a server's. Called on the event loop.
protocol FrameSide: AnyObject {
    func opened(_ link: FrameLink)
    func received(_ frame: Frame, on link: FrameLink)
    /// A frame was handed on for good.
    func sent(_ frame: Frame, on link: FrameLink)
    /// Once, at the end.
    func closed(_ reason: String)
}

/// The end of a connection's pipeline: bytes to frames and back, with signs of life.
///
/// What is sent waits here until the channel takes it, in portions, so that little of it is encrypted in advance and a frame's first
/// part is under way while the next is encrypted. What comes in is read only while the side above has room.
final class FrameLink: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// How much goes out at once, in bytes.
    static let portion = 256 << 10
    /// Up to which size a body goes out in one piece with its head, in bytes.
    private static let joined = 16 << 10

    private let side: any FrameSide
    private let times: FrameTimes
    private var reader = FrameReader()
    private var context: ChannelHandlerContext?
    private var failure: String?
    private var isOpen = false
    private var isClosed = false

    private var queue = CircularBuffer<Frame>()
    /// The rest of the body that is being sent, and the frame it is of.
    private var sending: (frame: Frame, rest: ByteBuffer)?
    private var isReading = true
    private var isWanting = false
    private var isDelivering = false
    /// Whether to close when nothing is left to send.
    private var isFinishing = false

    private var life: SignsOfLife
    private var beat: RepeatedTask?

    init(_ side: any FrameSide, times: FrameTimes) {
        self.side = side
        self.times = times
        life = SignsOfLife(times, every: TimeAmount(times.heartbeat), at: .now())
    }

    /// What the other side may send from now on.
    var bounds: FrameReader.Bounds {
        get { reader.bounds }
        set { reader.bounds = newValue }
    }

    // MARK: The channel's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { open(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        open(context)
        context.fireChannelActive()
    }

    private func open(_ context: ChannelHandlerContext) {
        guard !isOpen, !isClosed else { return }
        isOpen = true
        side.opened(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(because: FrameChannel.text(error))
    }

    /// Cuts the connection. The side above learns it at once: TLS waits for a while for the other side to say that it closes, too.
    func close(because reason: String) {
        failure = failure ?? reason
        end()
        context?.close(promise: nil)
    }

    private func end() {
        guard !isClosed else { return }
        isClosed = true
        beat?.cancel()
        queue.removeAll()
        sending = nil
        side.closed(failure ?? "the other side closed it")
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosed else { return }
        life.heard(at: .now())
        reader.append(unwrapInboundIn(data))
        deliver()
    }

    private func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        defer { isDelivering = false }
        do throws(FrameFault) {
            while isReading, !isClosed, failure == nil, let frame = try reader.next() {
                life.isWithinFrame(false, at: .now())
                if frame.kind != .heartbeat { side.received(frame, on: self) }
            }
            life.isWithinFrame(reader.isWithinFrame && isReading, at: .now())
        } catch {
            close(because: "it sent \(error)")
        }
    }

    func read(context: ChannelHandlerContext) {
        if isReading { context.read() } else { isWanting = true }
    }

    /// Reads no further until ``resume()``.
    func pause() { isReading = false }

    func resume() {
        guard !isReading else { return }
        isReading = true
        // While nothing was read nothing could be heard.
        life.heard(at: .now())
        deliver()
        if isReading, isWanting {
            isWanting = false
            context?.read()
        }
    }

    // MARK: Out

    /// Sends a frame after those before it, with ``flush()``.
    func send(_ frame: Frame) {
        guard !isClosed else { return }
        queue.append(frame)
    }

    func flush() {
        guard let context, !isClosed else { return }
        while context.channel.isWritable, let portion = nextPortion(context.channel.allocator) {
            life.sent(at: .now())
            for part in portion.parts { context.write(wrapOutboundOut(part), promise: nil) }
            context.flush()
            for frame in portion.whole { side.sent(frame, on: self) }
        }
        life.isBlocked(sending != nil || !queue.isEmpty, at: .now())
        if isFinishing, sending == nil, queue.isEmpty { sendLast(context) }
    }

    /// What stands behind this end has no say here.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        flush()
        context.fireChannelWritabilityChanged()
    }

    /// What goes out at once, and the frames that have gone wholly with it.
    private struct Portion {
        var parts: [ByteBuffer]
        var whole: [Frame] = []
    }

    private func nextPortion(_ allocator: ByteBufferAllocator) -> Portion? {
        if let (frame, rest) = sending { return nextPart(of: frame, rest, behind: []) }
        guard !queue.isEmpty else { return nil }
        var heads = allocator.buffer(capacity: queue.count == 1 ? 512 : 4096)
        var whole: [Frame] = []
        while let frame = queue.popFirst() {
            frame.writeHead(into: &heads)
            guard frame.message.bodySize <= Self.joined else {
                var portion = nextPart(of: frame, frame.message.body, behind: [heads])
                portion.whole = whole + portion.whole
                return portion
            }
            heads.writeImmutableBuffer(frame.message.body)
            whole.append(frame)
            if heads.readableBytes >= Self.portion { break }
        }
        return Portion(parts: [heads], whole: whole)
    }

    private func nextPart(of frame: Frame, _ body: ByteBuffer, behind parts: [ByteBuffer]) -> Portion {
        var rest = body
        guard let part = rest.readSlice(length: min(Self.portion, rest.readableBytes)), rest.readableBytes > 0 else {
            sending = nil
            return Portion(parts: parts + [body], whole: [frame])
        }
        sending = (frame, rest)
        return Portion(parts: parts + [part])
    }

    /// Closes when all that was sent has left this machine's memory.
    func finish(because reason: String) {
        failure = failure ?? reason
        isFinishing = true
        flush()
    }

    private func sendLast(_ context: ChannelHandlerContext) {
        isFinishing = false
        var last = context.channel.allocator.buffer(capacity: Frame.prefix)
        Frame(.heartbeat).writeHead(into: &last)
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(last), promise: written)
        written.futureResult.assumeIsolated().whenComplete { [weak self] _ in self?.close(because: "all is said") }
    }

    // MARK: Life

    /// Sends something at least so often from now on, and gives the connection up when the other side does not. Until then the
    /// side above has a deadline of its own.
    func startBeating(every interval: Duration) {
        guard let context, beat == nil, !isClosed else { return }
        life = SignsOfLife(times, every: TimeAmount(interval), at: .now())
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        beat = context.eventLoop.scheduleRepeatedTask(initialDelay: life.interval, delay: life.interval) { _ in
            bound.value.tick(.now())
        }
    }

    private func tick(_ now: NIODeadline) {
        if let fault = life.fault(at: now, isReading: isReading) { return close(because: fault) }
        guard life.isQuiet(at: now), sending == nil, queue.isEmpty else { return }
        send(Frame(.heartbeat))
        flush()
    }
}
