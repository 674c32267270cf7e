import Resources

/// Part of a copy of a volume's state, on its way to a node that is to keep the journal; its bytes go with the message. When all have
/// arrived ``JournalMessage/install(epoch:at:membership:)`` follows.
package struct StateCopyPart: Hashable, Sendable {
    package static let code: UInt16 = 0x0320
    /// The most bytes in one.
    package static let longest = 1 << 20

    package let volume: VolumeID
    /// The record as of which the copy is.
    package let position: LogPosition
    /// Of the part, and how long all of it is, in bytes.
    package let offset: UInt64
    package let size: UInt64

    package init(of volume: VolumeID, at position: LogPosition, offset: UInt64, size: UInt64) {
        (self.volume, self.position, self.offset, self.size) = (volume, position, offset, size)
    }

    package var encoded: [UInt8] {
        var writer = MessageWriter()
        writer.write(volume)
        for value in [position.index, position.epoch, offset, size] { writer.write(value) }
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``, also where a part lies beyond the whole.
    package init(encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        volume = try reader.identifier()
        position = LogPosition(index: try reader.integer(), epoch: try reader.integer())
        (offset, size) = (try reader.integer(), try reader.integer())
        try reader.finish()
        guard offset < size else { throw MalformedMessage("byte \(offset) of a copy of \(size)") }
    }
}

/// The home of a volume tells a backup that the volume is deleted for good.
package struct VolumeDeletion: Hashable, Sendable {
    package static let code: UInt16 = 0x0321

    package let volume: VolumeID
    /// Of the home.
    package let epoch: UInt64

    package init(of volume: VolumeID, epoch: UInt64) { (self.volume, self.epoch) = (volume, epoch) }

    package var encoded: [UInt8] {
        var writer = MessageWriter()
        writer.write(volume)
        writer.write(epoch)
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``.
    package init(encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        (volume, epoch) = (try reader.identifier(), try reader.integer())
        try reader.finish()
    }
}

extension VolumeID {
    /// The volume that a message about one is of, which all of them begin with.
    package init?(messagePrefix bytes: some Sequence<UInt8>) {
        let prefix = Array(bytes.prefix(16))
        var reader = MessageReader(prefix)
        guard prefix.count == 16, let volume = try? reader.identifier(VolumeID.self) else { return nil }
        self = volume
    }
}

extension JournalReport {
    /// Of a node that has nothing of the volume, not even what it began with.
    package static func nothing(under home: NodeID) -> Self {
        let log = JournalLog(
            after: LogPosition(index: 0, epoch: 0), promised: 0,
            membership: JournalMembership(JournalSet(home: home, backups: [])))
        return Self(log)
    }
}
