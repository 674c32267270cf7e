internal import Resources
internal import Synchronization
package import Volumes

// What was written and not told to the home before the session was over is kept, and told in the session that follows, where nobody has
// changed the file meanwhile.

/// Content that waits for a session in which it can be told.
struct Stranded {
    /// In the order in which they were written.
    let runs: [DirtyContent.Run]
    /// How many of them are in a block of which the home may have been told, and in which one.
    let first: (count: Int, block: BlockID)?
    /// Of the inode, as the home told it last.
    let version: UInt64
    /// When the last of it was written.
    let modified: FileTime
}

extension VolumeFileSystem {
    package var stranded: [StrandedContent] {
        allFiles.compactMap { file in
            file.state.withLock(\.stranded).map { stranded in
                let first = stranded.first.flatMap { first in stranded.runs.first.map { (first.block, $0.offset) } }
                return StrandedContent(file.number, version: stranded.version, first: first)
            }
        }.sorted { $0.inode < $1.inode }
    }

    package func recover(_ content: StrandedContent, _ inode: Inode, _ grants: [LeaseGrant], isTold: Bool) -> Bool {
        let file = file(content.inode)
        take(grants, inode)
        let isSame = inode.version == content.version + (isTold ? 1 : 0)
        let recovered = file.state.withLock { state -> Int? in
            guard state.mayWrite else { return nil }
            return isSame ? state.recover(isTold: isTold) : 0
        }
        guard let recovered else { return false }
        promises.owe(recovered)
        if !isSame { giveUp(content, .inputOutput) }
        return true
    }

    package func giveUp(_ content: StrandedContent, _ error: PosixError) {
        file(content.inode).state.withLock { state in
            state.stranded = nil
            state.error = state.error ?? error
        }
        onLoss(content.inode, error)
    }

    /// The session is over: others may have changed everything meanwhile.
    ///
    /// - Parameter hadLocks: that nobody else would change it: what was written under them is lost with them.
    func lose(_ file: ClientFile, hadLocks: Bool) {
        let (ended, isLost) = file.state.withLock { state in
            let (ended, wasWriting) = (state.flying, state.isWriting)
            if hadLocks { state.stranded = nil } else { state.strand() }
            let isLost = wasWriting && state.stranded == nil
            if hadLocks || isLost { state.error = state.error ?? .inputOutput }
            (state.lease, state.inode, state.extents, state.dirty, state.flying) = (nil, nil, ExtentMap(), DirtyContent(), [])
            state.isOwn = false
            state.entriesChanged = nil
            state.listingNumber += 1
            return (ended, isLost)
        }
        for flight in ended { flight.end.open() }
        if isLost { onLoss(file.number, .inputOutput) }
    }

    /// Sends what was recovered on its way.
    func storeOn(_ file: ClientFile) {
        let (isWriting, isOpen) = file.state.withLock { (!$0.dirty.isEmpty, $0.handles > 0) }
        guard isWriting else { return }
        if isOpen { launch(file, onlyFull: true) } else { storeSoon(file) }
    }
}

extension ClientFile.State {
    fileprivate mutating func strand() {
        guard let inode, !dirty.isEmpty || !flying.isEmpty else { return }
        let first = flying.first.flatMap { flight -> (Int, BlockID)? in
            guard case .success((let block, _))? = flight.block.withLock({ $0 }) else { return nil }
            return (flight.runs.count, block.id)
        }
        stranded = Stranded(
            runs: flying.flatMap(\.runs) + dirty.runs, first: first, version: inode.version, modified: inode.modified)
    }

    /// - Returns: how many bytes wait to be stored again.
    fileprivate mutating func recover(isTold: Bool) -> Int {
        guard let stranded else { return 0 }
        self.stranded = nil
        let rest = stranded.runs.dropFirst(isTold ? stranded.first?.count ?? 0 : 0)
        return rest.reduce(0) { count, run in count + run.bytes.withUnsafeBytes { write($0, at: run.offset, stranded.modified) } }
    }
}
