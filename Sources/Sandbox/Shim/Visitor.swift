import Glibc
import Kernel
import Resources

/// One client attached to a shim.
struct Visitor {
    let descriptor: Int32
    private var stream: FrameStream
    private var told = Told()
    private var lastProgress = SystemClock.instant()
    /// It takes no more news. What it said before that still counts, so it stays until all of that was read.
    private var isDeaf = false

    private struct Told {
        var accepted: Int64?
        var limit: Int64?
        var output: OutputSizes?
        var end = false
    }

    /// What there is to tell.
    struct News {
        var accepted: Int64
        var limit: Int64
        var output: OutputSizes
        var end: ExitRecord?
    }

    private static let patience = Microseconds.seconds(10)

    init(descriptor: Int32) {
        self.descriptor = descriptor
        stream = FrameStream(descriptor: descriptor, limit: ShimProtocol.largestFrame)
    }

    var interest: Int16 { Int16(POLLIN) | (isServed ? 0 : Int16(POLLOUT)) }

    /// Everything that was told is on its way.
    var isServed: Bool { isDeaf || stream.backlog == 0 }

    /// Whether it owes the rest of a frame, or has not read what it was sent.
    var isStuck: Bool { stream.backlog > 0 || stream.holdsPart }

    /// Whether it has been stuck for longer than anybody alive would be.
    func isLost(at now: Instant) -> Bool { isStuck && now - lastProgress > Self.patience }

    /// The requests that have arrived, when there is something to read.
    ///
    /// - Throws: ``Gone`` when it has left or sends what is no request.
    mutating func requests() throws(Gone) -> [ShimRequest] {
        let progress = stream.receive()
        var requests: [ShimRequest] = []
        do {
            while let message = try stream.next() { requests.append(try ShimRequest(bytes: message)) }
        } catch { throw Gone() }
        // what was sent before leaving still counts
        guard progress != .closed || !requests.isEmpty else { throw Gone() }
        lastProgress = SystemClock.instant()
        return requests
    }

    struct Gone: Error {}

    /// Tells what it does not know yet. While it has not read the last of it nothing is added, so that one that does not read
    /// costs no memory and learns the newest when it does.
    mutating func tell(_ news: News) {
        guard !isDeaf else { return }
        if stream.backlog == 0 {
            if told.accepted != news.accepted || told.limit != news.limit {
                (told.accepted, told.limit) = (news.accepted, news.limit)
                stream.enqueue(ShimEvent.accepted(news.accepted, limit: news.limit).bytes)
            }
            if told.output != news.output {
                told.output = news.output
                stream.enqueue(ShimEvent.output(news.output).bytes)
            }
            if let end = news.end, !told.end {
                told.end = true
                stream.enqueue(ShimEvent.exited(end).bytes)
            }
        }
        let backlog = stream.backlog
        isDeaf = stream.flush() == .closed
        if stream.backlog < backlog { lastProgress = SystemClock.instant() }
    }
}
