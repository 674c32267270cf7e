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
        /// Names in a directory that the kernel keeps, because of the lease.
        var names: Set<FileName> = []
        var dirty = DirtyContent()
        /// Content on its way, in the order in which it was written.
        var flying: [Flight] = []
        var handles = 0
        /// Sticks until somebody was told.
        var error: PosixError?
    }

    /// Content that is being stored, or is stored and not told to the home yet.
    final class Flight: Sendable {
        let runs: [DirtyContent.Run]
        /// Under whose lease it was written.
        let session: SessionID
        let landed = DispatchGroup()
        let block: Mutex<Result<(NewBlock, [Extent]), PosixError>?> = Mutex(nil)

        init(_ runs: [DirtyContent.Run], of session: SessionID) {
            self.runs = runs
            self.session = session
            landed.enter()
        }
    }

    let number: InodeNumber
    let state: Mutex<State>
    /// Held by whoever tells the home what has landed, so that it is told in its order.
    let telling = Mutex(())

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
                if state.lease == nil { state.extents = ExtentMap() }
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
        if inode?.version != told.version, !isWriting { extents = ExtentMap() }
        var merged = told
        if isWriting, let known = inode {
            merged.size = max(told.size, known.size)
            merged.modified = max(told.modified, known.modified)
        }
        inode = merged
    }

    var isWriting: Bool { !dirty.isEmpty || !flying.isEmpty }
}
