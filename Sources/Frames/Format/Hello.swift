internal import NIOCore
internal import Resources

/// What each side says first: the protocol's name, which versions it speaks, who it is, whom it believes to speak with, and what it can
/// take.
struct Hello: Hashable, Sendable {
    /// Versions of the format that this program speaks.
    static let versions: ClosedRange<UInt16> = 1...1
    static let size = 60
    /// "SurplusF" in ASCII.
    private static let magic: UInt64 = 0x5375_7270_6c75_7346

    var versions: ClosedRange<UInt16> = Self.versions
    var sender: NodeID
    var recipient: NodeID
    /// How often it has to hear something, in milliseconds.
    var heartbeat: UInt32
    /// How many requests it takes at a time on this connection.
    var requests: UInt32
    /// The most bytes it takes in a head and a body.
    var head: UInt32
    var body: UInt32

    var frame: Frame {
        var buffer = ByteBufferAllocator().buffer(capacity: Self.size)
        buffer.writeMultipleIntegers(Self.magic, versions.lowerBound, versions.upperBound, heartbeat)
        buffer.writeMultipleIntegers(sender.high, sender.low, recipient.high, recipient.low)
        buffer.writeMultipleIntegers(requests, head, body)
        return Frame(.hello, FrameMessage(code: 0, head: Array(buffer.readableBytesView)))
    }

    /// - Throws: ``FrameFault`` when it is none, or none that this program understands.
    init(_ frame: Frame) throws(FrameFault) {
        var buffer = ByteBuffer(bytes: frame.message.head)
        guard frame.kind == .hello, buffer.readableBytes == Self.size,
            let (magic, lowest, highest, heartbeat) = buffer.readMultipleIntegers(as: (UInt64, UInt16, UInt16, UInt32).self),
            magic == Self.magic, lowest <= highest,
            let (sender, senderLow, recipient, recipientLow) = buffer.readMultipleIntegers(
                as: (UInt64, UInt64, UInt64, UInt64).self),
            let (requests, head, body) = buffer.readMultipleIntegers(as: (UInt32, UInt32, UInt32).self)
        else { throw FrameFault("what it says first is no hello of this protocol") }
        self.init(
            versions: lowest...highest, sender: NodeID(high: sender, low: senderLow),
            recipient: NodeID(high: recipient, low: recipientLow), heartbeat: heartbeat, requests: requests, head: head,
            body: body)
    }

    init(
        versions: ClosedRange<UInt16> = Self.versions, sender: NodeID, recipient: NodeID, heartbeat: UInt32, requests: UInt32,
        head: UInt32, body: UInt32
    ) {
        self.versions = versions
        self.sender = sender
        self.recipient = recipient
        self.heartbeat = heartbeat
        self.requests = requests
        self.head = head
        self.body = body
    }

    /// What a node says to another.
    init(from sender: NodeID, to recipient: NodeID, _ limits: FrameLimits, _ times: FrameTimes) {
        self.init(
            sender: sender, recipient: recipient, heartbeat: UInt32(times.silence / .milliseconds(4)),
            requests: UInt32(limits.requests), head: UInt32(limits.head), body: UInt32(limits.body))
    }

    /// Holds it against what is known of the other side.
    ///
    /// - Parameters:
    ///   - proven: who the certificate says that it is.
    ///   - node: who reads this.
    /// - Throws: ``FrameFault`` when they differ, or no version is spoken by both.
    func check(from proven: NodeID, to node: NodeID) throws(FrameFault) {
        guard versions.overlaps(Self.versions) else {
            throw FrameFault(
                "it speaks versions \(versions.lowerBound) to \(versions.upperBound) of the protocol, this node "
                    + "\(Self.versions.lowerBound) to \(Self.versions.upperBound); update the older one")
        }
        guard sender == proven else { throw FrameFault("it says that it is \(sender), its certificate is that of \(proven)") }
        guard recipient == node else { throw FrameFault("it looks for \(recipient); this is \(node)") }
    }
}
