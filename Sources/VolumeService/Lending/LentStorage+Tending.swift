internal import BlockStore
package import Resources
internal import Synchronization

// What a lender does while nobody waits for it: it wins room back, and ends leases that were given back.

extension LentStorage {
    /// The least part of a segment, in percent, that has to be dead for its room to be won back, and where room is wanted back.
    private static let worthwhile: Int64 = 50
    private static let anything: Int64 = 1

    /// Tends what is lent until it is stopped. Blocks the thread.
    package func run(every pause: Microseconds = .seconds(5)) {
        while alarm.wait(pause) { tend() }
    }

    /// ``run(every:)`` comes back soon. What is lent can be used all the same.
    package func stop() { alarm.end() }

    /// Does what there is to be done.
    package func tend() {
        tending.withLock { _ in
            catchUp()
            removeDropped()
            for lent in state.withLock({ $0.volumes.values.sorted { $0.volume < $1.volume } }) { tend(lent) }
            closeUnbound()
            dropUnused()
            removeDropped()
        }
    }

    private func tend(_ lent: LentVolume) {
        let book = state.withLock { $0.book }
        let capacity = book.capacity(of: lent.volume)
        lent.settle(capacity: capacity)
        // A disk that fails is told to those who ask for something.
        try? winBack(lent, downTo: capacity)
        try? close(lent, book.loans(of: lent.volume).filter { !$0.isOpen }, capacity)
        lent.settle(capacity: capacity)
    }

    /// Frees what dead blocks take: as far as it is worth the copying, and all that it takes where then no more is used than may be,
    /// or room is there that is wanted. What is leaving as a whole is not copied for that: its files go with the last block.
    private func winBack(_ lent: LentVolume, downTo size: Bytes) throws(BlockStoreError) {
        let wanted = lent.takeWanted()
        while try lent.store.compact(atLeast: Self.worthwhile) != nil {}
        func isShort() -> Bool {
            let usage = lent.store.usage
            let (isBeyond, canFit) = (usage.live + usage.dead > size, size > .zero && usage.live <= size)
            return isBeyond && canFit || usage.free < wanted && usage.live + wanted <= usage.capacity
        }
        while isShort(), try lent.store.compact(atLeast: Self.anything) != nil {}
        guard isShort(), lent.store.usage.dead > .zero else { return }
        try lent.store.beginSegment()
        while isShort(), try lent.store.compact(atLeast: Self.anything) != nil {}
    }

    // MARK: Ending leases

    /// Ends those that are not needed any more, and those whose time is over: the first to be over first.
    private func close(_ lent: LentVolume, _ ending: [LendingBook.Loan], _ capacity: Bytes) throws(BlockStoreError) {
        let now = clock()
        var rest = ending.reduce(capacity) { $0 + $1.size }
        for loan in ending.sorted(by: { $0.remaining(at: now) < $1.remaining(at: now) }) {
            rest -= loan.size
            if !lent.fits(rest) {
                guard loan.remaining(at: now) <= .zero else { return }
                try evict(lent, downTo: rest)
            }
            close(loan)
        }
    }

    private func close(_ loan: LendingBook.Loan) {
        changeForSure { $0[loan.lease] = nil }
        onClosed(loan.lease)
    }

    /// Deletes blocks though nobody has said that they are elsewhere.
    private func evict(_ lent: LentVolume, downTo size: Bytes) throws(BlockStoreError) {
        // It has to be noted what was deleted, which takes room, too. On a file system that has none for copies, only whole segments
        // go.
        for sixteenths in [15, 7, 0] as [Int64] where !lent.fits(size) {
            _ = try lent.store.evict(downTo: size.scaled(by: sixteenths, over: 16))
            do throws(BlockStoreError) { try winBack(lent, downTo: size) } catch {
                guard case .full = error else { throw error }
            }
        }
    }

    private func closeUnbound() {
        for loan in state.withLock({ $0.book.loans }) where !loan.isOpen && loan.volume == nil { close(loan) }
    }

    // MARK: Ending volumes

    private func dropUnused() {
        for lent in state.withLock({ $0.volumes.values.sorted { $0.volume < $1.volume } }) {
            let use = state.withLock { $0.book[lent.volume] }
            let isLeft = use.map { $0.isOwn && $0.own == .zero } == true && lent.fits(.zero)
            guard isLeft || state.withLock({ $0.book.isUnused(lent.volume) }) else { continue }
            changeForSure { book in
                if isLeft, book[lent.volume]?.own == .zero { book[lent.volume]?.isOwn = false }
                if book.isUnused(lent.volume) { book.drop(lent.volume) }
            }
        }
    }

    /// Deletes what is there of volumes that were dropped.
    private func removeDropped() {
        for use in state.withLock({ $0.book.uses }) where use.isDropped {
            let open = state.withLock { state in
                state.broken[use.volume] = nil
                return state.volumes.removeValue(forKey: use.volume)
            }
            do throws(BlockStoreError) {
                if let open { try open.store.remove() }
                try BlockStore.removeFiles(on: try place.blocks(of: use.volume))
                place.forget(use.volume)
                changeForSure { $0[use.volume] = nil }
            } catch {}
        }
    }
}

extension LentVolume {
    /// Whether its files take no more than this. Where nothing is to be left, blocks count: the files go with the last lease.
    fileprivate func fits(_ size: Bytes) -> Bool { size == .zero ? store.usage.live == .zero : used <= size }
}

extension LendingBook.Loan {
    fileprivate func remaining(at now: Moment) -> Microseconds { end?.remaining(at: now) ?? .zero }
}
