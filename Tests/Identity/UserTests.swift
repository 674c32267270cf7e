import Foundation
import Identity
import Resources
import Testing

@Suite("Users")
struct UserTests {
    let now = TestPool.start

    /// A user with a certificate, not yet stated.
    private func user(
        of pool: inout TestPool, name: String = "anna", role: Role? = .borrower, by issuing: IssuingAuthority? = nil,
        for span: Microseconds = .days(90)
    ) throws -> (identity: UserIdentity, user: PoolUser) {
        let issuing = issuing ?? pool.founding.issuing
        let id = UserID(at: now, using: &pool.random)
        let key = UserKey()
        let certified = try issuing.certify(id, name: name, request: try key.request(), for: span, at: now)
        let identity = try UserIdentity(
            key: key, chain: certified.chain, root: try pool.founding.authority.root, address: "blade1:7800")
        let user = PoolUser(
            pool: pool.founding.authority.pool, user: id, name: name, role: role, key: certified.key,
            expiresAt: certified.expiresAt, at: now)
        return (identity, user)
    }

    private func verified(
        _ identity: UserIdentity, by verifier: PeerVerifier, at now: Timestamp = TestPool.start
    ) throws -> VerifiedUser {
        guard case .user(let user) = try verifier.identify(identity.presentedChain, at: now) else {
            throw IdentityError("not the certificate of a user")
        }
        return user
    }

    // MARK: Certificates

    @Test("A user's certificate names user and pool, and is no node's")
    func certificate() throws {
        var pool = try TestPool()
        let (identity, user) = try user(of: &pool)
        let found = try verified(identity, by: pool.verifier)
        #expect(found == VerifiedUser(user: user.user, name: "anna", key: user.key, expiresAt: now + .days(90)))
        #expect(throws: CertificateRefusal.noNode) { try pool.verifier.verify(identity.presentedChain, at: now) }
    }

    @Test("An expired certificate is refused with when and what helps, before and after it is shown")
    func expired() throws {
        var pool = try TestPool()
        let identity = try user(of: &pool, for: .hours(1)).identity
        let (end, late) = (now + .hours(1), now + .hours(2))
        let refusal = CertificateRefusal.userExpired(name: "anna", at: end)
        #expect(throws: refusal) { try verified(identity, by: pool.verifier, at: late) }
        #expect(throws: refusal) { try identity.check(at: late) }
        try identity.check(at: end)
        #expect(refusal.description.contains("surplus pool user renew anna"))
    }

