import Glibc
import Resources

/// Frames over a non-blocking stream socket: each a message behind its length, a big-endian number of 32 bits.
///
/// Neither closes the descriptor nor waits; whoever polls it calls ``receive()`` and ``flush()`` when it is ready.
package struct FrameStream: Sendable {
    package enum Progress: Sendable {
        /// Everything that could be done now is done.
        case open
        /// The other side has closed, or the connection broke.
        case closed
    }

    /// Read at most this much at a time, so that one connection cannot hold up the others.
    private static let portion = 256 << 10

    private let descriptor: Int32
    private let limit: Int
    private var incoming: [UInt8] = []
    private var read = 0
    private var outgoing: [UInt8] = []
    private var sent = 0

    /// - Parameter limit: The longest message that is taken, in bytes.
    package init(descriptor: Int32, limit: Int) {
        self.descriptor = descriptor
        self.limit = limit
    }

    /// How many bytes wait to be sent.
    package var backlog: Int { outgoing.count - sent }

    /// Whether part of a message is there and waits for the rest of it.
    package var holdsPart: Bool { read < incoming.count }

    package mutating func enqueue(_ message: [UInt8]) {
        let length = UInt32(message.count)
        outgoing += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
        outgoing += message
    }

    /// Sends what the socket takes now.
    package mutating func flush() -> Progress {
        while sent < outgoing.count {
            let count = outgoing.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                return .open
            } else if errno != EINTR {
                return .closed
            }
        }
        outgoing.removeAll(keepingCapacity: outgoing.capacity <= Self.portion)
        sent = 0
        return .open
    }

    /// Reads what the socket has, up to a portion.
    package mutating func receive() -> Progress {
        if read > 0 {
            incoming.removeFirst(read)
            read = 0
        }
        while true {
            var result = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: Self.portion) { buffer, count in
                result = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                count = max(result, 0)
            }
            if result > 0 {
                incoming += chunk
                return .open
            } else if result == 0 {
                return .closed
            } else if errno == EAGAIN {
                return .open
            } else if errno != EINTR {
                return .closed
            }
        }
    }

    /// The next whole message; `nil` when more has to be received first.
    ///
    /// - Throws: `Malformed` when a message claims to be longer than the limit: the stream cannot be read on from there.
    package mutating func next() throws(CanonicalReader.Malformed) -> [UInt8]? {
        guard incoming.count - read >= 4 else { return nil }
        let length = incoming[read..<read + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= limit else {
            throw .init(description: "a message of \(length) bytes, at most \(limit) are allowed")
        }
        guard incoming.count - read - 4 >= length else { return nil }
        defer { read += 4 + length }
        return Array(incoming[read + 4..<read + 4 + length])
    }
}
