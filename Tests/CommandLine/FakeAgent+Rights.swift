import GRPCCore
import Wire

// Users, roles and the audit log.

extension FakeAgent {
    func setNodeRole(request: Surplus_V1_SetNodeRoleRequest, context: ServerContext) async throws -> Surplus_V1_MemberInfo {
        .with { ($0.name, $0.roles) = (request.node, [request.role]) }
    }

    func addUser(request: Surplus_V1_AddUserRequest, context: ServerContext) async throws -> Surplus_V1_UserCertificate {
        throw RPCError(code: .failedPrecondition, message: "this node does not have the issuing role; no node has it")
    }

    func listUsers(request: Surplus_V1_ListUsersRequest, context: ServerContext) async throws -> Surplus_V1_ListUsersReply {
        .with {
            $0.users = [
                .with { ($0.user, $0.name, $0.role, $0.status, $0.expiresAt) = ("usr_1", "anna", "borrower", "active", 1) },
                .with { ($0.user, $0.name, $0.status) = ("usr_2", "berta", "revoked") },
            ]
        }
    }

    func setUserRole(request: Surplus_V1_SetUserRoleRequest, context: ServerContext) async throws -> Surplus_V1_UserReply {
        .with {
            ($0.user.name, $0.user.role, $0.user.status) = (request.user, request.role, "active")
            ($0.told, $0.unreachable) = (2, 1)
        }
    }

    func renewUser(request: Surplus_V1_RenewUserRequest, context: ServerContext) async throws -> Surplus_V1_UserCertificate {
        .with { $0.user.name = request.user }
    }

    func revokeUser(request: Surplus_V1_UserRef, context: ServerContext) async throws -> Surplus_V1_UserReply {
        state.withLock { $0.revoked.append(request.user) }
        return .with { ($0.user.name, $0.user.status) = (request.user, "revoked") }
    }

    func listAudit(request: Surplus_V1_ListAuditRequest, context: ServerContext) async throws -> Surplus_V1_ListAuditReply {
        .with {
            $0.entries = [
                .with {
                    ($0.sequence, $0.at, $0.user, $0.role, $0.origin) = (7, 1, "anna@pool", "borrower", "10.0.0.7:41912")
                    ($0.method, $0.object, $0.outcome, $0.reason) = ("ReclaimLease", "all", "refused", "no right")
                }
            ]
            $0.more = request.user.isEmpty
        }
    }
}
