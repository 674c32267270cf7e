import Bookkeeping
import Identity
import LedgerStore
import Node
import Resources
import Synchronization
import Wire

/// Makes news about members and users durable and lets every part of the agent know them.
final class MemberRegistry: Sendable {
    private let house: Household
    private let roster: MemberRoster
    private let notary: ReceiptNotary
    private let engine: Engine
    private let peers: PeerCaller
    private let links: PeerLinks
    private let listener = Mutex<PeerListener?>(nil)

    init(
        house: Household, roster: MemberRoster, notary: ReceiptNotary, engine: Engine, peers: PeerCaller, links: PeerLinks
    ) {
        self.house = house
        self.roster = roster
        self.notary = notary
        self.engine = engine
        self.peers = peers
        self.links = links
    }

    /// The roster as it was recorded. A record that does not verify any more is left out.
    static func load(_ identity: NodeIdentity, from store: LedgerStore) throws -> Roster {
        roster(
            identity, try store.states(.member, as: MemberRecord.self), try store.states(.user, as: UserRecord.self))
    }

    static func roster(_ identity: NodeIdentity, _ members: [MemberRecord], _ users: [UserRecord]) -> Roster {
        var roster = Roster(verifier: identity.verifier)
        // records that do not bear the pool's signature are left out, also where they are on this disk
        for record in members { _ = try? roster.merge(record) }
        for record in users { _ = try? roster.merge(user: record) }
        return roster
    }

    /// The listener whose connections are cut when a member is expelled.
    func connect(_ listener: PeerListener) { self.listener.withLock { $0 = listener } }

    /// Takes in a record; returns whether it was news. News is durable on return.
    @Sendable func learn(_ record: MemberRecord) async throws -> Bool {
        guard let member = try roster.merge(record) else { return false }
        try await house.store.commit([
            .state(.member, id: member.node.description, record),
            .event(
                Event(
                    at: house.clock().utc, kind: "member.\(member.status.rawValue)", subjects: [member.node.description],
                    text: "\(member.name) is \(member.status.rawValue), at \(member.address)")),
        ])
        introduce(member)
        if member.status != .active { await expel(member) }
        return true
    }

    /// Takes in a record about a user, as ``learn(_:)`` does. The user's connections end: what it may do has changed.
    @Sendable func learnUser(_ record: UserRecord) async throws -> Bool {
        guard let user = try roster.merge(user: record) else { return false }
        let role = user.role?.rawValue ?? "of no known role"
        try await house.store.commit([
            .state(.user, id: user.user.description, record),
            .event(
                Event(
                    at: house.clock().utc, kind: "user.\(user.status.rawValue)", subjects: [user.user.description],
                    text: "user \(user.name) is \(user.status == .active ? role : user.status.rawValue)")),
        ])
        listener.withLock { $0 }?.disconnect(user.user)
        return true
    }

    func introduce(_ member: Member) {
        notary.learn(member)
        engine.handle(.met(member.node, name: member.name, roles: member.roleNames))
        if member.status != .active { engine.handle(.expelled(member.node)) }
    }

    private func expel(_ member: Member) async {
        links.close(member.node)
        await peers.close(member.node)
        // Who leaves of its own accord is still to get the answer that says so; its next call is refused.
        if member.status == .revoked { listener.withLock { $0 }?.disconnect(member.node) }
    }
}

extension Member {
    /// The roles that count, by their names: the issuing one and that of its access.
    var roleNames: [String] { (roles.contains(.issuer) ? [Role.issuer.rawValue] : []) + [access.rawValue] }
}
