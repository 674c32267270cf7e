internal import Frames
internal import NIOCore
package import Resources
internal import Synchronization
internal import VolumeStore
package import Volumes

// What people and the agent have done. All of it may block for a while.

extension VolumeHomes {
    /// What a new volume is to be.
    package struct Plan: Hashable, Sendable {
        package var name: String
        /// Of content, in bytes, without copies.
        package var capacity: UInt64
        package var inodeLimit: UInt64
        package var copies: Int
        package var owner: UInt32
        package var group: UInt32
        package var permissions: UInt16

        package init(
            name: String, capacity: UInt64, inodeLimit: UInt64, copies: Int, owner: UInt32, group: UInt32,
            permissions: UInt16 = 0o755
        ) {
            (self.name, self.capacity, self.inodeLimit, self.copies) = (name, capacity, inodeLimit, copies)
            (self.owner, self.group, self.permissions) = (owner, group, permissions)
        }

        /// - Throws: ``VolumeRefusal``, for what no volume can be.
        package func check() throws(VolumeRefusal) {
            if let fault = VolumeTraits.fault(inName: name) { throw .badName(name, fault) }
            guard (1...VolumeTraits.mostCopies).contains(copies) else { throw .badCopies(copies) }
            guard capacity > 0, inodeLimit > 0 else { throw .badSize("a volume has room for one byte and one file at least") }
        }
    }

    /// Makes a volume, with this node as its home and the only one that keeps its journal; ``change(backups:of:within:)`` is next.
    ///
    /// - Throws: ``VolumeRefusal``; there is no part of it then.
    package func create(_ plan: Plan) throws(VolumeRefusal) -> VolumeID {
        try plan.check()
        let now = surroundings.clock()
        var random = SystemRandomNumberGenerator()
        let id = VolumeID(at: now.utc, using: &random)
        let key = (0..<VolumeTraits.keyLength).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let traits = VolumeTraits(name: plan.name, copies: plan.copies, key: key)
        let result = coming.withLock { _ -> Result<VolumeID, VolumeRefusal> in
            if let other = list().first(where: { $0.name == plan.name }) { return .failure(.taken(plan.name, other.volume)) }
            do throws(VolumeStoreError) {
                try VolumeDatabase.create(
                    directory: path(of: id), volume: id, traits, capacity: plan.capacity, inodeLimit: plan.inodeLimit,
                    owner: plan.owner, group: plan.group, permissions: plan.permissions,
                    at: FileTime(rawValue: now.utc.microseconds &* 1000), home: surroundings.node)
            } catch { return .failure(.failed("\(error)")) }
            guard load(id) != nil else { return .failure(.failed(state.withLock { $0.broken[id] } ?? "\(id) was not opened")) }
            return .success(id)
        }
        return try result.get()
    }

    /// The volumes that this node keeps, in the order of their ids.
    package func list() -> [VolumeSummary] {
        let (volumes, broken) = state.withLock { ($0.volumes.values, $0.broken.pairs.map { ($0, $1) }) }
        let lost = broken.map { id, reason in
            VolumeSummary(
                volume: id, name: "", role: .failed(reason), home: nil, backups: [], epoch: 0, copies: 0, capacity: 0, used: 0,
                inodes: 0,
                inodeLimit: 0)
        }
        return (volumes.map(summary) + lost).sorted { $0.volume < $1.volume }
    }

    private func summary(_ kept: KeptVolume) -> VolumeSummary {
        let (header, set) = (kept.header, kept.replica?.log.membership.set)
        let role: VolumeSummary.Role =
            if let failure = kept.failure { .failed(failure) } else if kept.home != nil {
                .home(isReady: kept.isInCharge && kept.home?.server.attend { _ in [] } ?? false)
            } else if kept.knownHome == surroundings.node { .starting } else { .backup }
        return VolumeSummary(
            volume: kept.id, name: header?.traits.name ?? "", role: role, home: kept.knownHome, backups: set?.backups ?? [],
            epoch: kept.replica?.log.promised ?? 0,
            copies: header?.traits.copies ?? 0, capacity: header?.capacity ?? 0, used: header?.used ?? 0,
            inodes: header?.inodes ?? 0, inodeLimit: header?.inodeLimit ?? 0)
    }

    // MARK: For homes

    private func kept(_ volume: VolumeID) throws(VolumeRefusal) -> KeptVolume {
        if let kept = self.volume(volume) { return kept }
        if let reason = state.withLock({ $0.broken[volume] }) { throw .failed("\(volume) does not go on here: \(reason)") }
        throw .unknown(volume)
    }

