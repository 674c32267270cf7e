import Identity
import Resources
import Synchronization

/// The roster shared by everything that runs in an agent.
final class MemberRoster: Sendable {
    private struct State {
        var roster: Roster
        var lastSeen: [NodeID: Timestamp] = [:]
        var versions: [NodeID: String] = [:]
        var features: [NodeID: Set<String>] = [:]
        var domains: [NodeID: String] = [:]
        var unreachable: Set<NodeID> = []
        var rebuffs: [NodeID: String] = [:]
    }

    private let state: Mutex<State>
    private let news = ChangeFeed()

    init(_ roster: Roster) { state = Mutex(State(roster: roster)) }

    subscript(node: NodeID) -> Member? { state.withLock { $0.roster[node] } }
    var members: [Member] { state.withLock { $0.roster.members } }

    /// What people call a node: its name, or its id where it is not known.
    func name(of node: NodeID) -> String { self[node]?.name ?? node.description }

    var knowledge: [Knowledge<Member>] { state.withLock { $0.roster.knowledge } }

    func admit(_ peer: VerifiedPeer) throws(CertificateRefusal) {
        try state.withLock { (state) throws(CertificateRefusal) in try state.roster.admit(peer) }
    }

    func find(_ text: String) throws(IdentityError) -> Member {
        try state.withLock { (state) throws(IdentityError) in try state.roster.find(text) }
    }

    /// The other node that people mean by `text`, in the pool or gone from it.
    func peer(_ text: String, of own: NodeID) throws(IdentityError) -> Member {
        let member = try find(text)
        guard member.node != own else { throw IdentityError("'\(text)' is this node itself: name another one", isUsage: true) }
        return member
    }

    /// Takes in a record; returns the member when that was news.
    func merge(_ record: MemberRecord) throws(IdentityError) -> Member? {
        let member = try state.withLock { (state) throws(IdentityError) -> Member? in
            guard try state.roster.merge(record) else { return nil }
            return try? Member(document: record.document)
        }
        if member != nil { news.notify() }
        return member
    }

    /// Announces news about members; the first value comes at once.
    func announcements() -> AsyncStream<Void> { news.announcements() }

    func records(beyond known: [Knowledge<Member>], atMost bytes: Int) -> [MemberRecord] {
        state.withLock { $0.roster.records(beyond: known, atMost: bytes) }
    }

    // MARK: Users

    var users: UserRoster { state.withLock { $0.roster.users } }

    /// The user behind a certificate that verifies.
    func admit(_ user: VerifiedUser) throws(CertificateRefusal) -> PoolUser {
        try state.withLock { (state) throws(CertificateRefusal) in try state.roster.users.admit(user) }
    }

    /// Takes in a record about a user; returns the user when that was news.
    func merge(user record: UserRecord) throws(IdentityError) -> PoolUser? {
        try state.withLock { (state) throws(IdentityError) -> PoolUser? in
            guard try state.roster.merge(user: record) else { return nil }
            return try? PoolUser(document: record.document)
        }
    }

    // MARK: Records

    func record(of node: NodeID) -> MemberRecord? { state.withLock { $0.roster.record(of: node) } }

    // MARK: Reachability

    /// Notes that a peer was heard of; returns whether it was not reachable before.
    func saw(_ node: NodeID, version: String? = nil, at now: Timestamp) -> Bool {
        state.withLock { state in
            let isBack = state.lastSeen[node] == nil || state.unreachable.contains(node)
            state.lastSeen[node] = now
            state.unreachable.remove(node)
            if let version { state.versions[node] = version }
            return isBack
        }
    }

    /// Notes why a peer does not accept this node; `nil` when it does.
    func note(_ rebuff: String?, from node: NodeID) { state.withLock { $0.rebuffs[node] = rebuff } }

    /// Why peers do not accept this node, by those that said so when last asked.
    var rebuffs: [NodeID: String] { state.withLock { $0.rebuffs } }

    func lost(_ node: NodeID) { state.withLock { _ = $0.unreachable.insert(node) } }

    func lastSeen(_ node: NodeID) -> Timestamp? { state.withLock { $0.lastSeen[node] } }
    /// What a peer says it can do; `nil` before it has said hello.
    func features(of node: NodeID) -> Set<String>? { state.withLock { $0.features[node] } }

    /// Notes what a peer says it can do.
    func note(features: Set<String>, of node: NodeID) { state.withLock { $0.features[node] = features } }

    /// What a peer's disk fails together with, as it said; `nil` for one that is a failure domain of its own.
    func domain(of node: NodeID) -> String? { state.withLock { $0.domains[node] } }

    /// Notes what a peer's disk fails together with.
    func note(domain: String?, of node: NodeID) { state.withLock { $0.domains[node] = domain } }

    func version(of node: NodeID) -> String? { state.withLock { $0.versions[node] } }
    func isReachable(_ node: NodeID) -> Bool { state.withLock { $0.lastSeen[node] != nil && !$0.unreachable.contains(node) } }
}
