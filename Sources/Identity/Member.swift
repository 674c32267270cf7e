import Resources

/// What an issuing node states about a member of the pool.
package struct Member: Hashable, Sendable {
    /// Where a member stands. It can only go forward: whoever left or was revoked comes back as a new node.
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case active, left, revoked

        /// For people: what is said of a member behind its name.
        package var story: String {
            switch self {
            case .active: "is active"
            case .left: "has left the pool"
            case .revoked: "was revoked"
            }
        }
    }

    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// May certify and admit others.
        case issuer
        /// What it may ask of others; ``Member/access`` is which of these counts.
        case viewer, borrower, `operator`
    }

    package var pool: PoolID
    package var node: NodeID
    package var name: String
    /// `host:port` of its peer listener.
    package var address: String
    /// Ed25519 public keys, raw: the current one first, then former ones, so that old receipts still verify.
    package var receiptKeys: [[UInt8]]
    package var roles: Set<Role>
    package var status: Status
    /// Grows with each new statement about the same node.
    package var version: UInt64
    /// When it was stated, by the issuer's clock.
    package var at: Timestamp

    package init(
        pool: PoolID, node: NodeID, name: String, address: String, receiptKeys: [[UInt8]], roles: Set<Role> = [],
        status: Status = .active, version: UInt64 = 1, at: Timestamp
    ) {
        self.pool = pool
        self.node = node
        self.name = name
        self.address = address
        self.receiptKeys = receiptKeys
        self.roles = roles
        self.status = status
        self.version = version
        self.at = at
    }

    /// What the node may ask of others. Where nothing is said about that, it borrows.
    package var access: Resources.Role {
        get { Resources.Role.ofPools.last { role in Role(rawValue: role.rawValue).map(roles.contains) == true } ?? .borrower }
        set {
            roles.subtract([.viewer, .borrower, .operator])
            if let role = Role(rawValue: newValue.rawValue) { roles.insert(role) }
        }
    }

    /// The next statement about the same member.
    package func changed(at now: Timestamp, _ change: (inout Member) -> Void) -> Member {
        var next = self
        change(&next)
        next.version = version + 1
        next.at = now
        return next
    }
}

extension Member: Stated {
    package var id: NodeID { node }

    package static func precedence(of status: Status) -> Int {
        switch status {
        case .active: 0
        case .left: 1
        case .revoked: 2
        }
    }
}

extension Member {
    private static let kind = "surplus.member"
    /// The most receipt keys of one member: the current and 15 former ones.
    package static let mostKeys = 16
    package static let longestAddress = 261

    /// The canonical bytes that an issuer signs.
    package var document: [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind)
        writer.write(pool)
        writer.write(node)
        writer.write(name)
        writer.write(address)
        writer.write(UInt64(receiptKeys.count))
        for key in receiptKeys { writer.write(key) }
        writer.write(roles.map(\.rawValue).sorted().joined(separator: ","))
        writer.write(status.rawValue)
        writer.write(version)
        writer.write(at)
        return writer.bytes
    }

    /// Reads what an issuer signed. Roles this version does not know are dropped.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.kind)
        pool = try reader.identifier()
        node = try reader.identifier()
        name = try reader.string(atMost: Names.longest)
        address = try reader.string(atMost: Self.longestAddress)
        let count = try reader.unsigned()
        guard (1...UInt64(Self.mostKeys)).contains(count) else {
            throw CanonicalReader.Malformed(description: "\(count) receipt keys, 1 to \(Self.mostKeys) are allowed")
        }
        receiptKeys = []
        for _ in 0..<count { receiptKeys.append(try reader.data(atMost: 32)) }
        roles = Set(try reader.string(atMost: 256).split(separator: ",").compactMap { Role(rawValue: String($0)) })
        let text = try reader.string(atMost: 16)
        guard let status = Status(rawValue: text) else {
            throw CanonicalReader.Malformed(description: "a member whose status is '\(text)'")
        }
        self.status = status
        version = try reader.unsigned()
        at = try reader.timestamp()
        try reader.finish()
        guard receiptKeys.allSatisfy({ $0.count == 32 }) else {
            throw CanonicalReader.Malformed(description: "a receipt key that is not 32 bytes long")
        }
    }
}
