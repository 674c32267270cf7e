import Foundation
import Identity
import Resources
import Testing

@Suite("Identity on disk")
struct IdentityStoreTests {
    /// A data directory that is removed with it.
    final class DataDirectory {
        let path = FileManager.default.temporaryDirectory.appending(path: "surplus-identity-\(UUID())").path
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func mode(of name: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path + "/" + name)[.posixPermissions] as? Int
        }
    }

    @Test("What was saved comes back: identity, issuing role, root")
    func roundTrip() throws {
        let directory = try DataDirectory()
        let store = IdentityStore(dataDirectory: directory.path)
        #expect(try store.identity() == nil)
        #expect(try store.issuing() == nil)
        #expect(try store.authority() == nil)
        let founding = try TestPool(name: "Lab of Émile").founding
        try store.save(founding.identity)
        try store.save(founding.issuing)
        try store.save(founding.authority)
        let identity = try #require(try store.identity())
        #expect(identity.node == founding.identity.node)
        #expect(identity.name == "founder")
        #expect(identity.pool == founding.authority.pool)
        #expect(identity.poolName == "Lab of Émile")
        #expect(identity.presentedChain == founding.identity.presentedChain)
        #expect(identity.privateKey == founding.identity.privateKey)
        #expect(identity.notary().publicKey == founding.identity.notary().publicKey)
        #expect(try store.issuing()?.issuingCertificate == founding.issuing.issuingCertificate)
        #expect(try store.authority()?.root == founding.authority.root)
    }

    @Test("Keys are for their owner only, and are not used when others can read them")
    func secrecy() throws {
        let directory = try DataDirectory()
        let store = IdentityStore(dataDirectory: directory.path)
        let founding = try TestPool().founding
        try store.save(founding.identity)
        try store.save(founding.issuing)
        try store.save(founding.authority)
        #expect(try directory.mode(of: "identity") == 0o700)
        for name in ["node.pem", "receipt.pem", "issuer.pem", "root.pem"] {
            #expect(try directory.mode(of: "identity/" + name) == 0o600)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: directory.path + "/identity/node.pem")
        let error = #expect(throws: IdentityError.self) { try store.identity() }
        #expect(error?.description.contains("chmod 600") == true)
    }

    @Test("A renewal replaces key and certificate together and keeps the receipt key")
    func renewal() throws {
        let directory = try DataDirectory()
        let store = IdentityStore(dataDirectory: directory.path)
        let pool = try TestPool()
        let first = pool.founding.identity
        try store.save(first)
        let keys = first.renewedKeys()
        let later = TestPool.start + .hours(13)
        let second = try pool.certify(first.node, name: "founder", keys: keys, at: later)
        try store.save(second)
        let loaded = try #require(try store.identity())
        #expect(loaded.chain == second.chain)
        #expect(loaded.privateKey != first.privateKey)
        #expect(loaded.notary().publicKey == first.notary().publicKey)
        #expect(!loaded.needsRenewal(at: later))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path + "/identity").sorted() == [
                "node.pem", "receipt.pem",
            ])
    }

    @Test("A certificate for another key is not put together with this one")
    func mismatch() throws {
        var pool = try TestPool()
        let identity = try pool.certify(pool.newNode())
        #expect(throws: IdentityError.self) { try NodeIdentity(keys: NodeKeys(), chain: identity.chain, root: identity.root) }
    }

    @Test("Damaged files are reported by name", arguments: ["node.pem", "receipt.pem"])
    func damaged(name: String) throws {
        let directory = try DataDirectory()
        let store = IdentityStore(dataDirectory: directory.path)
        try store.save(try TestPool().founding.identity)
        for content in ["", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let file = directory.path + "/identity/" + name
            try content.write(toFile: file, atomically: false, encoding: .utf8)
            let error = #expect(throws: (any Error).self) { try store.identity() }
            #expect("\(error.map { "\($0)" } ?? "")".contains(name))
        }
    }

    @Test("Leaving forgets the pool and keeps the receipt key")
    func leaving() throws {
        let directory = try DataDirectory()
        let store = IdentityStore(dataDirectory: directory.path)
        let founding = try TestPool().founding
        try store.save(founding.identity)
        try store.save(founding.authority)
        try store.forgetPool()
        #expect(try store.identity() == nil)
        #expect(try store.authority() == nil)
        #expect(FileManager.default.fileExists(atPath: directory.path + "/identity/receipt.pem"))
    }
}
