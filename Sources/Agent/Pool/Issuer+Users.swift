import Identity
import Resources

// The issuing role, for users.

extension Issuer {
    struct CertifiedUser: Sendable {
        let user: PoolUser
        /// DER: the certificate, then the issuing one.
        let chain: [[UInt8]]
        let record: UserRecord
    }

    /// Takes a new user in. Names are never used again: what somebody did stays that person's.
    func addUser(
        _ name: String, role: Role, request: CertificateRequest, for span: Microseconds
    ) async throws -> CertifiedUser {
        let authority = try issuing()
        let name = try Names.user(name)
        if let other = roster.users.holder(of: name) {
            let remedy =
                other.status == .active
                ? "give this one another name, or 'surplus pool user renew \(name)' for a new certificate"
                : "names are not used again, so that records stay clear: give this one another name"
            throw IdentityError("user '\(name)' is in the pool already (\(other.status.rawValue)): \(remedy)")
        }
        let now = clock()
        var random = SystemRandomNumberGenerator()
        let id = UserID(at: now, using: &random)
        let certified = try authority.certify(id, name: name, request: request, for: span, at: now)
        let user = PoolUser(
            pool: authority.pool, user: id, name: name, role: role, key: certified.key, expiresAt: certified.expiresAt, at: now)
        return CertifiedUser(user: user, chain: certified.chain, record: try await state(user, by: authority))
    }

    /// Certifies a user again; the certificates before are no longer good.
    func renew(_ user: PoolUser, request: CertificateRequest, for span: Microseconds) async throws -> CertifiedUser {
        let authority = try issuing()
        guard user.status == .active else { throw CertificateRefusal.userRevoked(name: user.name) }
        let now = clock()
        let certified = try authority.certify(user.user, name: user.name, request: request, for: span, at: now)
        let next = user.changed(at: now) {
            $0.key = certified.key
            $0.expiresAt = certified.expiresAt
        }
        return CertifiedUser(user: next, chain: certified.chain, record: try await state(next, by: authority))
    }

    /// States a change of a user's record; the new one is durable and in effect here on return.
    func change(_ user: PoolUser, _ change: (inout PoolUser) -> Void) async throws -> UserRecord {
        try await state(user.changed(at: clock(), change), by: try issuing())
    }

    private func state(_ user: PoolUser, by authority: IssuingAuthority) async throws -> UserRecord {
        let record = try authority.sign(user)
        _ = try await learnUser(record)
        return record
    }
}
