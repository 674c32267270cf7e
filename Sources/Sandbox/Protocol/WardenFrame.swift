import Resources

/// The frames between an agent and its warden: each a canonical document behind its length.
package enum WardenProtocol {
    /// The versions this release speaks. 2 adds ``WardenRequest/measurements``, 3 the whole ladder: notice classes, bounds by the
    /// time of the week, ``WardenRequest/moves(after:)`` and more in policies and readings, 4 time limits of
    /// jobs, images, and how they are held to what they may keep on disk, 5 what jobs may reach by network, 6 how long the owner's
    /// work may have to wait, the memory that is kept free, all readings behind a step on the ladder, and
    /// ``WardenRequest/evictLease(_:)``.
    package static let versions = 1...6

    /// The form of frames in a protocol version: 2 has what version 3 adds to what was there before, 3 what version 4
    /// adds, 4 what version 5 adds, 5 what version 6 adds.
    package static func form(in version: Int) -> UInt16 { version < 3 ? 1 : UInt16(min(version, versions.upperBound) - 1) }

    /// The form of frames before both sides know which version they speak.
    package static let firstForm: UInt16 = 1
    static let forms: ClosedRange<UInt16> = 1...5
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

    /// - Parameter form: what the other side understands.
    package func bytes(form: UInt16) -> [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind, version: form)
        writer.write(number)
        writer.write(request)
        return writer.bytes
    }

    package init(bytes: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(bytes, kind: Self.kind, versions: WardenProtocol.forms)
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

    /// - Parameter form: what the other side understands.
    package func bytes(form: UInt16) -> [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind, version: form)
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
        var reader = try CanonicalReader(bytes, kind: Self.kind, versions: WardenProtocol.forms)
        self = try reader.bool() ? .reply(try reader.unsigned(), try reader.value()) : .notice(try reader.value())
        try reader.finish()
    }

    private static let kind = "surplus.warden.message"
}
