import Resources
import Trading

// What the owner keeps free of a disk. Processing and memory are taken back by the warden within seconds; what is stored on a disk has
// to be moved first, so leases of it are given notice while there is still room.

extension Node {
    /// So long the owner has to be short of room before leases end: what is written and deleted again ends none.
    private static let patience = Microseconds.minutes(1)

    /// Gives notice to leases of disk while the owner and others together take more than the policy lets them: the youngest first, as
    /// many as it takes.
    mutating func keepDiskFree(_ step: inout Step) {
        let excess = diskExcess
        guard excess > .zero else {
            diskShortSince = nil
            return
        }
        let since = diskShortSince ?? step.now.instant
        diskShortSince = since
        guard step.now.instant - since >= Self.patience else { return }
        var left = excess
        for entry in leases.unsettled.values.reversed() where left > .zero && entry.lendsDisk && entry.lease.state != .reclaiming
        {
            left = left - entry.lease.amounts.disk
            reclaim(entry.id, atOnce: false, reason: shortOfDisk, &step)
        }
    }

    /// By how much the owner's files, and leases that go on, are more than the threshold. What is being moved elsewhere already gives
    /// its room back without more being ended for it.
    private var diskExcess: Bytes {
        let staying = leases.unsettled.values.reduce(Bytes.zero) { sum, entry in
            entry.lendsDisk && entry.lease.state != .reclaiming ? sum + entry.lease.amounts.disk : sum
        }
        guard staying > .zero else { return .zero }
        return min(staying, owner.level.disk + staying - policy.thresholds(of: capacity).disk)
    }

    private var shortOfDisk: String {
        let kept = (BasisPoints.whole - (policy.disk?.threshold ?? .zero)).text
        return "its owner has \(owner.level.disk.text) in files of its own, and keeps \(kept) of \(capacity.disk.text) free"
    }
}

extension LeaseEntry {
    /// Whether it lends room on a disk, and has not ended.
    fileprivate var lendsDisk: Bool { lease.role == .lender && lease.isOfDisk && lease.isOpen && hasBegun }
}
