import Bookkeeping
import GRPCCore
import Identity
import Logging
import Resources
import Wire

/// Keeps the roster, of members and users, the same on all nodes: asks a few others every ten seconds what they know better,
/// and tells all at once of what changed here. Each record is signed by an issuer, so it does not matter who passes it on.
final class MemberSync: Sendable {
    private static let interval = Duration.seconds(10)
    /// How many peers are asked each time.
    private static let width = 3
    private static let timeout = Duration.seconds(5)

    private let own: NodeID
    private let roster: MemberRoster
    private let peers: PeerCaller
    private let log: Logger
    /// Makes news durable and acts on it.
    private let learn: @Sendable (MemberRecord) async throws -> Bool
    private let learnUser: @Sendable (UserRecord) async throws -> Bool

    init(
        own: NodeID, roster: MemberRoster, peers: PeerCaller, log: Logger,
        learn: @escaping @Sendable (MemberRecord) async throws -> Bool,
        learnUser: @escaping @Sendable (UserRecord) async throws -> Bool
    ) {
        self.own = own
        self.roster = roster
        self.peers = peers
        self.log = log
        self.learn = learn
        self.learnUser = learnUser
    }

    /// Asks until cancelled.
    func run() async {
        while !Task.isCancelled {
            let others = activePeers.shuffled().prefix(Self.width)
            await withDiscardingTaskGroup { group in
                for peer in others { group.addTask { await self.ask(peer) } }
            }
            await Task.rest(for: Self.interval)
        }
    }

    /// Tells every peer of a record; returns how many confirmed and how many could not be reached.
    func announce(_ record: MemberRecord, skipping skipped: NodeID? = nil) async -> (told: Int, unreachable: Int) {
        await announce(skipping: skipped) { $0.news = [Surplus_V1_MemberRecord(record)] }
    }

    /// Tells every peer of a record about a user.
    func announce(user record: UserRecord, skipping skipped: NodeID? = nil) async -> (told: Int, unreachable: Int) {
        await announce(skipping: skipped) { $0.userNews = [Surplus_V1_MemberRecord(record)] }
    }

    private func announce(
        skipping skipped: NodeID?, _ news: @escaping @Sendable (inout Surplus_V1_SyncMembersRequest) -> Void
    ) async -> (told: Int, unreachable: Int) {
        await withTaskGroup(of: Bool.self) { group in
            for peer in activePeers where peer != skipped {
                group.addTask { await self.tell(peer, news) }
            }
            var told = 0
            var unreachable = 0
            for await isTold in group { if isTold { told += 1 } else { unreachable += 1 } }
            return (told, unreachable)
        }
    }

    /// Takes in what another side sent; what is wrong is dropped with a word in the log.
    func merge(_ records: [Surplus_V1_MemberRecord], from peer: NodeID) async {
        for wire in records {
            do {
                let record = try MemberRecord(wire)
                if try await learn(record) { _ = await announce(record, skipping: peer) }
            } catch {
                log.warning("refused a member record", metadata: ["peer": "\(peer)", "error": "\(error)"])
            }
        }
    }

    /// Takes in what another side sent about users.
    func merge(users records: [Surplus_V1_MemberRecord], from peer: NodeID) async {
        for wire in records {
            do {
                let record = try UserRecord(wire)
                if try await learnUser(record) { _ = await announce(user: record, skipping: peer) }
            } catch {
                log.warning("refused a user record", metadata: ["peer": "\(peer)", "error": "\(error)"])
            }
        }
    }

    private var activePeers: [NodeID] { roster.members.filter { $0.status == .active && $0.node != own }.map(\.node) }

    private func ask(_ peer: NodeID) async {
        do { try await exchange(with: peer, knowledge) } catch {
            log.debug("a peer did not answer", metadata: ["peer": "\(peer)", "error": "\(error)"])
        }
    }

    private func tell(_ peer: NodeID, _ news: (inout Surplus_V1_SyncMembersRequest) -> Void) async -> Bool {
        var request = knowledge
        news(&request)
        do { try await exchange(with: peer, request) } catch { return false }
        return true
    }

    private var knowledge: Surplus_V1_SyncMembersRequest {
        .with {
            $0.known = roster.knowledge.map(Surplus_V1_MemberKnowledge.init)
            $0.knownUsers = roster.users.knowledge.map(Surplus_V1_UserKnowledge.init)
        }
    }

    private func exchange(with peer: NodeID, _ request: Surplus_V1_SyncMembersRequest) async throws {
        let reply = try await peers.call(peer) { try await $0.syncMembers(request, options: .within(Self.timeout)) }
        await merge(reply.records, from: peer)
        await merge(users: reply.users, from: peer)
    }
}

extension CallOptions {
    static func within(_ time: Duration) -> CallOptions {
        var options = CallOptions.defaults
        options.timeout = time
        return options
    }
}

// MARK: - As they travel

extension Surplus_V1_MemberRecord {
    init(_ record: MemberRecord) {
        self = .with {
            $0.document = .init(record.document)
            $0.signature = .init(record.signature)
            $0.issuerChain = record.issuerChain.map { .init($0) }
        }
    }
}

extension MemberRecord {
    init(_ wire: Surplus_V1_MemberRecord) throws(FieldError) {
        try Field.count(wire.document, atMost: 4096, "member_record.document")
        try Field.count(wire.issuerChain, atMost: 2, "member_record.issuer_chain")
        for certificate in wire.issuerChain {
            try Field.count(certificate, atMost: CertificateProfile.largest, "member_record.issuer_chain")
        }
        self.init(
            document: Array(wire.document), signature: try Field.signature(wire.signature, "member_record.signature").bytes,
            issuerChain: wire.issuerChain.map(Array.init))
    }
}

extension Surplus_V1_MemberKnowledge {
    init(_ knowledge: Knowledge<Member>) {
        self = .with {
            $0.node = knowledge.id.description
            $0.status = knowledge.status.rawValue
            $0.version = knowledge.version
        }
    }
}

extension Knowledge<Member> {
    init(_ wire: Surplus_V1_MemberKnowledge) throws(FieldError) {
        guard let status = Member.Status(rawValue: wire.status) else {
            throw FieldError("known.status", "is '\(wire.status.prefix(32))', must be active, left or revoked")
        }
        self.init(id: try Field.identifier(wire.node, "known.node"), status: status, version: wire.version)
    }
}

extension Surplus_V1_UserKnowledge {
    init(_ knowledge: Knowledge<PoolUser>) {
        self = .with {
            $0.user = knowledge.id.description
            $0.status = knowledge.status.rawValue
            $0.version = knowledge.version
        }
    }
}

extension Knowledge<PoolUser> {
    init(_ wire: Surplus_V1_UserKnowledge) throws(FieldError) {
        guard let status = PoolUser.Status(rawValue: wire.status) else {
            throw FieldError("known_users.status", "is '\(wire.status.prefix(32))', must be active or revoked")
        }
        self.init(id: try Field.identifier(wire.user, "known_users.user"), status: status, version: wire.version)
    }
}
