import Resources
import Volumes

/// Which of the worlds in which volumes are tried.
package enum VolumeWorld: String, CaseIterable, Sendable {
    /// Nodes that keep a volume's journal, and take over from each other.
    case journal
    /// Stores, writers, and a home that keeps its blocks whole.
    case blocks
}

/// What came of one seed.
package struct VolumeResult: Hashable, Sendable {
    package let world: VolumeWorld
    package let seed: UInt64
    /// What was wrong, in the order in which it was found; empty when every rule held.
    package let faults: [String]
    /// How often something happened, by what it is called.
    package let counts: SortedMap<String, Int>
}

/// Runs worlds in which everything that can happen to volumes happens: nodes crash with what they had not synced, are cut off, stay
/// behind, wake up again; disks spoil data and lose it; stores say that they have more room than they have; homes are replaced and
/// keepers begin anew, also in the midst of repair and evacuation.
package enum VolumeSimulator {
    private static let steps = 3000

    /// Runs one seed until something is wrong, or everything was set right again and has come to rest.
    package static func run(_ world: VolumeWorld, seed: UInt64) -> VolumeResult {
        switch world {
        case .journal: journal(seed)
        case .blocks: blocks(seed)
        }
    }

    private static func journal(_ seed: UInt64) -> VolumeResult {
        var world = JournalWorld(seed: seed)
        for _ in 0..<steps where world.faults.isEmpty { world.step() }
        world.settle()
        return VolumeResult(world: .journal, seed: seed, faults: world.judge(), counts: world.counts)
    }

    private static func blocks(_ seed: UInt64) -> VolumeResult {
        var world = StoreWorld(seed: seed)
        for _ in 0..<steps where world.faults.isEmpty { world.step() }
        world.settle()
        return VolumeResult(world: .blocks, seed: seed, faults: world.judge(), counts: world.counts)
    }
}
