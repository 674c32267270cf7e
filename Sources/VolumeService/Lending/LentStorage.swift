internal import BlockStore
package import Resources
internal import Synchronization
internal import Volumes

/// Room on this node's disk that other nodes have borrowed, and the blocks that they keep in it.
///
/// Each volume has a store of its own, as large as the leases that their borrowers have bound to it. What is lent, to whom, for what,
/// and who may use it are kept beside the blocks, so that all is as it was after a restart. Calls block, and may come from many
/// threads. ``tend()`` has to be called from time to time, or ``run(every:)`` from a thread of its own.
package final class LentStorage: Sendable {
    package struct Options: Sendable {
        /// What the owner sets aside for blocks, at most.
        package var room: Bytes
        /// At which size a segment of a store is full.
        package var segmentSize = Bytes.mebibytes(256)

        package init(room: Bytes) { self.room = room }
    }

    struct State {
        var book: LendingBook
        var volumes: [VolumeID: LentVolume] = [:]
        /// Stores that could not be opened.
        var broken: [VolumeID: BlockStoreError] = [:]
        /// Whether the book on the disk is that of before.
        var isBehind = false
        var copyRate: Bytes?
        var room: Bytes
    }

    let place: any LendingPlace
    let node: NodeID
    let options: Options
    let clock: @Sendable () -> Moment
    let onClosed: @Sendable (LeaseID) -> Void
    let state: Mutex<State>
    /// Held by whoever changes the book.
    private let changing = Mutex(())
    /// Held by whoever works on files beside the callers.
    let tending = Mutex(())
    let alarm = Alarm()

    /// - Parameters:
    ///   - node: this one.
    ///   - onClosed: nothing of a lease that was given back is on the disk any more. It is called from any thread, must not call back,
    ///     and may be called more than once for a lease.
    /// - Throws: ``LendingError/book(_:)``, ``LendingError/store(_:)``.
    package init(
        in place: any LendingPlace, as node: NodeID, _ options: Options, clock: @escaping @Sendable () -> Moment,
        onClosed: @escaping @Sendable (LeaseID) -> Void
    ) throws(LendingError) {
        (self.place, self.node, self.options, self.clock, self.onClosed) = (place, node, options, clock, onClosed)
        let book = try LendingBook(on: place.book)
        state = Mutex(State(book: book, room: options.room))
        for use in book.uses where !use.isDropped {
            do throws(BlockStoreError) { try openStore(of: use.volume, book) } catch {
                state.withLock { $0.broken[use.volume] = error }
            }
        }
    }

    private func openStore(of volume: VolumeID, _ book: LendingBook) throws(BlockStoreError) {
        let capacity = book.capacity(of: volume)
        let store = try BlockStore(
            on: try place.blocks(of: volume), .init(capacity: capacity, segmentSize: options.segmentSize))
        let opened = LentVolume(volume, store)
        opened.settle(capacity: capacity)
        state.withLock { $0.volumes[volume] = opened }
    }

    func used(_ volume: VolumeID) -> Bytes { state.withLock { $0.volumes[volume] }?.used ?? .zero }

    // MARK: Leases

    /// Sets room aside for a lease, or another amount than before. One that is there already is left as it is.
    ///
    /// - Throws: ``LendingError``; then nothing has changed.
    package func open(_ lease: LeaseID, _ size: Bytes, of borrower: NodeID) throws(LendingError) {
        try change { book throws(LendingError) in
            guard var loan = book[lease] else {
                book[lease] = LendingBook.Loan(lease: lease, borrower: borrower, size: size)
                return try checkRoom(book, needed: size)
            }
            guard loan.borrower == borrower else { throw .borrowed(lease, by: loan.borrower) }
            guard loan.isOpen else { throw .ending(lease) }
            let added = size - loan.size
            loan.size = size
            book[lease] = loan
            if added > .zero { try checkRoom(book, needed: added) }
        }
    }

    /// Gives room of this node to a volume of its own, or another amount than before. What is there stays until it is elsewhere, also
    /// when it is to be nothing.
    ///
    /// - Throws: ``LendingError``; then nothing has changed.
    package func give(_ size: Bytes, to volume: VolumeID) throws(LendingError) {
        try change { book throws(LendingError) in
            var use = book[volume] ?? LendingBook.Use(volume: volume)
            guard !use.isDropped else { throw .store(.removed) }
            let added = size - use.own
            (use.own, use.isOwn) = (size, use.isOwn || size > .zero)
            book[volume] = use
            if added > .zero { try checkRoom(book, needed: added) }
        }
        alarm.ring()
    }

    /// A lease has ended: takes nothing new for what goes beyond the leases that are left, and lets the borrower move what is there.
    /// `onClosed` is called when that is done, or when this time is over and what was still there is deleted. What is given back
    /// already goes on as it was.
    package func drain(_ lease: LeaseID, hold: Microseconds) {
        let isThere = state.withLock { $0.book[lease] != nil }
        guard isThere else { return onClosed(lease) }
        changeForSure { book in
            guard var loan = book[lease], loan.isOpen else { return }
            loan.end = Deadline(hold, after: clock())
            book[lease] = loan
        }
        alarm.ring()
    }

    /// Brings what is lent into line with the leases that are open, after a restart. Those that are not among them are given back as
    /// with ``drain(_:hold:)``.
    ///
    /// - Returns: for which of them no room could be set aside, and why.
    package func reconcile(_ open: [OpenLease], hold: Microseconds) -> [LeaseID: LendingError] {
        let known = Set(open.map(\.lease))
        for loan in state.withLock({ $0.book.loans }) where loan.isOpen && !known.contains(loan.lease) {
            drain(loan.lease, hold: hold)
        }
        var failures: [LeaseID: LendingError] = [:]
        for lease in open {
            do throws(LendingError) { try self.open(lease.lease, lease.size, of: lease.borrower) } catch {
                failures[lease.lease] = error
            }
        }
        return failures
    }

    /// What the owner allows: bytes that may be lent, and bytes a second for copies. Less than is lent takes nothing from who has it.
    package func allow(room: Bytes, copyRate: Bytes?) { state.withLock { ($0.room, $0.copyRate) = (room, copyRate) } }

    func setAside(_ book: LendingBook) -> Bytes {
        let used = state.withLock { $0.volumes }.mapValues(\.used)
        return book.setAside { used[$0] ?? .zero }
    }

    func checkRoom(_ book: LendingBook, needed: Bytes) throws(LendingError) {
        let (volumes, room) = state.withLock { ($0.volumes, $0.room) }
        let used = volumes.mapValues(\.used)
        let excess = book.setAside { used[$0] ?? .zero } - room
        guard excess <= .zero else { throw .noRoom(needed: needed, left: max(.zero, needed - excess)) }
        guard let free = place.free else { return }
        let unfounded = book.unused { used[$0] ?? .zero } - free
        guard unfounded <= .zero else { throw .diskFull(needed: needed, left: max(.zero, needed - unfounded)) }
    }

    // MARK: The book

    /// Changes the book; it is durable before anything goes by it.
    func change(_ body: (inout LendingBook) throws(LendingError) -> Void) throws(LendingError) {
        let result = changing.withLock { _ -> Result<Void, LendingError> in
            var book = state.withLock { $0.book }
            do throws(LendingError) {
                try body(&book)
                guard book != state.withLock({ $0.book }) else { return .success(()) }
                try write(book)
                try apply(book)
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
    }

    /// As ``change(_:)``, for what has to be so though the disk does not take it now: it is written later.
    func changeForSure(_ body: (inout LendingBook) -> Void) {
        changing.withLock { _ in
            var book = state.withLock { $0.book }
            body(&book)
            let isWritten: Bool
            do throws(LendingError) {
                try write(book)
                isWritten = true
            } catch { isWritten = false }
            state.withLock { $0.isBehind = !isWritten }
            // Nothing that could fail is opened for what is taken away.
            try? apply(book)
        }
    }

    /// Writes the book again when it could not be written before.
    func catchUp() {
        guard state.withLock({ $0.isBehind }) else { return }
        changeForSure { _ in }
    }

    private func write(_ book: LendingBook) throws(LendingError) {
        do throws(BlockStoreError) { try book.write(to: place.book) } catch { throw .store(error) }
    }

    private func apply(_ book: LendingBook) throws(LendingError) {
        state.withLock { $0.book = book }
        for use in book.uses where !use.isDropped {
            let (volume, isBroken) = state.withLock { ($0.volumes[use.volume], $0.broken[use.volume] != nil) }
            if let volume { volume.settle(capacity: book.capacity(of: use.volume)) }
            guard volume == nil, !isBroken else { continue }
            do throws(BlockStoreError) { try openStore(of: use.volume, book) } catch {
                state.withLock { $0.broken[use.volume] = error }
                throw .store(error)
            }
        }
    }
}

/// A lease that this node has lent, and that has not ended.
package struct OpenLease: Hashable, Sendable {
    package let lease: LeaseID
    package let borrower: NodeID
    package let size: Bytes

    package init(_ lease: LeaseID, _ size: Bytes, of borrower: NodeID) {
        (self.lease, self.size, self.borrower) = (lease, size, borrower)
    }
}
