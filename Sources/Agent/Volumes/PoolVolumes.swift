import GRPCCore
import Resources
import Wire

/// The volumes of the pool, as the nodes tell that keep them.
struct PoolVolumes: Sendable {
    /// How long a peer may take to answer.
    private static let patience = Duration.seconds(3)
    /// So many are asked at a time.
    private static let width = 32
    /// The most volumes that one node keeps.
    static let most = 1000

    /// By name, then id.
    let volumes: [KnownVolume]
    /// Members that could not be asked.
    let unheard: [NodeID]

    /// What one node tells.
    struct Told: Sendable {
        let node: NodeID
        var volumes: [KeptVolume] = []
        var deleted: [(volume: VolumeID, epoch: UInt64)] = []
    }
}

extension PoolVolumes {
    /// Asks all members.
    init(_ membership: PoolMembership) async {
        let own = membership.own
        let peers = membership.roster.members.filter {
            $0.status == .active && $0.node != own && membership.peers.mayHave(.volumes, $0.node)
        }.map(\.node)
        let (told, unheard) = await Self.ask(peers, membership.peers)
        volumes = KnownVolume.joined([Told(node: own, volumes: await membership.volumes.kept())] + told)
        self.unheard = unheard
    }

    static func ask(_ peers: [NodeID], _ caller: PeerCaller) async -> (told: [Told], unheard: [NodeID]) {
        await withTaskGroup(of: (NodeID, Told?).self) { group in
            var rest = peers[...]
            for peer in rest.prefix(width) { group.addTask { (peer, await ask(peer, caller)) } }
            rest = rest.dropFirst(width)
            var (told, unheard): ([Told], [NodeID]) = ([], [])
            for await (peer, answer) in group {
                if let answer { told.append(answer) } else { unheard.append(peer) }
                if let next = rest.popFirst() { group.addTask { (next, await ask(next, caller)) } }
            }
            return (told, unheard.sorted())
        }
    }

    /// - Returns: `nil` when there is no answer that can be read.
    private static func ask(_ peer: NodeID, _ caller: PeerCaller) async -> Told? {
        do {
            return try Told(
                peer, try await caller.call(peer) { try await $0.listKeptVolumes(.init(), options: .within(patience)) })
        } catch let error as RPCError where error.code == .unimplemented {
            return Told(node: peer)
        } catch { return nil }
    }
}

extension PoolVolumes.Told {
    init(_ node: NodeID, _ reply: Surplus_V1_KeptVolumesReply) throws(FieldError) {
        try Field.count(reply.volumes, atMost: PoolVolumes.most, "volumes")
        try Field.count(reply.deleted, atMost: DeletedVolumes.most, "deleted")
        self.node = node
        volumes = try reply.volumes.map { (message) throws(FieldError) in try KeptVolume(message) }
        deleted = try reply.deleted.map { (message) throws(FieldError) in
            (try Field.identifier(message.volume, "deleted"), message.epoch)
        }
    }

    /// Whether it has deleted a volume. Only who keeps its journal, as far as is known, has a say in that.
    ///
    /// - Parameter epoch: the highest that is known; a home of before cannot delete what has another one.
    func hasDeleted(_ volume: VolumeID, keptBy nodes: [NodeID], since epoch: UInt64) -> Bool {
        nodes.contains(node) && deleted.contains { $0.volume == volume && $0.epoch >= epoch }
    }
}

extension PoolVolumes {
    /// The volume that people mean by `text`: its id, or its name when only one has it.
    ///
    /// - Parameter name: what a node is called.
    func find(_ text: String, name: (NodeID) -> String) throws -> KnownVolume {
        let id = VolumeID(text)
        let found = volumes.filter { id == nil ? $0.kept.name == text : $0.kept.volume == id }
        guard let first = found.first else {
            guard !unheard.isEmpty else {
                throw FieldError("volume", "is '\(text.prefix(64))', which no node of this pool keeps: see 'surplus volume list'")
            }
            throw Refusal(
                term: "volume",
                reason: "no volume '\(text.prefix(64))' is heard of, and \(Self.list(unheard, name)) could not be asked: see "
                    + "'surplus nodes'")
        }
        guard found.count == 1 else {
            let ids = found.prefix(8).map { "\($0.kept.volume) (home \(name($0.kept.home)))" }.joined(separator: ", ")
            throw FieldError("volume", "is '\(text)', and \(found.count) are called so: give the id instead, one of \(ids)")
        }
        return first
    }

    private static func list(_ nodes: [NodeID], _ name: (NodeID) -> String) -> String {
        let others = nodes.count > 4 ? " and \(nodes.count - 4) more" : ""
        return nodes.prefix(4).map(name).joined(separator: ", ") + others
    }
}
