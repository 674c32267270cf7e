import Bookkeeping
import Identity
import LedgerStore
import Logging
import Resources
import VolumeService
import Volumes
import Wire

/// What homes of volumes on this node have to do with, in its pool.
struct VolumeSurroundings: Sendable {
    let house: Household
    let gate: Gate
    let roster: MemberRoster
    let engine: Engine

    var homes: HomesSurroundings {
        var surroundings = HomesSurroundings(identity: PoolFrames(gate: gate), clock: house.clock, reach: reach)
        surroundings.rule = { [self] node, access, _ in refusal(to: node, access) }
        surroundings.accepts = { [self] volume, home in
            lendsDisk(to: home) ? nil : "it lends no disk to that node, and so has nothing to do with \(volume)"
        }
        surroundings.report = { [self] volume, name, news in tell(of: volume, name, news) }
        return surroundings
    }

    /// Where another node serves frames: where it is called.
    private var reach: @Sendable (NodeID) -> NodeEndpoint? {
        { [roster] node in
            guard let member = roster[node], member.status == .active, let endpoint = Endpoint(member.address) else { return nil }
            return NodeEndpoint(host: endpoint.host, port: endpoint.port)
        }
    }

    /// Members that may borrow may use volumes; who only looks may not.
    private func refusal(to node: NodeID, _ access: VolumeAccess) -> String? {
        guard let member = roster[node], member.status == .active else { return "\(node) is no member of the pool" }
        guard member.access >= .borrower || access == .inspect else {
            return "\(member.name) may only look (role viewer); 'surplus pool role' gives it another"
        }
        return nil
    }

    private func lendsDisk(to node: NodeID) -> Bool {
        engine.read { state in
            (state.leases.unsettled.values + state.leases.draining.values).contains {
                $0.lease.role == .lender && $0.lease.isOfDisk && $0.lease.peer == node
            }
        }
    }

    private func tell(of volume: VolumeID, _ called: String?, _ news: VolumeNews) {
        let (kind, subjects, text) = news.story(of: called.map { "'\($0)'" } ?? "a volume", roster.name(of:))
        let event = Event(at: house.clock().utc, kind: kind, subjects: [volume.description] + subjects, text: text)
        let (store, log) = (house.store, house.log)
        Task {
            do { try await store.commit([.event(event)]) } catch {
                log.warning("an event of a volume was not written down", metadata: ["event": "\(text)", "error": "\(error)"])
            }
        }
    }
}

extension VolumeNews {
    /// - Parameters:
    ///   - volume: as it is spoken of.
    ///   - name: what a node is called.
    func story(of volume: String, _ name: (NodeID) -> String) -> (kind: String, subjects: [String], text: String) {
        switch self {
        case .leads(let epoch): ("volume.leads", [], "this node is the home of \(volume), in epoch \(epoch)")
        case .deposed(let epoch): ("volume.deposed", [], "another node is the home of \(volume), in epoch \(epoch)")
        case .failed(let reason): ("volume.failed", [], "\(volume) does not go on here: \(reason)")
        case .copied(let node):
            ("volume.copied", [node.description], "\(name(node)) was given a copy of the metadata of \(volume)")
        case .notCopied(let node, let reason):
            (
                "volume.not-copied", [node.description],
                "\(name(node)) was not given a copy of the metadata of \(volume): \(reason)"
            )
        case .blocks(let notice): notice.story(of: volume, name)
        }
    }
}

extension KeeperNotice {
    fileprivate func story(
        of volume: String, _ name: (NodeID) -> String
    ) -> (kind: String, subjects: [String], text: String) {
        switch self {
        case .damaged(let block, let node):
            (
                "volume.damaged", [block.description, node.description],
                "a copy on \(name(node)) of a block of \(volume) is not what was stored"
            )
        case .replaced(let block, let node):
            (
                "volume.replaced", [block.description, node.description],
                "the copy on \(name(node)) of a block of \(volume) was replaced from another one"
            )
        case .unreachable(let block, let nodes):
            (
                "volume.unreachable", [block.description] + nodes.map(\.description),
                "no good copy of a block of \(volume) is heard of: bring back \(nodes.map(name).joined(separator: " or "))"
            )
        case .noRoom(let block, let needed):
            (
                "volume.no-room", [block.description],
                "copies of \(volume) are missing, and no node has \(Bytes(Int64(clamping: needed)).text) for one"
            )
        case .evacuated(let node): ("volume.evacuated", [node.description], "nothing of \(volume) is on \(name(node)) any more")
        }
    }
}
