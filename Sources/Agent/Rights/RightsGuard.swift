import GRPCCore
import Identity
import Resources
import Wire

/// What every call of the control API passes, wherever it comes from: finds out who calls and with which role, checks the
/// right that the call needs, and has calls that would change something recorded before they can.
struct RightsGuard: ServerInterceptor {
    let roles: LocalRoles
    let trail: AuditTrail
    /// The pool's members and users; `nil` outside a pool.
    let roster: @Sendable () async -> MemberRoster?

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        let user = try await user(of: context)
        guard let right = Right.needed[context.descriptor] else {
            throw RPCError(
                code: .permissionDenied, message: "no right is set for \(context.descriptor.method), so nobody may call it")
        }
        let call = AuditTrail.Call(user: user, method: context.descriptor.method)
        do { try user.check(right) } catch {
            if right.isForChanges { try await trail.refuse(call, request.messages, error) }
            throw error
        }
        var context = context
        context.transportSpecific = user
        guard right.isForChanges else { return try await next(request, context) }
        return try await trail.follow(call, request) { [context] in try await next($0, context) }
    }

    // MARK: Who calls

    private func user(of context: ServerContext) async throws(RPCError) -> CallingUser {
        switch context.caller {
        case .local(let caller):
            guard let user = roles.user(caller) else {
                throw RPCError(
                    code: .permissionDenied,
                    message: "uid \(caller.uid) has no role on this node and so lacks the right 'look': \(Right.look.remedy)")
            }
            return user
        case .user(let caller): return try await user(caller, from: context.remotePeer)
        case .peer(let peer): return try await node(peer.node, from: context.remotePeer)
        case .refused(let reason): throw RPCError(code: .unauthenticated, message: reason)
        case .stranger: throw RPCError(code: .unauthenticated, message: "this call needs the certificate of a user")
        }
    }

    /// The role in force is what the pool's record says, or what the owner of this node said of the user by name.
    private func user(_ caller: AuthenticatedUser, from origin: String) async throws(RPCError) -> CallingUser {
        let verified = VerifiedUser(user: caller.user, name: "", key: caller.key, expiresAt: caller.expiresAt)
        do {
            guard let user = try await roster()?.admit(verified) else { throw CertificateRefusal.userUnknown(caller.user) }
            guard let role = roles.role(ofPoolUser: user.name) ?? user.role else {
                throw CertificateRefusal.userWithoutRole(name: user.name)
            }
            return CallingUser(
                identity: .user(user.user), name: CallingUser.name(ofUser: user.name), role: role,
                origin: Self.address(origin))
        } catch { throw RPCError(code: .unauthenticated, message: "\(error)") }
    }

    /// Nodes speak to each other over the peer API; only those that operate the pool may do what people do.
    private func node(_ node: NodeID, from origin: String) async throws(RPCError) -> CallingUser {
        guard let member = await roster()?[node], member.access == .operator else {
            throw RPCError(
                code: .permissionDenied,
                message:
                    "node \(node) lacks the right 'operate', without which a node may not do what people do: an operator gives "
                    + "it with 'surplus pool role \(node) operator'; or call with the certificate of a user")
        }
        return CallingUser(
            identity: .node(node), name: member.name + CallingUser.nodeSuffix, role: .operator, origin: Self.address(origin))
    }

    /// `10.0.0.7:41912` for `ipv4:10.0.0.7:41912`.
    private static func address(_ peer: String) -> String {
        peer.hasPrefix("ipv") ? String(peer.drop { $0 != ":" }.dropFirst()) : peer
    }
}
