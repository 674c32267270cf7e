internal import BlockStore
package import Frames
internal import NIOCore
package import Resources
internal import Synchronization
internal import Volumes

// What other nodes ask of it. Whoever has borrowed room for a volume decides about the volume; it says who may use it.

extension LentStorage: FrameService {
    package var codes: ClosedRange<UInt16> { BlockRequest.codes }

    package func answer(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> FrameMessage {
        try answer(request, of: caller.node)
    }

    /// Answers what a node asks, also this one itself.
    package func answer(_ request: FrameMessage, of caller: NodeID) throws(FrameRefusal) -> FrameMessage {
        let message = try BlockMessage(request)
        let (book, lent, broken) = state.withLock { ($0.book, $0.volumes[message.volume], $0.broken[message.volume]) }
        if case .bind(let lease) = message.request { return reply(bind(lease, to: message.volume, caller)) }
        if let broken { return FrameMessage(.failed(BlockFault(broken, of: message.volume))) }
        guard let lent, !book.isUnused(message.volume) else { return FrameMessage(.failed(.notLent(message.volume))) }
        let isAdministrator = book.isAdministrator(caller, of: message.volume, here: node)
        if !isAdministrator {
            try check(message.request.access, caller, message.volume, book)
        }
        switch message.request {
        case .admit(let nodes, let heirs, let epoch): return reply(admit(nodes, heirs, lent, epoch))
        case .drop(let epoch): return reply(drop(lent, epoch))
        default: return work(message.request, request.pieces, for: caller, isAdministrator, on: lent)
        }
    }

    private func check(
        _ access: VolumeAccess, _ node: NodeID, _ volume: VolumeID, _ book: LendingBook
    ) throws(FrameRefusal) {
        guard access != .administer else {
            throw FrameRefusal(.notPermitted, "only who has borrowed room here for \(volume) decides about it")
        }
        guard book[volume]?.admitted.contains(node) == true else {
            throw FrameRefusal(.notPermitted, "the home of \(volume) has not said that \(node) uses it")
        }
    }

    private func reply(_ fault: BlockFault?) -> FrameMessage { FrameMessage(fault.map { .failed($0) } ?? .done) }

    // MARK: Blocks

    private func work(
        _ request: BlockRequest, _ body: [ByteBuffer], for node: NodeID, _ isAdministrator: Bool, on lent: LentVolume
    ) -> FrameMessage {
        var work = Work(
            store: lent.store, grants: lent.grants, node: node, volume: lent.volume, isAdministrator: isAdministrator)
        switch request {
        case .put:
            return lent.takingNew { work.reply(to: request, body) } ?? FrameMessage(.failed(.leaving(lent.volume)))
        case .grant(let bytes):
            if lent.want(bytes) { alarm.ring() }
            work.roomOnDisk = roomOnDisk
            return lent.takingNew { [work] in work.reply(to: request, body) } ?? FrameMessage(.failed(.leaving(lent.volume)))
        case .usage:
            (work.isLeaving, work.copyRate, work.roomOnDisk) = (lent.isLeaving, state.withLock { $0.copyRate }, roomOnDisk)
        default: break
        }
        let reply = work.reply(to: request, body)
        if case .delete = request {
            settle(lent)
            if lent.isWanted { alarm.ring() }
        }
        return reply
    }

    /// What the file system has that was granted to nobody: the owner may have filled it meanwhile.
    private var roomOnDisk: Bytes? {
        let volumes = state.withLock { Array($0.volumes.values) }
        return place.free.map { free in volumes.reduce(free) { $0 - $1.store.usage.granted } }
    }

    /// When enough was deleted something new is taken again, or leases that are given back end.
    private func settle(_ lent: LentVolume) {
        guard lent.isLeaving else { return }
        lent.settle(capacity: state.withLock { $0.book.capacity(of: lent.volume) })
        if !lent.isLeaving { alarm.ring() }
    }

    // MARK: Leases

    private func bind(_ lease: LeaseID, to volume: VolumeID, _ caller: NodeID) -> BlockFault? {
        var fault: BlockFault?
        do throws(LendingError) {
            try change { book throws(LendingError) in
                fault = book.refusal(to: lease, volume, caller, here: node)
                guard fault == nil, var loan = book[lease] else { return }
                let before = setAside(book)
                loan.volume = volume
                book[lease] = loan
                book[volume] = book[volume] ?? LendingBook.Use(volume: volume)
                // What was lent to take another volume over is not there besides.
                if setAside(book) > before { try checkRoom(book, needed: loan.size) }
            }
        } catch { return BlockFault(error, of: volume) }
        return fault
    }

    private func admit(_ nodes: [NodeID], _ heirs: [NodeID], _ lent: LentVolume, _ epoch: UInt64) -> BlockFault? {
        do throws(LendingError) {
            try remember(epoch, lent)
            try change { book in
                guard var use = book[lent.volume] else { return }
                (use.admitted, use.heirs) = (Set(nodes).sorted(), Set(heirs).sorted())
                book[lent.volume] = use
            }
            return nil
        } catch { return BlockFault(error, of: lent.volume) }
    }

    private func drop(_ lent: LentVolume, _ epoch: UInt64) -> BlockFault? {
        do throws(LendingError) {
            try remember(epoch, lent)
            do throws(LendingError) { try change { $0.drop(lent.volume) } } catch {
                guard case .store(.full) = error else { throw error }
                // The book has room when what was there is gone.
                do throws(BlockStoreError) { _ = try lent.store.evict(downTo: .zero) } catch { throw .store(error) }
                try change { $0.drop(lent.volume) }
            }
            alarm.ring()
            return nil
        } catch { return BlockFault(error, of: lent.volume) }
    }

    private func remember(_ epoch: UInt64, _ lent: LentVolume) throws(LendingError) {
        do throws(BlockStoreError) {
            try lent.store.raise(epoch, of: lent.volume)
            try lent.store.synchronize()
        } catch { throw .store(error) }
    }
}

extension BlockFault {
    fileprivate init(_ error: LendingError, of volume: VolumeID) {
        switch error {
        case .store(let error): self = .init(error, of: volume)
        case .noRoom(let needed, let left), .diskFull(let needed, let left): self = .full(needed: needed, free: left)
        case .borrowed(let lease, _), .ending(let lease): self = .lease(lease, "cannot be used: \(error)")
        case .book(let fault): self = .disk(file: "lending.json", fault)
        }
    }
}

extension LendingBook {
    /// Why a lease is not bound to a volume.
    fileprivate func refusal(to lease: LeaseID, _ volume: VolumeID, _ caller: NodeID, here: NodeID) -> BlockFault? {
        guard let loan = self[lease], loan.borrower == caller else {
            return .lease(lease, "is no lease under which this node lends room to \(caller)")
        }
        guard loan.isOpen else { return .lease(lease, "is being given back; borrow another one") }
        guard loan.volume == nil || loan.volume == volume else { return .lease(lease, "is bound to another volume") }
        guard self[volume]?.isDropped != true else { return .lease(lease, "has to wait until what was there is deleted") }
        guard mayBind(caller, to: volume, here: here) else {
            return .lease(lease, "is not for \(volume), whose home has not named \(caller) as one that may take it over")
        }
        return nil
    }
}
