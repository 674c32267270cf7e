import GRPCCore
import Identity
import Resources
import Synchronization
import Testing
import Wire

@testable import Agent

@Suite("The gate, for users")
struct GateTests {
    private let start = JobFixture.at
    private let founding: PoolFounding
    private let roster: MemberRoster
    private let user: PoolUser
    private let chain: [[UInt8]]

    init() throws {
        founding = try PoolFounding(
            pool: JobFixture.newID(), name: "lab", node: JobFixture.newID(), nodeName: "one", address: "127.0.0.1:1", at: start)
        roster = MemberRoster(Roster(verifier: founding.identity.verifier))
        let id: UserID = JobFixture.newID()
        let certified = try founding.issuing.certify(
            id, name: "anna", request: try UserKey().request(), for: .hours(1), at: start)
        user = PoolUser(
            pool: founding.authority.pool, user: id, name: "anna", role: .borrower, key: certified.key,
            expiresAt: certified.expiresAt, at: start)
        chain = certified.chain
    }

    private func gate(at time: Timestamp) -> Gate { Gate(identity: founding.identity, roster: roster, clock: { time }) }

    private var authenticated: AuthenticatedUser {
        AuthenticatedUser(user: user.user, key: user.key, expiresAt: user.expiresAt)
    }

    @Test("A user comes in while its certificate lasts and its record says so, and is asked again at each call")
    func admission() throws {
        #expect(throws: CertificateRefusal.userUnknown(user.user)) { try gate(at: start).recognise(chain) }
        _ = try roster.merge(user: try founding.issuing.sign(user))
        #expect(try gate(at: start).recognise(chain) == .user(authenticated))
        try gate(at: start).admit(authenticated)
        #expect(throws: CertificateRefusal.noNode, "a user is no server") { try gate(at: start).identify(chain) }

        let expired = CertificateRefusal.userExpired(name: "anna", at: user.expiresAt)
        #expect(throws: expired) { try gate(at: start + .hours(2)).recognise(chain) }
        #expect(throws: expired, "also when it expires while connected") { try gate(at: start + .hours(2)).admit(authenticated) }

        _ = try roster.merge(user: try founding.issuing.sign(user.changed(at: start) { $0.status = .revoked }))
        #expect(throws: CertificateRefusal.userRevoked(name: "anna")) { try gate(at: start).recognise(chain) }
        #expect(throws: CertificateRefusal.userRevoked(name: "anna")) { try gate(at: start).admit(authenticated) }
    }

    @Test("A node is recognised as a node")
    func nodes() throws {
        guard case .peer(let peer) = try gate(at: start).recognise(founding.identity.chain) else {
            Issue.record("not a node")
            return
        }
        #expect(peer.node == founding.identity.node)
    }
}
