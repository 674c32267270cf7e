import Resources

/// The frames between an agent and its warden: each a canonical document behind its length.
package enum WardenProtocol {
    /// The versions this release speaks. 2 adds ``WardenRequest/measurements``.
    package static let versions = 1...2
    /// The largest frame, in bytes.
    package static let largestFrame = 1 << 20
    /// How long a warden may take to answer.
    package static let patience = Microseconds.seconds(10)
}

/// A request with the number its reply will carry; numbers are the client's choice.
package struct WardenCall: Hashable, Sendable {
    package var number: UInt64
    package var request: WardenRequest

    package init(number: UInt64, request: WardenRequest) {
        self.number = number
        self.request = request
    }

    package var bytes: [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind)
        writer.write(number)
        writer.write(request)
        return writer.bytes
    }

    package init(bytes: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(bytes, kind: Self.kind)
        number = try reader.unsigned()
        request = try reader.value()
        try reader.finish()
    }

    private static let kind = "surplus.warden.call"
}

/// What a warden sends.
package enum WardenMessage: Hashable, Sendable {
    /// The answer to the call of that number.
    case reply(UInt64, WardenReply)
    case notice(WardenNotice)

    package var bytes: [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind)
        switch self {
        case .reply(let number, let reply):
            writer.write(true)
            writer.write(number)
            writer.write(reply)
        case .notice(let notice):
            writer.write(false)
            writer.write(notice)
        }
        return writer.bytes
    }

    package init(bytes: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(bytes, kind: Self.kind)
        self = try reader.bool() ? .reply(try reader.unsigned(), try reader.value()) : .notice(try reader.value())
        try reader.finish()
    }

    private static let kind = "surplus.warden.message"
}
