import Identity
import Resources
import Wire

// What operators do with the users of the pool, and with the roles of its nodes.

extension PoolMembership {
    func addUser(_ request: Surplus_V1_AddUserRequest) async throws -> Surplus_V1_UserCertificate {
        let certified = try await issuer.addUser(
            request.name, role: try Self.role(request.role),
            request: try CertificateRequest(untrusted: Array(request.certificateRequest)),
            for: try Self.span(request.validMicroseconds))
        return await announce(certified)
    }

    func renewUser(_ request: Surplus_V1_RenewUserRequest) async throws -> Surplus_V1_UserCertificate {
        let certified = try await issuer.renew(
            try roster.users.find(request.user), request: try CertificateRequest(untrusted: Array(request.certificateRequest)),
            for: try Self.span(request.validMicroseconds))
        return await announce(certified)
    }

    func setUserRole(_ request: Surplus_V1_SetUserRoleRequest) async throws -> Surplus_V1_UserReply {
        let (user, role) = (try roster.users.find(request.user), try Self.role(request.role))
        guard user.status == .active else { throw CertificateRefusal.userRevoked(name: user.name) }
        return await announce(user, try await issuer.change(user) { $0.role = role })
    }

    /// Puts a user out, for good; every peer that can be reached knows on return.
    func revokeUser(_ name: String) async throws -> Surplus_V1_UserReply {
        let user = try roster.users.find(name)
        guard user.status == .active else { throw IdentityError("user '\(user.name)' was revoked already") }
        return await announce(user, try await issuer.change(user) { $0.status = .revoked })
    }

    var userInfos: [Surplus_V1_UserInfo] {
        roster.users.all.sorted { ($0.name, $0.user) < ($1.name, $1.user) }.map(info)
    }

    func setNodeRole(_ request: Surplus_V1_SetNodeRoleRequest) async throws -> Surplus_V1_MemberInfo {
        let (member, role) = (try roster.find(request.node), try Self.role(request.role))
        guard member.status == .active else { throw IdentityError("'\(request.node)' \(member.status.story)") }
        let record = try await issuer.state(member.node) { $0.access = role }
        _ = await sync.announce(record)
        return info(of: roster[member.node] ?? member)
    }

    // MARK: Parts

    private func announce(_ certified: Issuer.CertifiedUser) async -> Surplus_V1_UserCertificate {
        let (told, unreachable) = await sync.announce(user: certified.record)
        let address = roster[own]?.address ?? house.configuration.advertise.description
        return .with {
            $0.user = info(of: certified.user)
            $0.chain = certified.chain.map { .init($0) }
            $0.root = .init(gate.current.root)
            $0.address = address
            $0.told = Int32(told)
            $0.unreachable = Int32(unreachable)
        }
    }

    private func announce(_ user: PoolUser, _ record: UserRecord) async -> Surplus_V1_UserReply {
        let (told, unreachable) = await sync.announce(user: record)
        return .with {
            $0.user = info(of: roster.users[user.user] ?? user)
            $0.told = Int32(told)
            $0.unreachable = Int32(unreachable)
        }
    }

    private func info(of user: PoolUser) -> Surplus_V1_UserInfo {
        .with {
            $0.user = user.user.description
            $0.name = user.name
            $0.role = user.role?.rawValue ?? ""
            $0.status = user.status.rawValue
            $0.expiresAt = user.expiresAt.microseconds
            $0.changedAt = user.at.microseconds
        }
    }

    private static func role(_ text: String) throws(FieldError) -> Role {
        guard let role = Role(rawValue: text), Role.ofPools.contains(role) else {
            let known = Role.ofPools.map(\.rawValue).joined(separator: ", ")
            throw FieldError("role", "is '\(text.prefix(32))'; the roles of a pool are \(known)")
        }
        return role
    }

    private static func span(_ microseconds: Int64) throws(FieldError) -> Microseconds {
        guard microseconds != 0 else { return CertificateProfile.userLifetime }
        let (span, allowed) = (Microseconds(microseconds), CertificateProfile.userLifetimes)
        guard allowed.contains(span) else {
            throw FieldError(
                "valid", "is \(span.text), must be \(allowed.lowerBound.text) to \(allowed.upperBound.text)")
        }
        return span
    }
}