    private func home(of volume: VolumeID) throws(VolumeRefusal) -> (KeptVolume, RunningHome) {
        let kept = try kept(volume)
        guard let home = kept.home, kept.isInCharge else {
            throw .notHome(volume, home: kept.knownHome)
        }
        return (kept, home)
    }

    /// Says which nodes lend room to a volume and how they are, as the agent knows it; in place of all that was said before. How much
    /// room there is, and whether they are there, the home asks them besides.
    package func provide(_ stores: [StorePlace], to volume: VolumeID) throws(VolumeRefusal) { try kept(volume).meet(stores) }

    /// - Throws: ``VolumeRefusal/notHome(_:home:)``, where there is only ``list()``.
    package func status(of volume: VolumeID) throws(VolumeRefusal) -> VolumeStatus {
        let (kept, home) = try home(of: volume)
        let (report, replica) = (home.upkeep.report, kept.replica)
        let last = replica?.log.end.index ?? 0
        let backups = (replica?.progress ?? []).map { node, synced, isCopying in
            VolumeStatus.Backup(node: node, behind: last - min(last, synced), isCopying: isCopying)
        }
        let evacuations = report.stores.filter { $0.place.condition.phase == .leaving }.map(\.place.node).map { node in
            VolumeStatus.Evacuation(
                node: node, isDone: report.standing.evacuated.contains(node), progress: home.upkeep.progress(leaving: node))
        }
        return VolumeStatus(
            summary: summary(kept), blocks: report.standing, stores: report.stores,
            backups: backups, evacuations: evacuations, isOutOfRoom: report.isOutOfRoom, mended: report.mended,
            timeLeft: report.timeLeft, sessions: home.sessions)
    }

    /// Changes how much a volume holds. What is there stays when it is more.
    package func resize(_ volume: VolumeID, capacity: UInt64, inodeLimit: UInt64? = nil) throws(VolumeRefusal) {
        guard capacity > 0, inodeLimit != 0 else { throw .badSize("a volume has room for one byte and one file at least") }
        let (_, home) = try home(of: volume)
        let operation = Volumes.Operation.resize(capacity: capacity, inodeLimit: inodeLimit ?? home.header.inodeLimit)
        if case .failure(let error) = home.write(operation) { throw .failed("failed to resize \(volume): \(error)") }
    }

    /// What it takes to free a node of a volume's blocks. Nothing is begun.
    package func evacuationPlan(of node: NodeID, from volume: VolumeID) throws(VolumeRefusal) -> EvacuationPlan {
        let (_, home) = try home(of: volume)
        guard home.upkeep.report.stores.contains(where: { $0.place.node == node }) else { throw .noStore(volume, node) }
        guard let plan = home.upkeep.plan(leaving: node) else { throw .notReady(volume) }
        return plan
    }

    /// Frees a node of a volume's blocks; ``status(of:)`` says how far that is. It ends with the home: whoever asks for it has to ask
    /// the next one again.
    ///
    /// - Throws: also when there is no room for all of it elsewhere, and nothing is begun then.
    package func evacuate(_ node: NodeID, from volume: VolumeID) throws(VolumeRefusal) -> EvacuationPlan {
        let plan = try evacuationPlan(of: node, from: volume)
        do throws(EvacuationRefusal) { try plan.require(node) } catch { throw .evacuation(error) }
        try home(of: volume).1.upkeep.leave(node, true)
        return plan
    }

    /// The node may have blocks again.
    package func stopEvacuating(_ node: NodeID, from volume: VolumeID) throws(VolumeRefusal) {
        try home(of: volume).1.upkeep.leave(node, false)
    }

    /// Blocks that the metadata have on a node, in order.
    ///
    /// - Parameters:
    ///   - last: those up to this one are passed over.
    ///   - limit: how many at most.
    package func blocks(
        of volume: VolumeID, on node: NodeID, after last: BlockID?, limit: Int
    ) throws(VolumeRefusal) -> [Block] {
        guard let blocks = try home(of: volume).1.upkeep.blocks(on: node, after: last, limit: limit) else {
            throw .notReady(volume)
        }
        return blocks
    }

    /// A copy is not what was stored, or not there: it is looked at, and replaced from another one.
    package func suspect(_ block: BlockID, on node: NodeID, of volume: VolumeID) throws(VolumeRefusal) {
        try home(of: volume).1.upkeep.heard(of: block, on: node)
    }

