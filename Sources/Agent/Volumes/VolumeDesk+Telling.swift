import Bookkeeping
import Resources
import Trading
import VolumeService
import Volumes

// How volumes are.

extension VolumeDesk {
    /// A lender that has not answered for so long is named; it is asked about once a second.
    private static let remarkable = Microseconds.seconds(3)

    /// - Parameter subjects: that it is about besides the volume.
    func tell(_ kind: String, _ volume: VolumeID, _ text: String, of subjects: [String] = []) async {
        let event = Event(at: house.clock().utc, kind: kind, subjects: [volume.description] + subjects, text: text)
        await note { try await self.house.store.commit([.event(event)]) }
    }

    /// The volumes that this node keeps, in the order of their ids. Answers at once, from memory.
    func kept() async -> [KeptVolume] { await onThread { [homes] in homes.list() }.compactMap(kept) }

    /// One that this node keeps.
    func volume(named name: String) async -> VolumeID? {
        await onThread { [homes] in homes.list() }.first { $0.name == name }?.volume
    }

    /// `nil` for one that cannot be read, which the story tells of.
    private func kept(_ summary: VolumeSummary) -> KeptVolume? {
        guard let home = summary.home else { return nil }
        let isInCharge = summary.isHome
        let health = isInCharge ? (try? homes.status(of: summary.volume)).map(Self.risk)?.health : nil
        return KeptVolume(
            volume: summary.volume, name: summary.name, home: home, backups: summary.backups, epoch: summary.epoch,
            isInCharge: isInCharge, copies: summary.copies, size: Bytes(Int64(clamping: summary.capacity)),
            used: Bytes(Int64(clamping: summary.used)), health: health)
    }

    /// How a volume is whose home this node is.
    func condition(of volume: VolumeID) async throws -> VolumeCondition {
        let status = try await onThread { [homes] in try homes.status(of: volume) }
        guard let kept = kept(status.summary) else { throw VolumeRefusal.unknown(volume) }
        return VolumeCondition(
            volume: kept, lenders: status.stores.map { lender($0, of: volume) }, risk: Self.risk(status), tasks: tasks(status),
            files: status.summary.inodes, mostFiles: status.summary.inodeLimit,
            sessions: status.sessions.map { VolumeSession(session: $0.id, node: $0.node) }, faults: faults(status))
    }

    private func lender(_ store: StoreReport, of volume: VolumeID) -> VolumeLender {
        let condition = store.place.condition
        let holding = self[volume]
        let lease = holding?.leases.compactMap { self.lease($0) }.first { $0.peer == condition.node }
        let (phase, reason): (VolumeLender.Phase, String) =
            switch condition.phase {
            case .open: (.open, "")
            case .closed: (.closed, "it is full")
            case .leaving where holding?.leaving.contains(condition.node) ?? false: (.leaving, "it is being evacuated")
            case .leaving where holding?.hasOnlyRemains(on: condition.node) ?? false:
                (.leaving, "it has what is left of an earlier home, which is moved")
            case .leaving: (.leaving, Self.reason(lease))
            case .lost: (.lost, "it does not answer")
            }
        return VolumeLender(
            node: condition.node, domain: condition.domain, phase: phase, size: store.capacity, used: store.live,
            free: phase == .open ? Bytes(Int64(clamping: condition.free)) : .zero, lease: lease?.id,
            price: lease?.terms.prices.disk ?? .zero,
            reason: reason)
    }

    /// Why a node is left that nobody asked to leave.
    private static func reason(_ lease: Lease?) -> String {
        guard let lease else { return "it lends nothing to this home" }
        return !lease.isOpen ? "its lease is over" : lease.reason.isEmpty ? "its owner takes the room back" : lease.reason
    }

    static func risk(_ status: VolumeStatus) -> VolumeRisk {
        let blocks = status.blocks
        var risk = VolumeRisk()
        (risk.lacking, risk.single, risk.lost) = (.init(blocks.lacking), .init(blocks.single), .init(blocks.unreachable))
        risk.damagedCopies = UInt64(blocks.damaged)
        risk.isSurveyed = blocks.isSurveyed || status.summary.used == 0
        return risk
    }

    private func tasks(_ status: VolumeStatus) -> [VolumeTask] {
        var tasks = status.evacuations.filter { !$0.isDone }.map { evacuation in
            VolumeTask(kind: .evacuate, node: evacuation.node, progress: VolumeProgress(evacuation))
        }
        let open = status.blocks.underway + status.blocks.waiting
        if tasks.isEmpty, open > 0 {
            let progress = VolumeProgress(
                step: "copying", doneBlocks: status.mended, totalBlocks: status.mended + UInt64(open), timeLeft: status.timeLeft)
            tasks.append(VolumeTask(kind: .mend, node: nil, progress: progress))
        }
        return tasks
    }

    private func silence(_ store: StoreReport) -> String? {
        let name = name(store.place.node)
        guard store.place.condition.phase != .lost else { return "\(name) does not answer" }
        guard store.silence >= Self.remarkable else { return nil }
        return
            "\(name) has not answered for \(store.silence.rawValue / 1_000_000) s: what it has is copied elsewhere if it stays away"
    }

    private func faults(_ status: VolumeStatus) -> [String] {
        var faults = status.stores.compactMap(silence)
        let open = status.stores.count { $0.place.condition.phase == .open }
        if open < status.summary.copies {
            faults.append(
                "\(open) of \(status.summary.copies) nodes give room for new blocks: more copies than that have no place")
        }
        // What the last look at the stores said may have been done since.
        let isLacking = status.blocks.lacking.blocks > 0 && status.blocks.underway == 0 && open >= status.summary.copies
        if status.isOutOfRoom, isLacking { faults.append("copies are missing, and no node has room for them: grow the volume") }
        let lost = status.blocks.unreachable.blocks
        if lost > 0 {
            faults.append(
                "no good copy is heard of for \(lost) \(lost == 1 ? "block" : "blocks"): bring back the nodes that are lost")
        }
        for backup in status.backups where backup.isCopying {
            faults.append("\(name(backup.node)) is being given a copy of the metadata")
        }
        return faults
    }
}

extension VolumeRisk.Part {
    fileprivate init(_ count: BlockCount) { self.init(blocks: count.blocks, bytes: Bytes(Int64(clamping: count.bytes))) }
}

extension VolumeProgress {
    init(_ evacuation: VolumeStatus.Evacuation) {
        self.init(step: "moving")
        guard let progress = evacuation.progress else { return }
        (doneBlocks, done) = (progress.done.blocks, Bytes(Int64(clamping: progress.done.bytes)))
        totalBlocks = doneBlocks + progress.left.blocks
        total = done + Bytes(Int64(clamping: progress.left.bytes))
        timeLeft = progress.timeLeft
    }
}
