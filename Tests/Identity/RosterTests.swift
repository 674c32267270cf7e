import Identity
import Resources
import Testing

@Suite("Roster")
struct RosterTests {
    let now = TestPool.start

    @Test("All orders of the same records give the same roster")
    func orderDoesNotMatter() throws {
        var pool = try TestPool()
        let issuing = pool.founding.issuing
        let (a, b) = (pool.member(pool.newNode(), name: "a"), pool.member(pool.newNode(), name: "b"))
        let second = try pool.issuer(a.node)
        let records = try [
            pool.founding.record, issuing.sign(a), issuing.sign(a.changed(at: now + .seconds(1)) { $0.address = "elsewhere:1" }),
            second.sign(a.changed(at: now + .seconds(2)) { $0.address = "third:1" }), issuing.sign(b),
            issuing.sign(b.changed(at: now + .seconds(3)) { $0.status = .left }),
            second.sign(b.changed(at: now + .seconds(4)) { $0.name = "renamed" }),
        ]
        var random = SeededGenerator(seed: 11)
        var expected: [Member]?
        for _ in 0..<50 {
            var roster = Roster(verifier: pool.verifier)
            for record in records.shuffled(using: &random) { try roster.merge(record) }
            #expect(roster.members == expected ?? roster.members)
            expected = roster.members
        }
        #expect(expected?.count == 3)
        #expect(expected?.first { $0.node == a.node }?.address == "third:1")
        #expect(expected?.first { $0.node == b.node }?.status == .left)
    }

    @Test("Revoked wins for ever, also over later and higher statements")
    func revokedWins() throws {
        var pool = try TestPool()
        let issuing = pool.founding.issuing
        let member = pool.member(pool.newNode())
        var roster = Roster(verifier: pool.verifier)
        try roster.merge(try issuing.sign(member))
        #expect(roster.isAdmitted(member.node))
        #expect(try roster.merge(try issuing.sign(member.changed(at: now) { $0.status = .revoked })))
        var later = member.changed(at: now + .hours(1)) { $0.status = .active }
        later.version = 99
        #expect(try !roster.merge(try issuing.sign(later)))
        #expect(!roster.isAdmitted(member.node))
        let peer = try pool.verifier.verify(try pool.certify(member.node).chain, at: now)
        #expect(throws: CertificateRefusal.revoked(member.node)) { try roster.admit(peer) }
    }

    @Test("A record that was merged before is no news")
    func idempotent() throws {
        let pool = try TestPool()
        var roster = Roster(verifier: pool.verifier)
        #expect(try roster.merge(pool.founding.record))
        #expect(try !roster.merge(pool.founding.record))
        #expect(roster.members.map(\.roles) == [[.issuer]])
    }

