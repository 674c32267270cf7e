import Reports
import Resources
import Wire

extension UsersReport.User {
    init(_ message: Surplus_V1_UserInfo) {
        self.init(
            user: message.user, name: message.name, role: message.role.nonEmpty, status: message.status,
            expiresAt: CivilTime(microseconds: message.expiresAt), changedAt: CivilTime(microseconds: message.changedAt))
    }
}

extension UserChangeReport {
    init(_ message: Surplus_V1_UserReply) {
        self.init(user: .init(message.user), told: Int(message.told), unreachable: Int(message.unreachable))
    }
}

extension AuditReport.Call {
    init(_ message: Surplus_V1_AuditEntry) {
        self.init(
            sequence: message.sequence, at: CivilTime(Timestamp(microseconds: message.at)), user: message.user,
            role: message.role, origin: message.origin, method: message.method, object: message.object,
            outcome: message.outcome, reason: message.reason.nonEmpty)
    }
}
