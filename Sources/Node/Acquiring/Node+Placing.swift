import Policy
import Resources
import Trading

// Where jobs that come without a lease find one that a rule holds.

extension Node {
    /// The smallest lease of a rule under which nothing runs and in which there is room for what a job wants; `nil` where there is none.
    ///
    /// - Parameters:
    ///   - peers: who may lend it; anybody when `nil`.
    ///   - lasts: whether it is to be there for all of the job's term; otherwise it is renewed as long as something runs under it.
    ///   - isSuspect: whether those are meant whose lenders were not heard of since this node has begun.
    package func idleLease(
        for want: Want, from peers: [NodeID]? = nil, lasts: Bool, suspect isSuspect: Bool = false, at now: Moment
    ) -> LeaseID? {
        guard want.means == nil, want.start == nil, want.nodes == 1 else { return nil }
        let fitting = leases.unsettled.values.map(\.lease).filter { lease in
            guard let name = lease.rule, let index = acquisitions.index(of: name) else { return false }
            let acquisition = acquisitions.all[index]
            return acquisition.rule.admits(user: want.user) && acquisition.gate.state != .closed
                && (lease.state == .active || lease.state == .shrunk) && lease.isSuspect == isSuspect
                && !acquisitions.isOccupied(lease.id)
                && want.amounts.fits(in: lease.amounts) && (want.leastNotice.map { $0 <= lease.terms.notice } ?? true)
                && (peers?.contains(lease.peer) ?? true) && (!lasts || lease.ends.remaining(at: now) >= want.term)
        }
        return fitting.min { ($0.amounts.cpu, $0.amounts.memory, $0.id) < ($1.amounts.cpu, $1.amounts.memory, $1.id) }?.id
    }
}
