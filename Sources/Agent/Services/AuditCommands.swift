import LedgerStore
import Resources
import Wire

extension Agent {
    /// What is given when nobody says how much.
    private static let usualEntries = 1000
    /// As many as fit in one answer.
    private static let mostEntries: Int32 = 2000

    /// Who changed what, the newest entries that match.
    func audit(_ request: Surplus_V1_ListAuditRequest) async throws -> Surplus_V1_ListAuditReply {
        guard (0...Self.mostEntries).contains(request.last) else {
            throw FieldError("last", "is \(request.last), must be 1 to \(Self.mostEntries)")
        }
        let count = request.last == 0 ? Self.usualEntries : Int(request.last)
        let user = try Field.text(request.user, atMost: 256, "user")
        let found = try await trail.store.last(
            count + 1, since: Timestamp(microseconds: request.since), user: user.isEmpty ? nil : user)
        return .with {
            $0.entries = found.suffix(count).map(Surplus_V1_AuditEntry.init)
            $0.more = found.count > count
        }
    }
}

extension Surplus_V1_AuditEntry {
    fileprivate init(_ stored: StoredAuditEntry) {
        self = .with {
            $0.sequence = stored.sequence
            $0.at = stored.entry.at.microseconds
            $0.user = stored.entry.user
            $0.role = stored.entry.role
            $0.origin = stored.entry.origin
            $0.method = stored.entry.method
            $0.object = stored.entry.object
            $0.outcome = stored.entry.outcome.rawValue
            $0.reason = stored.entry.reason
        }
    }
}
