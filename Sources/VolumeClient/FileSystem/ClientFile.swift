internal import Dispatch
internal import Resources
internal import Synchronization
internal import Volumes

/// What a client has of one inode.
final class ClientFile: Sendable {
    struct State {
        /// As the home told it, with what was changed here since; `nil` when nothing is known that holds.
        var inode: Inode?
        var lease: CacheLease?
        var stamp: UInt64 = 0
        /// Of the last recall that was heeded.
        var heeded: UInt64 = 0
        var extents = ExtentMap()
        /// Another one for each time that it is held without a break.
        var holding = 0
        /// Whether the kernel may keep content that was read without a lease.
        var wasReadUnheld = false
        /// How often the kernel is being made to forget it.
        var forgetting = 0
        /// Names in a directory that the kernel keeps, because of the lease.
        var names: Set<FileName> = []
        /// How the inode was when its last name went, if it was not open: the kernel may still ask for it.
        var last: Inode?
        /// It was made here, and nobody else had a lease of it since: nobody else has it open.
        var isOwn = false
        /// What is told of the inode as it was before this is out of date: entries of it were changed.
        var entriesChanged: FileTime?
        /// Another one each time that entries of a directory may have become others.
        var listingNumber = 0
        var dirty = DirtyContent()
        /// Whether what waits goes out when it is old.
        var isAgeing = false
        /// Content on its way, in the order in which it was written.
        var flying: [Flight] = []
        var stranded: Stranded?
        /// How many wait until all that was written is durable.
        var synchronizing = 0
        var handles = 0
        /// How often the kernel was told of it and has not forgotten it.
        var lookups: UInt64 = 0
        /// Sticks until somebody was told.
        var error: PosixError?
    }

    /// Content that is being stored, or is stored and not told to the home yet.
    final class Flight: Sendable {
        let runs: [DirtyContent.Run]
        /// When the last of it was written.
        let modified: FileTime
        /// Under whose lease it was written.
        let session: SessionID
        /// What was stored, once it is.
        let block: Mutex<Result<(NewBlock, [Extent]), PosixError>?> = Mutex(nil)
        /// Why it could not be stored so far.
        let hindrance: Mutex<PosixError?> = Mutex(nil)
        /// Opens when it is known what has become of it.
        let end = Gate()

        init(_ runs: [DirtyContent.Run], modified: FileTime, of session: SessionID) {
            self.runs = runs
            self.modified = modified
            self.session = session
        }

        var count: Int { runs.reduce(0) { $0 + $1.bytes.count } }
    }

    let number: InodeNumber
    let state: Mutex<State>
    /// Held by whoever tells the home what has landed, so that it is told in its order.
    let telling = Turnstile()

    init(_ number: InodeNumber) {
        self.number = number
        state = Mutex(State())
    }

    /// Takes what came with an answer.
    ///
    /// - Parameter floor: a grant counts only when its stamp is higher.
    func take(_ grant: LeaseGrant, _ inode: Inode?, above floor: () -> UInt64) {
        state.withLock { state in
            if grant.stamp > max(state.stamp, state.heeded, floor()) {
                if state.lease == nil {
                    state.extents = ExtentMap()
                    state.holding += 1
                }
                (state.lease, state.stamp) = (grant.lease, grant.stamp)
            }
            if let inode, state.lease != nil { state.note(inode) }
        }
    }

    func take(_ inode: Inode) { state.withLock { if $0.lease != nil { $0.note(inode) } } }
}

extension ClientFile.State {
    /// What the home says of an inode, with what it does not know yet.
    mutating func note(_ told: Inode) {
        if let known = inode, known.version > told.version { return }
        if let entriesChanged, told.changed < entriesChanged { return }
        if inode?.version != told.version, !isWriting { extents = ExtentMap() }
        var merged = told
        if isWriting, let known = inode {
            merged.size = max(told.size, known.size)
            merged.allocated = min(merged.size, told.allocated + UInt64(dirty.count + flying.reduce(0) { $0 + $1.count }))
            merged.modified = known.modified
            merged.changed = max(told.changed, known.changed)
        }
        inode = merged
    }

    /// Takes content that was written, and what it means for the attributes.
    ///
    /// - Precondition: there is a write lease, and the inode is known.
    /// - Returns: how many bytes more wait to be stored.
    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64, _ time: FileTime) -> Int {
        let before = dirty.count
        dirty.write(bytes, at: offset)
        let added = dirty.count - before
        guard var inode else { preconditionFailure("an inode that is not known is not written to") }
        inode.size = max(inode.size, offset + UInt64(bytes.count))
        inode.allocated = min(inode.size, inode.allocated + UInt64(added))
        (inode.modified, inode.changed) = (time, max(inode.changed, time))
        self.inode = inode
        return added
    }

    /// Drops content that waits to be stored, of a file that nobody can ever read any more.
    ///
    /// - Returns: how much it was; `nil` when somebody else may have the file open.
    mutating func dropOwn() -> Int? {
        guard isOwn else { return nil }
        defer { dirty = DirtyContent() }
        return dirty.count
    }

    /// Entries of a directory were changed by this session.
    ///
    /// - Parameter told: how it is since.
    mutating func changeEntries(at time: FileTime, _ told: Inode?) {
        listingNumber += 1
        entriesChanged = max(entriesChanged ?? time, time)
        if let told, lease != nil { note(told) }
        if let inode, inode.changed < time { self.inode = nil }
    }

    /// What is written and not told to the home yet, in a range: as it was written, the newest last.
    func pending(in range: Range<UInt64>) -> [DirtyContent.Run] {
        (flying.flatMap(\.runs) + dirty.runs).filter { $0.range.overlaps(range) }
    }

    /// Whether what the kernel keeps of the content is what is there; it forgets all when it opens the file otherwise.
    mutating func keepsCache() -> Bool {
        guard lease != nil, forgetting == 0 else { return false }
        defer { wasReadUnheld = false }
        return !wasReadUnheld
    }

    /// Content was read since a moment, and the kernel keeps it.
    ///
    /// - Parameter before: ``holding`` at that moment; `nil` without a lease.
    /// - Returns: `false` when it may be older than the lease that there is now.
    mutating func wasRead(since before: Int?) -> Bool {
        if before == nil || lease == nil { wasReadUnheld = true }
        return lease == nil || holding == before
    }

    var isWriting: Bool { !dirty.isEmpty || !flying.isEmpty || stranded != nil }

    /// Whether what is written now will be told before the lease is given back. Once it is recalled that is over: what there is is
    /// told then, and no more may come.
    var mayWrite: Bool { lease == .write && inode != nil && stamp > heeded }
}
