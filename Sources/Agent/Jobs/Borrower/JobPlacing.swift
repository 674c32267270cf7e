import Node
import Resources
import Trading
import Wire

// Where a job that comes without a lease runs, when a borrow rule holds one.

extension Engine {
    /// The idle lease of a borrow rule that a job would run under; `nil` where it borrows one of its own.
    ///
    /// - Parameters:
    ///   - request: what the job wants.
    ///   - candidates: the nodes that it names, or all.
    func idleLease(
        for want: Want, _ request: Surplus_V1_LeaseRequest, among candidates: [NodeID], of user: CallingUser
    ) -> LeaseID? {
        guard user.isLocal || user.may(.operate) else { return nil }
        let peers = request.on.isEmpty ? nil : candidates
        let (lasts, now) = (request.termMicroseconds != 0, self.now)
        return read { $0.idleLease(for: want, from: peers, lasts: lasts, at: now) }
    }
}
