import Resources

/// How safe what is in a volume is.
enum VolumeHealth: Hashable, Sendable, CaseIterable {
    /// Every block has all its copies.
    case healthy
    /// Some lack copies, and each has two at least, or as many as it is to have.
    case mending
    /// Some have only one copy left where there are to be more.
    case atRisk
    /// Some have none.
    case damaged
}

/// A volume as a node knows it that keeps it, as its home or as a backup.
struct KeptVolume: Hashable, Sendable {
    var volume: VolumeID
    var name: String
    /// The node that keeps the metadata in this epoch, and those that keep the journal, too.
    var home: NodeID
    var backups: [NodeID]
    /// One more with each takeover.
    var epoch: UInt64
    /// This node is the home, and answers for the volume.
    var isInCharge: Bool
    /// That each block is to have.
    var copies: Int
    /// What the content of files can have, and what it has.
    var size: Bytes
    var used: Bytes
    /// As the home knows it; `nil` on a backup.
    var health: VolumeHealth?
}

/// A volume as the pool knows it.
struct KnownVolume: Hashable, Sendable {
    /// As the node tells it that knows the highest epoch.
    var kept: KeptVolume
    /// The home itself has told it, and is in charge.
    var isReachable: Bool
}

extension KnownVolume {
    /// Puts together what nodes tell of the volumes that they keep: what is told of the highest epoch holds, and of that what the
    /// home tells.
    ///
    /// - Parameter told: in any order.
    /// - Returns: each volume once, in the order of names, then ids.
    static func joined(_ told: [PoolVolumes.Told]) -> [KnownVolume] {
        var known: [VolumeID: KnownVolume] = [:]
        for teller in told.sorted(by: { $0.node < $1.node }) {
            for kept in teller.volumes {
                let candidate = KnownVolume(kept: kept, isReachable: kept.isInCharge && kept.home == teller.node)
                if let present = known[kept.volume], !present.yields(to: candidate) { continue }
                known[kept.volume] = candidate
            }
        }
        return known.values.sorted { ($0.kept.name, $0.kept.volume) < ($1.kept.name, $1.kept.volume) }
    }

    private func yields(to other: KnownVolume) -> Bool {
        guard kept.epoch == other.kept.epoch else { return kept.epoch < other.kept.epoch }
        return !isReachable && other.isReachable
    }
}