    @Test("A certificate of another pool is refused")
    func otherPool() throws {
        var (pool, other) = (try TestPool(seed: 1), try TestPool(seed: 2))
        let identity = try user(of: &other).identity
        #expect(
            throws: CertificateRefusal.otherPool(found: other.founding.authority.pool, expected: pool.founding.authority.pool)
        ) { try verified(identity, by: pool.verifier) }
        pool = other
        _ = try verified(identity, by: pool.verifier)
    }

    @Test("No changed byte of a chain is accepted")
    func tampered() throws {
        var pool = try TestPool()
        let chain = try user(of: &pool).identity.presentedChain
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var changed = chain
            let certificate = Int.random(in: 0...1, using: &random)
            let index = Int.random(in: 0..<chain[certificate].count, using: &random)
            changed[certificate][index] ^= UInt8.random(in: 1...255, using: &random)
            #expect(throws: CertificateRefusal.self) { try pool.verifier.identify(changed, at: now) }
        }
    }

    @Test("Users are certified for a minute to half a year, not for longer than their issuer")
    func bounds() throws {
        var pool = try TestPool()
        for span in [Microseconds.zero, .seconds(59), .days(181), .days(-1)] {
            #expect(throws: IdentityError.self) { try user(of: &pool, for: span) }
        }
        let late = pool.founding.issuing.expiresAt + -.hours(1)
        let id = UserID(at: late, using: &pool.random)
        let certified = try pool.founding.issuing.certify(
            id, name: "anna", request: try UserKey().request(), for: .days(90), at: late)
        #expect(certified.expiresAt == pool.founding.issuing.expiresAt)
    }

    // MARK: Files

    @Test("An identity's file is read as it was written, by its owner alone")
    func files() throws {
        var pool = try TestPool()
        let identity = try user(of: &pool).identity
        let directory = NSTemporaryDirectory() + "/surplus-\(UUID())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/anna.pem"
        func write(_ text: String, mode: Int = 0o600) throws {
            try? FileManager.default.removeItem(atPath: path)
            #expect(
                FileManager.default.createFile(
                    atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]))
        }
        try write(identity.text)
        let read = try UserIdentity.load(path)
        #expect(read.presentedChain == identity.presentedChain)
        #expect(read.privateKey == identity.privateKey)
        #expect(read.address == "blade1:7800")
        #expect(read.name == "anna")

        try write(identity.text, mode: 0o644)
        let open = #expect(throws: IdentityError.self) { try UserIdentity.load(path) }
        #expect(open?.description.contains("chmod 600") == true)
        let other = try user(of: &pool).identity.text
        let mixed = String(identity.text.prefix(while: { $0 != "-" })) + keyBlock(of: other) + certificates(of: identity.text)
        for text in ["", "no pem", keyBlock(of: identity.text), certificates(of: identity.text), mixed] {
            try write(text)
            let damaged = #expect(throws: IdentityError.self) { try UserIdentity.load(path) }
            #expect(damaged?.description.contains("is no identity") == true)
        }
        let missing = #expect(throws: IdentityError.self) { try UserIdentity.load(directory + "/none") }
        #expect(missing?.description.contains("no such file") == true)
    }

    private func keyBlock(of text: String) -> String {
        let end = text.range(of: "-----END PRIVATE KEY-----\n")!.upperBound
        return String(text[text.range(of: "-----BEGIN PRIVATE KEY")!.lowerBound..<end])
    }

    private func certificates(of text: String) -> String {
        String(text[text.range(of: "-----BEGIN CERTIFICATE")!.lowerBound...])
    }

    // MARK: Records

    @Test("A user is admitted by its record: with a role, not revoked, with the certificate that was issued last")
    func admission() throws {
        var pool = try TestPool()
        let issuing = pool.founding.issuing
        let (identity, user) = try user(of: &pool)
        let shown = try verified(identity, by: pool.verifier)
        var roster = Roster(verifier: pool.verifier)
        #expect(throws: CertificateRefusal.userUnknown(user.user)) { try roster.users.admit(shown) }
        try roster.merge(user: try issuing.sign(user))
        #expect(try roster.users.admit(shown).role == .borrower)
        #expect(try roster.merge(user: try issuing.sign(user.changed(at: now) { $0.role = .viewer })))
        #expect(try roster.users.admit(shown).role == .viewer)

        var renewed = user
        renewed.version = 3
        renewed.key = Digest([UInt8](repeating: 7, count: 32))
        try roster.merge(user: try issuing.sign(renewed))
        #expect(throws: CertificateRefusal.userReplaced(name: "anna")) { try roster.users.admit(shown) }
        try roster.merge(user: try issuing.sign(user.changed(at: now) { $0.status = .revoked }))
        #expect(throws: CertificateRefusal.userRevoked(name: "anna")) { try roster.users.admit(shown) }
        var later = user
        later.version = 99
        #expect(try !roster.merge(user: try issuing.sign(later)), "revoked wins for ever")
    }

    @Test("A role that is not a pool's to give, or of a later version, counts as none")
    func roles() throws {
        var pool = try TestPool()
        #expect(try PoolUser(document: try user(of: &pool, role: nil).user.document).role == nil)
        #expect(try PoolUser(document: try user(of: &pool, role: .owner).user.document).role == nil)
        var document = try user(of: &pool, role: .borrower).user.document
        let place = try #require(document.firstRange(of: Array("borrower".utf8)))
        #expect(try PoolUser(document: document).role == .borrower)
        document.replaceSubrange(place, with: Array("gardener".utf8))
        #expect(try PoolUser(document: document).role == nil)
    }

    @Test("All orders of the same records give the same users")
    func orderDoesNotMatter() throws {
        var pool = try TestPool()
        let issuing = pool.founding.issuing
        let second = try pool.issuer(pool.newNode())
        let (a, b) = (try user(of: &pool, name: "a").user, try user(of: &pool, name: "b").user)
        let records = try [
            issuing.sign(a), second.sign(a.changed(at: now + .seconds(1)) { $0.role = .viewer }),
            issuing.sign(a.changed(at: now + .seconds(2)) { $0.role = .operator }), issuing.sign(b),
            second.sign(b.changed(at: now) { $0.status = .revoked }),
            issuing.sign(b.changed(at: now + .seconds(9)) { $0.role = .operator }),
        ]
        var random = SeededGenerator(seed: 11)
        for _ in 0..<50 {
            var roster = Roster(verifier: pool.verifier)
            for record in records.shuffled(using: &random) { try roster.merge(user: record) }
            #expect(roster.users[a.user]?.role == .operator)
            #expect(roster.users[b.user]?.status == .revoked)
        }
    }

    @Test("What an issuer states about users after it was revoked counts for nothing, whenever it arrives")
    func revokedIssuer() throws {
        var pool = try TestPool()
        let node = pool.newNode()
        let second = try pool.issuer(node)
        let user = try user(of: &pool, by: second).user
        let late = try second.sign(user.changed(at: now + .hours(2)) { $0.role = .operator })
        let revocation = try pool.founding.issuing.sign(
            pool.member(node).changed(at: now + .hours(1)) { $0.status = .revoked })

        var first = Roster(verifier: pool.verifier)
        try first.merge(user: late)
        try first.merge(revocation)
        #expect(first.users.all.isEmpty)
        #expect(throws: IdentityError.self) { try first.merge(user: late) }
        try first.merge(user: try second.sign(user))
        #expect(first.users[user.user]?.role == .borrower, "what it stated before stands")
    }

    @Test("Records of another pool, of another kind, changed or unsigned are refused")
    func badRecords() throws {
        var (pool, other) = (try TestPool(seed: 1), try TestPool(seed: 2))
        let good = try pool.founding.issuing.sign(try user(of: &pool).user)
        var changed = good.document
        changed[changed.count - 1] ^= 1
        var roster = Roster(verifier: pool.verifier)
        for record in [
            UserRecord(document: changed, signature: good.signature, issuerChain: good.issuerChain),
            UserRecord(document: good.document, signature: [], issuerChain: good.issuerChain),
            UserRecord(document: good.document, signature: good.signature, issuerChain: []), pool.founding.record,
            try other.founding.issuing.sign(try user(of: &other).user),
        ] {
            #expect(throws: IdentityError.self) { try roster.merge(user: record) }
        }
        #expect(throws: IdentityError.self) { try roster.merge(good) }
        #expect(roster.users.all.isEmpty)
    }

    @Test("Who knows less is given the records that it lacks")
    func spreading() throws {
        var pool = try TestPool()
        let issuing = pool.founding.issuing
        var (ahead, behind) = (Roster(verifier: pool.verifier), Roster(verifier: pool.verifier))
        for name in ["a", "b", "c"] { try ahead.merge(user: try issuing.sign(try user(of: &pool, name: name).user)) }
        while true {
            let news = ahead.users.records(beyond: behind.users.knowledge, atMost: 1500)
            guard !news.isEmpty else { break }
            for record in news { #expect(try behind.merge(user: record)) }
        }
        #expect(behind.users.all == ahead.users.all)
        #expect(behind.users.all.count == 3)
    }

    @Test("When two issuers give a name at the same time it is the older user's on every node")
    func names() throws {
        var pool = try TestPool()
        let issuing = pool.founding.issuing
        let pair = [try user(of: &pool), try user(of: &pool)].sorted { $0.user.user < $1.user.user }
        var roster = Roster(verifier: pool.verifier)
        for (_, user) in pair.reversed() { try roster.merge(user: try issuing.sign(user)) }
        #expect(try roster.users.find("anna") == pair[0].user)
        _ = try roster.users.admit(try verified(pair[0].identity, by: pool.verifier))
        #expect(throws: CertificateRefusal.userNameTaken(name: "anna", by: pair[0].user.user)) {
            try roster.users.admit(try verified(pair[1].identity, by: pool.verifier))
        }
    }

    // MARK: Nodes

    @Test("A node borrows unless its record says otherwise, and what older versions signed stays readable")
    func nodeRoles() throws {
        var pool = try TestPool()
        let member = pool.member(pool.newNode())
        #expect(member.access == .borrower)
        #expect(try Member(document: pool.founding.record.document).access == .borrower)
        for role in Role.ofPools {
            let changed = member.changed(at: now) {
                $0.roles.insert(.issuer)
                $0.access = .operator
                $0.access = role
            }
            let read = try Member(document: changed.document)
            #expect(read == changed)
            #expect(read.access == role)
            #expect(read.roles.contains(.issuer))
            #expect(read.roles.count == 2)
        }
    }
}
