import Identity
import Resources
import Testing

@Suite("Enrolment tokens")
struct TokenTests {
    let now = TestPool.start

    func token(of pool: TestPool, expiresAt: Timestamp? = nil) throws -> EnrolmentToken {
        var random = SeededGenerator(seed: 3)
        return EnrolmentToken(
            id: TokenID(at: now, using: &random), pool: pool.verifier.pool, root: try pool.founding.authority.root,
            addresses: ["blade-1:7441", "[::1]:7441"], expiresAt: expiresAt ?? now + EnrolmentToken.lifetime)
    }

    @Test("A token survives being written down, with white space around it")
    func text() throws {
        let token = try token(of: try TestPool())
        #expect(token.text.hasPrefix("surplus-token-v1."))
        #expect(try EnrolmentToken(text: token.text) == token)
        #expect(try EnrolmentToken(text: "  \n\(token.text)\n\n") == token)
    }

    @Test(
        "What is no token is refused with the remedy",
        arguments: ["", "hello", "surplus-token-v1.", "surplus-token-v1.!!", "surplus-token-v1.AAAA"])
    func noToken(text: String) {
        let error = #expect(throws: IdentityError.self) { try EnrolmentToken(text: text) }
        #expect(error?.description.contains("surplus pool token create") == true)
    }

    @Test("A token that lost a character anywhere is refused")
    func truncated() throws {
        let text = try token(of: try TestPool()).text
        for count in 0..<text.count {
            #expect(throws: IdentityError.self) { try EnrolmentToken(text: String(text.prefix(count))) }
        }
        #expect(throws: IdentityError.self) { try EnrolmentToken(text: text + String(repeating: "A", count: 5000)) }
    }

    @Test("Two tokens never share a secret")
    func secrets() throws {
        let pool = try TestPool()
        let request = try NodeKeys().request()
        #expect(try token(of: pool).proof(for: request) != token(of: pool).proof(for: request))
    }

    @Test("A token is good once; the same request again gets the same node")
    func once() throws {
        var pool = try TestPool()
        let token = try token(of: pool)
        var record = token.record
        let request = try NodeKeys().request()
        #expect(try record.admit(request, proof: token.proof(for: request), at: now) == .new)
        let node = pool.newNode()
        record.use(by: node, for: request)
        #expect(try record.admit(request, proof: token.proof(for: request), at: now + .minutes(20)) == .again(node))
        let another = try NodeKeys().request()
        let error = #expect(throws: IdentityError.self) { try record.admit(another, proof: token.proof(for: another), at: now) }
        #expect(error?.description == "token \(token.id) was already used, by \(node): create another one")
    }

    @Test("A token is good until it expires")
    func expiry() throws {
        let token = try token(of: try TestPool())
        let request = try NodeKeys().request()
        let proof = token.proof(for: request)
        #expect(try token.record.admit(request, proof: proof, at: now + .minutes(15)) == .new)
        let error = #expect(throws: IdentityError.self) {
            try token.record.admit(request, proof: proof, at: now + .minutes(15) + .seconds(1))
        }
        #expect(error?.description.contains("expired at 2027-01-15T08:15:00Z") == true)
    }

    @Test("A proof for another request, or by another token, is wrong")
    func proof() throws {
        let pool = try TestPool()
        let token = try token(of: pool)
        let request = try NodeKeys().request()
        let others = [token.proof(for: try NodeKeys().request()), try self.token(of: pool).proof(for: request), [], [1]]
        for proof in others {
            #expect(throws: IdentityError.self) { try token.record.admit(request, proof: proof, at: now) }
        }
    }

    @Test("A token recognises the root of its pool and no other")
    func fingerprint() throws {
        let pool = try TestPool()
        let token = try token(of: pool)
        #expect(token.matches(root: try pool.founding.authority.root))
        #expect(!token.matches(root: try TestPool(seed: 2).founding.authority.root))
    }
}
