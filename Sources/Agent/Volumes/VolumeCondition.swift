import Resources

/// How a volume is, as its home knows it.
struct VolumeCondition: Hashable, Sendable {
    var volume: KeptVolume
    var lenders: [VolumeLender]
    var risk: VolumeRisk
    var tasks: [VolumeTask]
    /// Files and directories.
    var files: UInt64
    var mostFiles: UInt64
    var sessions: [VolumeSession]
    /// What keeps it from being whole, in sentences for people.
    var faults: [String]
}

/// Room that a node gives to a volume.
struct VolumeLender: Hashable, Sendable {
    enum Phase: String, Hashable, Sendable, CaseIterable {
        /// Takes new blocks.
        case open
        /// Keeps what it has and takes no more.
        case closed
        /// Its owner wants the room back.
        case leaving
        /// Nothing is heard of it.
        case lost
    }

    var node: NodeID
    /// What fails together, such as a rack; `nil` for the node alone.
    var domain: String?
    var phase: Phase
    var size: Bytes
    var used: Bytes
    /// For new blocks.
    var free: Bytes
    /// Under which it is borrowed; `nil` of what the home gives of its own.
    var lease: LeaseID?
    /// Of a GiB-hour.
    var price: Microcredits
    /// Why it is not open; empty when it is.
    var reason: String
}

/// Of which blocks there are fewer copies than there should be.
struct VolumeRisk: Hashable, Sendable {
    /// Blocks, and bytes of their content.
    struct Part: Hashable, Sendable {
        var blocks: UInt64 = 0
        var bytes: Bytes = .zero
    }

    /// With fewer than they are to have, the other two included.
    var lacking = Part()
    /// With one where there are to be more.
    var single = Part()
    /// With none.
    var lost = Part()
    /// Copies that are not what was stored, and were not mended yet.
    var damagedCopies: UInt64 = 0
    /// Whether all blocks were looked at since nodes came or went.
    var isSurveyed = true

    var health: VolumeHealth {
        if lost.blocks > 0 { return .damaged }
        if single.blocks > 0 { return .atRisk }
        return lacking.blocks > 0 || damagedCopies > 0 || !isSurveyed ? .mending : .healthy
    }
}

/// How far work on a volume is.
struct VolumeProgress: Hashable, Sendable {
    /// What is being done, in a word or two, such as `copying`.
    var step: String
    var doneBlocks: UInt64 = 0
    /// As far as it is known.
    var totalBlocks: UInt64 = 0
    /// Of content.
    var done: Bytes = .zero
    var total: Bytes = .zero
    /// `nil` when it is not known, or nothing moves.
    var timeLeft: Microseconds?
}

/// Work that is under way on a volume.
struct VolumeTask: Hashable, Sendable {
    enum Kind: String, Hashable, Sendable {
        /// Blocks get the copies that they lack.
        case mend
        case evacuate
        case shrink
        case scrub
        case check
        /// Blocks of files that are deleted are deleted.
        case collect
    }

    var kind: Kind
    /// That it is about; `nil` for none.
    var node: NodeID?
    var progress: VolumeProgress
}

/// A mount of a volume.
struct VolumeSession: Hashable, Sendable {
    var session: SessionID
    var node: NodeID
}
