import Bookkeeping
import Identity
import LedgerStore
import Resources
import Wire

/// The issuing role of this node: takes in newcomers, renews certificates, states who is a member. Each statement is
/// durable before anybody is told.
actor Issuer {
    private let store: LedgerStore
    private let identities: IdentityStore
    let roster: MemberRoster
    let clock: @Sendable () -> Timestamp
    private var authority: IssuingAuthority?
    private let root: PoolAuthority?
    /// Makes a record durable and acts on it here.
    private let learn: @Sendable (MemberRecord) async throws -> Bool
    let learnUser: @Sendable (UserRecord) async throws -> Bool

    init(
        store: LedgerStore, identities: IdentityStore, roster: MemberRoster, clock: @escaping @Sendable () -> Timestamp,
        learn: @escaping @Sendable (MemberRecord) async throws -> Bool,
        learnUser: @escaping @Sendable (UserRecord) async throws -> Bool
    ) throws {
        self.store = store
        self.identities = identities
        self.roster = roster
        self.clock = clock
        self.learn = learn
        self.learnUser = learnUser
        authority = try identities.issuing()
        root = try identities.authority()
    }

    var isIssuer: Bool { authority != nil }
    var holdsRoot: Bool { root != nil }
    var expiresAt: Timestamp? { authority?.expiresAt }

    /// Takes up the role, or a renewed certificate for it.
    func adopt(_ authority: IssuingAuthority) throws {
        try identities.save(authority)
        self.authority = authority
    }

    // MARK: Newcomers

    func createToken(valid span: Microseconds, pool: PoolID, root: [UInt8], addresses: [String]) async throws -> EnrolmentToken {
        _ = try issuing()
        let now = clock()
        for old in try store.states(.token, as: TokenRecord.self) where old.isObsolete(at: now) {
            try await store.commit([.state(.token, id: old.id.description, nil)])
        }
        var random = SystemRandomNumberGenerator()
        let token = EnrolmentToken(
            id: TokenID(at: now, using: &random), pool: pool, root: root, addresses: addresses, expiresAt: now + span)
        try await store.commit([
            .state(.token, id: token.id.description, token.record),
            .event(Event(at: now, kind: "token.created", subjects: [token.id.description], text: "a token to join was created")),
        ])
        return token
    }

    struct Newcomer: Sendable {
        let id: NodeID
        let chain: [[UInt8]]
        let record: MemberRecord
    }

    /// Trades a token for a certificate.
    func enrol(_ request: Surplus_V1_EnrolRequest) async throws -> Newcomer {
        let authority = try issuing()
        let tokenID: TokenID = try Field.identifier(request.token, "token")
        let name = try Names.node(request.name)
        let address = try Field.text(request.address, atMost: Member.longestAddress, "address")
        guard request.receiptKey.count == 32 else {
            throw FieldError("receipt_key", "has \(request.receiptKey.count) bytes, must be an Ed25519 key of 32")
        }
        guard var token = try store.state(.token, id: tokenID.description, as: TokenRecord.self) else {
            throw IdentityError("token \(tokenID) was not created on this node: join at the address that it names")
        }
        let csr = try CertificateRequest(untrusted: Array(request.certificateRequest))
        let now = clock()
        let id: NodeID
        switch try token.admit(csr, proof: Array(request.proof), at: now) {
        case .again(let node): id = node
        case .new:
            if let other = roster.members.first(where: { $0.name == name && $0.status == .active }) {
                throw IdentityError("a node named '\(name)' is in the pool already (\(other.node)): give this one another name")
            }
            var random = SystemRandomNumberGenerator()
            id = NodeID(at: now, using: &random)
        }
        let chain = try authority.certify(id, name: name, request: csr, at: now)
        let member =
            roster[id]
            ?? Member(
                pool: authority.pool, node: id, name: name, address: address, receiptKeys: [Array(request.receiptKey)], at: now)
        let record = try authority.sign(member)
        token.use(by: id, for: csr)
        try await store.commit([
            .state(.token, id: tokenID.description, token), .state(.member, id: id.description, record),
            .event(
                Event(
                    at: now, kind: "member.joined", subjects: [id.description, tokenID.description],
                    text: "\(name) joined from \(address)")),
        ])
        _ = try await learn(record)
        return Newcomer(id: id, chain: chain, record: record)
    }

    // MARK: Members

    /// A fresh certificate for a member, and its record if its address has changed.
    func renew(_ node: NodeID, request: CertificateRequest, address: String) async throws -> (
        chain: [[UInt8]], record: MemberRecord?
    ) {
        let authority = try issuing()
        guard let member = roster[node], member.status == .active else {
            throw IdentityError("\(node) is not an active member of the pool")
        }
        let chain = try authority.certify(node, name: member.name, request: request, at: clock())
        guard !address.isEmpty, address != member.address else { return (chain, roster.record(of: node)) }
        return (chain, try await state(node) { $0.address = address })
    }

    /// States a change of a member's record; returns the new record, durable and in effect here.
    func state(_ node: NodeID, _ change: (inout Member) -> Void) async throws -> MemberRecord {
        let authority = try issuing()
        guard let member = roster[node] else { throw IdentityError("no node \(node) in this pool") }
        let record = try authority.sign(member.changed(at: clock(), change))
        _ = try await learn(record)
        return record
    }

    /// Lets a member with the issuing role issue; only where the pool's root is.
    func authorise(_ node: NodeID, request: CertificateRequest) throws -> [UInt8] {
        guard let root else { throw IdentityError("the pool's root key is not on this node: ask the node that founded the pool") }
        guard let member = roster[node], member.status == .active, member.roles.contains(.issuer) else {
            throw IdentityError("\(node) has not been given the issuing role: an issuing node grants it")
        }
        return try root.authorise(node, name: member.name, request: request, at: clock())
    }

    func issuing() throws -> IssuingAuthority {
        guard let authority else {
            let others = roster.members.filter { $0.status == .active && $0.roles.contains(.issuer) }.map(\.name)
            let remedy = others.isEmpty ? "no node has it" : "nodes that have it: \(others.joined(separator: ", "))"
            throw IdentityError("this node does not have the issuing role; \(remedy)")
        }
        return authority
    }
}
