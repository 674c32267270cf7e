import Node
import Resources
import Trading
import Wire

// Where a job that comes without a lease runs, when a borrow rule holds one.

extension Engine {
    /// How long a lender that was not heard of since this agent has begun is waited for; it is asked at once.
    private static let patience = Duration.seconds(5)

    /// The idle lease of a borrow rule that a job would run under; `nil` where it borrows one of its own.
    ///
    /// Returns at once, unless the only ones that would do are suspect.
    ///
    /// - Parameters:
    ///   - request: what the job wants.
    ///   - candidates: the nodes that it names, or all.
    func idleLease(
        for want: Want, _ request: Surplus_V1_LeaseRequest, among candidates: [NodeID], of user: CallingUser
    ) async -> LeaseID? {
        guard user.isLocal || user.may(.operate) else { return nil }
        let peers = request.on.isEmpty ? nil : candidates
        let lasts = request.termMicroseconds != 0
        @Sendable func idle(suspect isSuspect: Bool) -> LeaseID? {
            let now = self.now
            return read { $0.idleLease(for: want, from: peers, lasts: lasts, suspect: isSuspect, at: now) }
        }
        return await withTaskGroup(of: LeaseID?.self) { group in
            group.addTask {
                for await _ in self.announcements() {
                    if let found = idle(suspect: false) { return found }
                    if idle(suspect: true) == nil { break }
                }
                return nil
            }
            group.addTask {
                await Task.rest(for: Self.patience)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
