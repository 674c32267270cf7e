internal import BlockStore
package import Resources
internal import Synchronization

/// How a node's storage is lent and used, for people and metrics.
package struct LendingReport: Hashable, Sendable {
    package struct Volume: Hashable, Sendable {
        package let volume: VolumeID
        /// Of its open leases, with what the node gives itself.
        package let capacity: Bytes
        package let own: Bytes
        /// Of blocks that are there, and of what was deleted and is not won back yet.
        package let live: Bytes
        package let dead: Bytes
        /// Whether its owner wants back what it has.
        package let isLeaving: Bool
        /// How many blocks are known to be damaged and were not replaced yet.
        package let damaged: Int
        package let admitted: [NodeID]
        /// Who may take it over.
        package let heirs: [NodeID]
        /// Why its blocks cannot be used.
        package let fault: String?
    }

    package struct Lease: Hashable, Sendable {
        package let lease: LeaseID
        package let borrower: NodeID
        package let size: Bytes
        /// `nil` until the borrower has said what it is for.
        package let volume: VolumeID?
        /// What of it is used: the leases of a volume are filled in their order.
        package let used: Bytes
        /// For how long it is held at most, when it is being given back.
        package let held: Microseconds?
    }

    /// What the owner sets aside at most, and what is set aside.
    package let room: Bytes
    package let setAside: Bytes
    package let volumes: [Volume]
    package let leases: [Lease]
}

extension LentStorage {
    package var report: LendingReport {
        let state = state.withLock { $0 }
        let now = clock()
        let used = state.volumes.mapValues(\.used)
        var left = used
        let leases = state.book.loans.map { loan in
            let taken = min(loan.size, loan.volume.flatMap { left[$0] } ?? .zero)
            if let volume = loan.volume { left[volume] = (left[volume] ?? .zero) - taken }
            return LendingReport.Lease(
                lease: loan.lease, borrower: loan.borrower, size: loan.size, volume: loan.volume, used: taken,
                held: loan.end.map { max(.zero, $0.remaining(at: now)) })
        }
        return LendingReport(
            room: state.room, setAside: state.book.setAside { used[$0] ?? .zero },
            volumes: state.book.uses.map { LendingReport.Volume($0, state) }, leases: leases)
    }
}

extension LendingReport.Volume {
    fileprivate init(_ use: LendingBook.Use, _ state: LentStorage.State) {
        let lent = state.volumes[use.volume]
        let usage = lent?.store.usage
        volume = use.volume
        capacity = state.book.capacity(of: use.volume)
        own = use.own
        (live, dead) = (usage?.live ?? .zero, usage?.dead ?? .zero)
        isLeaving = lent?.isLeaving ?? false
        damaged = lent?.store.damagedBlocks.count ?? 0
        (admitted, heirs) = (use.admitted, use.heirs)
        fault = state.broken[use.volume]?.description ?? (use.isDropped ? "its blocks are being deleted" : nil)
    }
}
