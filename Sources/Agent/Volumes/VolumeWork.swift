import Resources

/// A volume that somebody wants.
struct VolumeWish: Hashable, Sendable {
    static let copies = 1...8
    /// Below that metadata and unfinished segments are more than what is in it.
    static let sizes = Bytes.mebibytes(64)...Bounds.disk
    static let mostNodes = 64

    var name: String
    /// What the content of files can have.
    var size: Bytes
    var copies: Int
    /// Which are to give room, each once; empty for whoever lends it.
    var nodes: [NodeID]
}

/// Where data would go, and whether there is room.
struct VolumePlan: Hashable, Sendable {
    struct Placement: Hashable, Sendable {
        var node: NodeID
        var domain: String?
        /// That would be taken there, and that could be.
        var bytes: Bytes
        var free: Bytes
        /// Of a GiB-hour, where it is borrowed; `nil` where the home gives it of its own.
        var price: Microcredits?
        /// It would be the home or a backup.
        var keepsJournal: Bool
    }

    var placements: [Placement]
    /// On all nodes together, with all copies.
    var needed: Bytes
    /// What of that has a place.
    var found: Bytes
    /// What would be given back, on all nodes together.
    var returned = Bytes.zero
    /// Why it would not be done; `nil` when it would be.
    var refusal: Refusal?
}

/// What came of work on a volume.
struct VolumeOutcome: Hashable, Sendable {
    /// Something that is not as it should be.
    struct Finding: Hashable, Sendable {
        /// A block, an inode, a node.
        var subject: String
        var fault: String
        /// It is right again, or will soon be.
        var isMended: Bool
    }

    /// All that was done.
    var progress: VolumeProgress
    /// The first of them, and how many there are besides.
    var findings: [Finding] = []
    var otherFindings: UInt64 = 0
    /// What to know of it besides, in sentences for people.
    var remarks: [String] = []
    /// Of the volume now.
    var size: Bytes
}

/// What was deleted with a volume.
struct VolumeRemoval: Hashable, Sendable {
    /// On all nodes together.
    var freed: Bytes
    /// Nodes that delete what they have once they are heard of again.
    var unheard: [NodeID]
}
