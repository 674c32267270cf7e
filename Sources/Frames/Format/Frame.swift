package import NIOCore

/// What a request, a reply or a notice carries: a code that the protocol on top gives a meaning, a small head, and bulk.
package struct FrameMessage: Hashable, Sendable {
    package var code: UInt16
    package var head: [UInt8]
    /// The bulk, in order, as it goes out and came in without being copied.
    package private(set) var pieces: [ByteBuffer]

    package init(code: UInt16, head: [UInt8] = [], body: ByteBuffer = ByteBuffer()) {
        self.init(code: code, head: head, pieces: body.readableBytes > 0 ? [body] : [])
    }

    init(code: UInt16, head: [UInt8], pieces: [ByteBuffer]) {
        (self.code, self.head, self.pieces) = (code, head, pieces)
    }

    /// All the bulk, which is copied where it has several pieces.
    package var body: ByteBuffer { pieces.joined }

    /// Of the bulk, in bytes.
    package var bodySize: Int { pieces.byteCount }

    /// What it takes in memory, in bytes.
    var size: Int { head.count + bodySize }

    package static func == (a: Self, b: Self) -> Bool { a.code == b.code && a.head == b.head && a.body == b.body }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(head)
        hasher.combine(body)
    }
}

/// One message on a connection.
///
/// On the wire, big-endian: the lengths of head and body (32 bits each), the id (64), kind and flags (8 each), the code (16), the
/// head, the body.
struct Frame: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        /// Who speaks, and what it can take; the first of each side.
        case hello = 1
        case request = 2
        /// Has the id of its request.
        case reply = 3
        /// From a server, unasked.
        case notice = 4
        /// Says that whoever sends it is alive.
        case heartbeat = 5
        /// No more requests are taken here; its head says why, in UTF-8.
        case goodbye = 6
    }

    struct Flags: OptionSet, Hashable, Sendable {
        let rawValue: UInt8
        /// The code of the reply is one of ``FrameRefusal/Kind``, its head a text.
        static let refusal = Flags(rawValue: 1)
        static let known: Flags = [.refusal]
    }

    static let prefix = 20
    /// Of a head that is a text, in bytes.
    static let longestText = 1024

    var kind: Kind
    var flags: Flags = []
    var id: UInt64 = 0
    var message: FrameMessage

    init(_ kind: Kind, id: UInt64 = 0, flags: Flags = [], _ message: FrameMessage = FrameMessage(code: 0)) {
        self.kind = kind
        self.flags = flags
        self.id = id
        self.message = message
    }

    /// A frame with a text in its head, cut to what a head may have.
    init(_ kind: Kind, id: UInt64 = 0, flags: Flags = [], code: UInt16 = 0, text: String) {
        self.init(kind, id: id, flags: flags, FrameMessage(code: code, head: Array(text.utf8.prefix(Self.longestText))))
    }

    /// What a request gets that is not carried out.
    func refused(_ kind: FrameRefusal.Kind, _ text: String) -> Frame {
        Frame(.reply, id: id, flags: .refusal, code: kind.rawValue, text: text)
    }

    /// The head as text; what is not UTF-8 is replaced.
    var text: String { String(decoding: message.head, as: UTF8.self) }

    /// Writes all but the body.
    func writeHead(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(
            UInt32(message.head.count), UInt32(message.bodySize), id, kind.rawValue, flags.rawValue, message.code)
        buffer.writeBytes(message.head)
    }
}

/// What the other side did that the protocol does not allow.
struct FrameFault: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
