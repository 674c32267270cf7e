import Resources

/// What an issuing node states about a user of the pool: who it is, what it may do, and which key is its own.
package struct PoolUser: Hashable, Sendable {
    /// Where a user stands. It can only go forward: who was revoked comes back as a new user with another name.
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case active, revoked
    }

    package var pool: PoolID
    package var user: UserID
    package var name: String
    /// One of ``Role/ofPools``; `nil`: none that this version knows.
    package var role: Role?
    package var status: Status
    /// SHA-256 of the public key of the one certificate that is good: a renewed one puts an end to those before it.
    package var key: Digest
    /// When that certificate ends.
    package var expiresAt: Timestamp
    /// Grows with each new statement about the same user.
    package var version: UInt64
    /// When it was stated, by the issuer's clock.
    package var at: Timestamp

    package init(
        pool: PoolID, user: UserID, name: String, role: Role?, status: Status = .active, key: Digest, expiresAt: Timestamp,
        version: UInt64 = 1, at: Timestamp
    ) {
        self.pool = pool
        self.user = user
        self.name = name
        self.role = role
        self.status = status
        self.key = key
        self.expiresAt = expiresAt
        self.version = version
        self.at = at
    }

    /// The next statement about the same user.
    package func changed(at now: Timestamp, _ change: (inout PoolUser) -> Void) -> PoolUser {
        var next = self
        change(&next)
        next.version = version + 1
        next.at = now
        return next
    }
}

extension PoolUser: Stated {
    package var id: UserID { user }

    package static func precedence(of status: Status) -> Int {
        switch status {
        case .active: 0
        case .revoked: 1
        }
    }
}

extension PoolUser {
    private static let kind = "surplus.user"
    private static let longestRole = 32

    /// The canonical bytes that an issuer signs.
    package var document: [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind)
        writer.write(pool)
        writer.write(user)
        writer.write(name)
        writer.write(role?.rawValue ?? "")
        writer.write(status.rawValue)
        writer.write(key.bytes)
        writer.write(expiresAt)
        writer.write(version)
        writer.write(at)
        return writer.bytes
    }

    /// Reads what an issuer signed. A role that this version does not know, or that no pool gives, counts as none.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.kind)
        pool = try reader.identifier()
        user = try reader.identifier()
        name = try reader.string(atMost: Names.longest)
        role = Role(rawValue: try reader.string(atMost: Self.longestRole)).flatMap { Role.ofPools.contains($0) ? $0 : nil }
        let text = try reader.string(atMost: 16)
        guard let status = Status(rawValue: text) else {
            throw CanonicalReader.Malformed(description: "a user whose status is '\(text)'")
        }
        self.status = status
        let digest = try reader.data(atMost: 32)
        guard digest.count == 32 else { throw CanonicalReader.Malformed(description: "a digest that is not 32 bytes long") }
        key = Digest(digest)
        expiresAt = try reader.timestamp()
        version = try reader.unsigned()
        at = try reader.timestamp()
        try reader.finish()
    }
}
