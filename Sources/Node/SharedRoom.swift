import Resources
import Trading

// Room on a disk that leases share. The blocks of a volume that gets another home stay where they are; the new home borrows for itself
// there, and what is stored lies under its lease and under that of the home before, but only once on the disk.

/// What the room of a lent lease of disk is used for.
package struct StoreUse: Hashable, Sendable {
    /// `nil` until its borrower has said so.
    package let volume: VolumeID?
    /// Who may take over what is stored.
    package let heirs: [NodeID]

    package init(volume: VolumeID?, heirs: [NodeID]) { (self.volume, self.heirs) = (volume, heirs) }
}

/// How much of the room that was lent, or is offered, is the same.
struct SharedRoom {
    private struct Stored {
        /// What each has borrowed for it.
        var rooms = SortedMap<NodeID, Bytes>()
        var heirs: Set<NodeID> = []

        var size: Bytes { rooms.values.max() ?? .zero }
        func isInherited(by node: NodeID) -> Bool { heirs.contains(node) && rooms[node] == nil }
    }

    /// What is too much in the sum of all leases and offers.
    private(set) var shared = Bytes.zero
    /// What nobody has borrowed room for yet that may take it over.
    private var unclaimed = SortedMap<VolumeID, Stored>()

    /// - Parameters:
    ///   - lent: with what each is used for, as far as that is known.
    ///   - offered: by borrower.
    init(_ lent: [(lease: Lease, use: StoreUse?)], offered: [(NodeID, Bytes)]) {
        var unused = SortedMap<NodeID, Bytes>()
        for (node, size) in offered { unused[node] = (unused[node] ?? .zero) + size }
        for (lease, use) in lent {
            let size = lease.amounts.disk
            guard let use, let volume = use.volume else {
                unused[lease.peer] = (unused[lease.peer] ?? .zero) + size
                continue
            }
            var stored = unclaimed[volume] ?? Stored()
            stored.rooms[lease.peer] = (stored.rooms[lease.peer] ?? .zero) + size
            stored.heirs.formUnion(use.heirs)
            unclaimed[volume] = stored
        }
        shared = unclaimed.values.reduce(.zero) { sum, stored in sum + stored.rooms.values.reduce(-stored.size, +) }
        for (node, size) in unused.pairs { claim(size, by: node) }
    }

    /// What a node has borrowed, and not said what for, is for what it may take over.
    private mutating func claim(_ size: Bytes, by node: NodeID) {
        var left = size
        for (volume, stored) in unclaimed.pairs where left > .zero && stored.isInherited(by: node) {
            let part = min(left, stored.size)
            (left, shared) = (left - part, shared + part)
            unclaimed[volume] = nil
        }
    }

    /// What a node could borrow that takes nothing more of the disk.
    func inheritance(of node: NodeID) -> Bytes {
        unclaimed.values.reduce(.zero) { $1.isInherited(by: node) ? $0 + $1.size : $0 }
    }
}

extension Node {
    var sharedRoom: SharedRoom? {
        guard storeUses.values.contains(where: { $0.volume != nil }) else { return nil }
        let lent = leases.taking.filter { $0.lease.isOfDisk && $0.hasBegun }.map { (lease: $0.lease, use: storeUses[$0.id]) }
        return SharedRoom(
            lent, offered: holds.values.filter { $0.terms.start == nil }.map { ($0.borrower, $0.terms.amounts.disk) })
    }

    /// What is stored under leases is known anew.
    mutating func use(_ uses: [LeaseID: StoreUse], _ step: inout Step) {
        let before = storeUses
        storeUses = uses
        endTakenOver(&step)
        endMisused(since: before, &step)
    }

    /// A lease under which another node has taken over what was stored ends: its room is that of the younger lease.
    private mutating func endTakenOver(_ step: inout Step) {
        let open = lentDisk
        for entry in open {
            guard let volume = storeUses[entry.id]?.volume else { continue }
            let heir = open.first { other in
                storeUses[other.id]?.volume == volume && other.lease.peer != entry.lease.peer
                    && (entry.lease.began.utc, entry.id) < (other.lease.began.utc, other.id)
            }
            guard let heir else { continue }
            close(entry.id, .released, "\(name(of: heir.lease.peer)) has borrowed the room for what is stored there", &step)
        }
    }

    /// Room that was lent because it is taken already, and is used for something else, would be more than the owner lends.
    private mutating func endMisused(since before: [LeaseID: StoreUse], _ step: inout Step) {
        // After a start it is not known yet what is used for what.
        guard !before.isEmpty else { return }
        for entry in lentDisk.reversed() where before[entry.id]?.volume == nil && storeUses[entry.id]?.volume != nil {
            guard committed.disk > policy.most(of: capacity).disk else { return }
            reclaim(entry.id, atOnce: true, reason: "it was lent for what is stored here, and is used for something else", &step)
        }
    }

    private var lentDisk: [LeaseEntry] {
        leases.unsettled.values.filter { $0.lease.role == .lender && $0.lease.isOfDisk && $0.lease.isOpen }
    }
}
