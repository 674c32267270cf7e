import Identity
import Resources
import Testing

@Suite("Receipt notary")
struct NotaryTests {
    @Test("What one node signs, others verify once they know its key, and only as that node's")
    func verification() throws {
        var pool = try TestPool()
        let (a, b) = (try pool.certify(pool.newNode()), try pool.certify(pool.newNode()))
        let (signer, judge) = (a.notary(), b.notary())
        let document = Array("receipt".utf8)
        let signature = signer.sign(document)
        #expect(signer.verify(signature, over: document, by: a.node))
        #expect(!judge.verify(signature, over: document, by: a.node))
        var member = pool.member(a.node)
        member.receiptKeys = [signer.publicKey]
        judge.learn(member)
        #expect(judge.verify(signature, over: document, by: a.node))
        #expect(!judge.verify(signature, over: document + [0], by: a.node))
        #expect(!judge.verify(signature, over: document, by: b.node))
        #expect(!judge.verify(Signature([]), over: document, by: a.node))
    }

    @Test("Receipts signed with a former key still verify")
    func formerKeys() throws {
        var pool = try TestPool()
        let node = pool.newNode()
        let old = try pool.certify(node).notary()
        let new = try pool.certify(node).notary()
        let judge = try pool.certify(pool.newNode()).notary()
        var member = pool.member(node)
        member.receiptKeys = [new.publicKey, old.publicKey]
        judge.learn(member)
        let document = Array("old receipt".utf8)
        #expect(judge.verify(old.sign(document), over: document, by: node))
        #expect(judge.verify(new.sign(document), over: document, by: node))
    }

    @Test("Digests are SHA-256")
    func digest() throws {
        let notary = try TestPool().founding.identity.notary()
        #expect(
            notary.digest(Array("abc".utf8)).description == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(
        "Names are checked before they are certified",
        arguments: ["", "a b", "-x", "é", String(repeating: "x", count: 65), "a/b"])
    func names(name: String) throws {
        #expect(throws: IdentityError.self) { try Names.node(name) }
        #expect(throws: Never.self) { try Names.node("blade-1.rack_2") }
    }
}