    @Test("Records from another pool, from no issuer, or changed on the way are refused")
    func forged() throws {
        var pool = try TestPool(seed: 1)
        let other = try TestPool(seed: 2)
        let member = pool.member(pool.newNode())
        var roster = Roster(verifier: pool.verifier)
        let good = try pool.founding.issuing.sign(member)
        let identity = try pool.certify(member.node)
        var changed = good.document
        changed[changed.count - 1] ^= 1
        let bad = [
            other.founding.record,
            try other.founding.issuing.sign(member),
            MemberRecord(document: changed, signature: good.signature, issuerChain: good.issuerChain),
            MemberRecord(document: good.document, signature: [], issuerChain: good.issuerChain),
            MemberRecord(document: good.document, signature: good.signature, issuerChain: [identity.chain[0]]),
            MemberRecord(document: good.document, signature: good.signature, issuerChain: []),
            MemberRecord(document: [], signature: good.signature, issuerChain: good.issuerChain),
            MemberRecord(document: good.document + [0], signature: good.signature, issuerChain: good.issuerChain),
            MemberRecord(document: [UInt8](repeating: 1, count: 5000), signature: [], issuerChain: good.issuerChain),
        ]
        for record in bad { #expect(throws: IdentityError.self) { try roster.merge(record) } }
        #expect(roster.count == 0)
        #expect(throws: Never.self) { try roster.merge(good) }
    }

    @Test("What a revoked issuer states or certifies afterwards counts for nothing, in either order")
    func revokedIssuer() throws {
        var pool = try TestPool()
        let issuer = pool.newNode()
        let second = try pool.issuer(issuer)
        let before = pool.member(pool.newNode(), at: now)
        let after = pool.member(pool.newNode(), at: now + .hours(2))
        let revocation = try pool.founding.issuing.sign(
            pool.member(issuer).changed(at: now + .hours(1)) { $0.status = .revoked })
        let early = try second.sign(before)
        let late = try second.sign(after)

        var roster = Roster(verifier: pool.verifier)
        for record in [early, late, revocation] { try roster.merge(record) }
        #expect(roster.isAdmitted(before.node))
        #expect(roster[after.node] == nil)
        #expect(throws: IdentityError.self) { try roster.merge(late) }

        func peer(_ node: NodeID, at time: Timestamp) throws -> VerifiedPeer {
            let chain = try second.certify(node, name: "x", request: try NodeKeys().request(), at: time)
            return try pool.verifier.verify(chain, at: time)
        }
        #expect(throws: Never.self) { try roster.admit(try peer(before.node, at: now)) }
        #expect(throws: CertificateRefusal.issuerRevoked(node: before.node, issuer: issuer)) {
            try roster.admit(try peer(before.node, at: now + .hours(2)))
        }
    }

    @Test("A side is sent what it lacks or has older, and nothing else, within the size given")
    func exchange() throws {
        var pool = try TestPool()
        let issuing = pool.founding.issuing
        var ours = Roster(verifier: pool.verifier)
        var theirs = Roster(verifier: pool.verifier)
        let members = (0..<20).map { _ in pool.member(pool.newNode()) }
        for member in members { try ours.merge(try issuing.sign(member)) }
        for member in members.prefix(10) { try theirs.merge(try issuing.sign(member)) }
        try ours.merge(try issuing.sign(members[0].changed(at: now) { $0.status = .left }))
        try theirs.merge(try issuing.sign(members[1].changed(at: now) { $0.address = "new:1" }))

        let news = ours.records(beyond: theirs.knowledge, atMost: 1 << 20)
        #expect(news.count == 11)
        for record in news { #expect(try theirs.merge(record)) }
        for record in theirs.records(beyond: ours.knowledge, atMost: 1 << 20) { #expect(try ours.merge(record)) }
        #expect(ours.members == theirs.members)
        #expect(ours.records(beyond: theirs.knowledge, atMost: 1 << 20).isEmpty)
        #expect(ours.records(beyond: [], atMost: 0).isEmpty)
        #expect(ours.records(beyond: [], atMost: 2000).count == 2)
    }

    @Test("People find members by id and by name, and are told when a name is not enough")
    func find() throws {
        var pool = try TestPool()
        var roster = Roster(verifier: pool.verifier)
        let members = ["a", "b", "b", "c", "c"].map { pool.member(pool.newNode(), name: $0) }
        for member in members { try roster.merge(try pool.founding.issuing.sign(member)) }
        try roster.merge(try pool.founding.issuing.sign(members[3].changed(at: now) { $0.status = .left }))
        #expect(try roster.find("a").node == members[0].node)
        #expect(try roster.find(members[2].node.description).node == members[2].node)
        #expect(try roster.find("c").node == members[4].node)
        let ambiguous = #expect(throws: IdentityError.self) { try roster.find("b") }
        #expect(ambiguous?.description.contains(members[1].node.description) == true)
        #expect(throws: IdentityError.self) { try roster.find("d") }
        #expect(throws: IdentityError.self) { try roster.find(pool.newNode().description) }
    }

    @Test("A peer that no record names yet is admitted on its certificate")
    func newcomer() throws {
        var pool = try TestPool()
        let roster = Roster(verifier: pool.verifier)
        let node = pool.newNode()
        let peer = try pool.verifier.verify(try pool.certify(node).chain, at: now)
        #expect(throws: Never.self) { try roster.admit(peer) }
        #expect(!roster.isAdmitted(node))
    }
}