    /// Looks whether the files of a volume on this node are whole and hold together; it reads everything.
    ///
    /// - Returns: what is wrong.
    package func check(_ volume: VolumeID) throws(VolumeRefusal) -> [String] {
        do throws(VolumeStoreError) { return try VolumeDatabase.faults(directory: path(of: volume), volume: volume) } catch {
            if case .missing = error { throw .unknown(volume) }
            throw .failed("\(error)")
        }
    }

    // MARK: Who keeps the journal

    /// Has this node take over as the home of a volume of which it is a backup.
    ///
    /// - Parameter backups: of the new home; `nil` for the other backups that there are. The home before is left out then, for it may
    ///   stay away, and ``change(backups:of:within:)`` takes it in again; where there is no other backup the new home goes on alone. It
    ///   stays as a backup where it is heard of and no other one is.
    package func takeOver(_ volume: VolumeID, backups: [NodeID]? = nil) async throws(VolumeRefusal) {
        let kept = try kept(volume)
        if let failure = kept.failure { throw .failed("\(volume) does not go on here: \(failure)") }
        let result = await withCheckedContinuation { continuation in
            kept.takeOver(backups: backups) { continuation.resume(returning: $0) }
        }
        if case .failure(let refusal) = result { throw .takeover(refusal) }
    }

    /// Changes which nodes keep the journal besides the home. New ones are given a copy of the state first, and stores are told that they
    /// may take the volume over, should the home be lost right afterwards.
    ///
    /// - Throws: ``VolumeRefusal/slow(_:)`` when that has not come to an end in time.
    package func change(
        backups: [NodeID], of volume: VolumeID, within patience: Duration = .seconds(60)
    ) async throws(VolumeRefusal) {
        let (kept, home) = try home(of: volume)
        let wanted = JournalMembership(JournalSet(home: surroundings.node, backups: backups))
        guard kept.change(backups: backups) else { throw .notHome(volume, home: nil) }
        let deadline = ContinuousClock.now + patience
        while kept.replica?.log.membership != wanted || kept.replica?.isSettled == false {
            guard ContinuousClock.now < deadline else { throw .slow("changing the backups of \(volume)") }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { throw .slow("changing the backups of \(volume)") }
        }
        await withCheckedContinuation { continuation in
            home.admission.name(heirs: backups) { continuation.resume() }
        }
    }

    /// These nodes have left the pool, for good: no volume waits for one of them, where that loses nothing.
    package func expel(_ nodes: Set<NodeID>) { for kept in state.withLock({ $0.volumes.values }) { kept.expel(nodes) } }

    /// Deletes a volume: its blocks on all stores that are heard of, and its metadata here and on its backups.
    ///
    /// - Parameter isForced: also while it is mounted.
    /// - Returns: stores that may have blocks of it still, with the fence under which they can be told later.
    @discardableResult
    package func delete(_ volume: VolumeID, isForced: Bool = false) async throws(VolumeRefusal) -> [NodeID: BlockFence] {
        let (kept, home) = try home(of: volume)
        guard isForced || home.sessions.isEmpty else { throw .inUse(volume, Set(home.sessions.map(\.node)).sorted()) }
        let backups = kept.replica?.log.membership.nodes.filter { $0 != surroundings.node } ?? []
        let owing = await home.upkeep.drop()
        // A backup that has deleted it must not be given it anew.
        kept.stop()
        let message = VolumeDeletion(of: volume, epoch: home.epoch).encoded
        for backup in backups {
            let frame = FrameMessage(code: VolumeDeletion.code, body: ByteBuffer(bytes: message))
            // One that is not reached keeps what nobody asks for any more, until it is deleted there.
            _ = try? await pools.pool(to: backup)?.call(frame, within: options.deletionPatience)
        }
        if let error = discard(volume) { throw .failed("\(error)") }
        return owing
    }

    /// Removes what this node keeps of a volume that has not come to be: nobody has used it.
    package func abandon(_ volume: VolumeID) throws(VolumeRefusal) {
        if let error = discard(volume) { throw .failed("\(error)") }
    }

    /// Removes what this node keeps of a volume that has its home elsewhere, and whose journal it does not keep any more.
    package func forget(_ volume: VolumeID) throws(VolumeRefusal) {
        if let kept = self.volume(volume), kept.replica?.log.membership.nodes.contains(surroundings.node) ?? false {
            throw .failed("this node keeps the journal of \(volume); change its backups on its home first")
        }
        if let error = discard(volume) { throw .failed("\(error)") }
    }
}
