internal import NIOCore

/// Finds frames in what comes in. Lengths are held against their bounds before anything is allocated for them.
struct FrameReader {
    /// The most that a frame may have.
    struct Bounds: Hashable {
        var head: Int
        var body: Int
        /// Before it is known who speaks: a hello, or a goodbye with its reason.
        static let stranger = Bounds(head: Frame.longestText, body: 0)
    }

    var bounds = Bounds.stranger
    private var incoming = ByteBuffer()
    /// A frame whose body is not whole yet, and what has come of that.
    private var partial: (frame: Frame, body: Body)?

    /// The body of a frame, as it comes.
    private struct Body {
        var missing: Int
        var pieces: [ByteBuffer] = []
        /// The last piece, as long as it grows.
        private var copied = ByteBuffer()

        init(missing: Int) { self.missing = missing }

        /// Memory that is mostly others' is not held for a piece: what came in it is copied.
        mutating func add(_ part: ByteBuffer) {
            let isDense = part.readableBytes * 2 >= part.storageCapacity
            if isDense { close() }
            if isDense { pieces.append(part) } else { copy(part) }
            missing -= part.readableBytes
        }

        private mutating func copy(_ part: ByteBuffer) {
            if copied.readableBytes == 0 { copied = ByteBufferAllocator().buffer(capacity: missing) }
            copied.writeImmutableBuffer(part)
        }

        private mutating func close() {
            guard copied.readableBytes > 0 else { return }
            pieces.append(copied)
            copied = ByteBuffer()
        }

        /// All of it.
        mutating func end() -> [ByteBuffer] {
            close()
            return pieces
        }
    }

    /// Whether part of a frame has come, and the rest has not.
    var isWithinFrame: Bool { partial != nil || incoming.readableBytes > 0 }

    mutating func append(_ chunk: ByteBuffer) {
        if incoming.readableBytes == 0 {
            incoming = chunk
        } else {
            incoming.writeImmutableBuffer(chunk)
        }
    }

    /// The next frame that is whole.
    ///
    /// - Throws: ``FrameFault``; nothing that comes after it can be understood.
    mutating func next() throws(FrameFault) -> Frame? {
        let frame = try find()
        // TLS decrypts into the same memory again if nobody holds it any more.
        if incoming.readableBytes == 0 { incoming = ByteBuffer() }
        return frame
    }

    private mutating func find() throws(FrameFault) -> Frame? {
        if let (frame, body) = partial {
            // There must be one reference to what was copied, or it would be copied again.
            partial = nil
            return fill(frame, body)
        }
        guard let (frame, head, body) = try readPrefix(), incoming.readableBytes >= Frame.prefix + head else { return nil }
        incoming.moveReaderIndex(forwardBy: Frame.prefix)
        return take(frame, head, body)
    }

    private func readPrefix() throws(FrameFault) -> (Frame, head: Int, body: Int)? {
        var prefix = incoming
        guard
            let (head, body, id, kind, flags, code) = prefix.readMultipleIntegers(
                as: (UInt32, UInt32, UInt64, UInt8, UInt8, UInt16).self)
        else { return nil }
        guard let kind = Frame.Kind(rawValue: kind) else { throw FrameFault("a frame of kind \(kind), which there is not") }
        let known = Frame.Flags(rawValue: flags)
        guard known.isSubset(of: .known) else { throw FrameFault("a frame with flags \(flags), which there are not") }
        guard head <= UInt32(bounds.head), body <= UInt32(bounds.body) else {
            throw FrameFault("a frame of \(head) and \(body) bytes, at most \(bounds.head) and \(bounds.body) are taken")
        }
        return (Frame(kind, id: id, flags: known, FrameMessage(code: code)), Int(head), Int(body))
    }

    private mutating func take(_ frame: Frame, _ head: Int, _ body: Int) -> Frame? {
        var frame = frame
        frame.message.head = incoming.readBytes(length: head) ?? []
        return fill(frame, Body(missing: body))
    }

    /// Takes what has come of a frame's body.
    private mutating func fill(_ frame: Frame, _ body: consuming Body) -> Frame? {
        var (frame, body) = (frame, body)
        if body.missing > 0, let part = incoming.readSlice(length: min(body.missing, incoming.readableBytes)) { body.add(part) }
        guard body.missing == 0 else {
            partial = (frame, body)
            return nil
        }
        frame.message = FrameMessage(code: frame.message.code, head: frame.message.head, pieces: body.end())
        return frame
    }
}
