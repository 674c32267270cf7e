internal import Dispatch
package import Mounts
internal import Resources
internal import Synchronization
package import Volumes

/// A volume as a file system: names and attributes from its home, content from and to the nodes that store it.
///
/// What is written is kept here and goes out in blocks while the program goes on; it is durable when ``synchronize(_:_:dataOnly:)``
/// comes back. Nobody else sees a file as long as this session has its write lease, and before that is given back all is told.
package final class VolumeFileSystem: FileSystem {
    /// For how long the kernel may keep what a lease covers: until it is told otherwise.
    static let held = Microseconds.hours(1)
    /// Bytes that are on their way to stores; who writes more waits.
    static let mostUnderWay = 32 << 20

    let home: HomeLink
    let blocks: BlockPool
    /// Inodes of which something is kept at most, besides those that are open or written to.
    package static let mostFiles = 1 << 16

    let files = Mutex(KeptFiles())
    let mostFiles: Int
    let returns = LeaseReturns()
    let listings = Mutex<(next: UInt64, open: [UInt64: Listing])>((1, [:]))
    let mount = Mutex<Mount?>(nil)
    let flights = OwnThreads(label: "surplus.volume.flights")
    let recalls = OwnThreads(label: "surplus.volume.recalls")
    let forgetting = OwnThreads(label: "surplus.volume.forgetting")
    /// In which files are stored in the background, so many at a time.
    let lanes = (0..<8).map { DispatchQueue(label: "surplus.volume.lane-\($0)") }
    let room = DispatchSemaphore(value: mostUnderWay / DirtyContent.longestRun)
    let promises: Promises
    let writeback: Writeback
    /// Calls of the kernel's that wait for the home.
    private let calls = Atomic<Int>(0)
    /// Whether each change of names and attributes is durable when it comes back.
    private let changesDurably: Bool
    let clock = HomeClock()
    let locks = ClientLocks()
    /// Grants up to this stamp are not taken any more.
    let floor = Atomic<UInt64>(0)

    let onLoss: @Sendable (InodeNumber, PosixError) -> Void

    /// - Parameters:
    ///   - age: what was written longer ago goes out by itself.
    ///   - changesDurably: whether each change of names and attributes is durable when it comes back.
    ///   - onLoss: is told of a file of which something was written that is lost, or may be; on any thread, must not block.
    package init(
        home: HomeLink, blocks: BlockPool, mostFiles: Int = mostFiles, age: Duration = .seconds(30),
        changesDurably: Bool = false,
        onLoss: @escaping @Sendable (InodeNumber, PosixError) -> Void = { _, _ in }
    ) {
        self.home = home
        self.mostFiles = mostFiles
        self.blocks = blocks
        (self.changesDurably, self.onLoss) = (changesDurably, onLoss)
        promises = Promises(home, blocks, rest: blocks.options.rest)
        writeback = Writeback(age: age.microseconds)
        home.attach(self)
    }

    /// The mount that is told when what the kernel keeps is not so any more.
    package func attach(_ mount: Mount) { self.mount.withLock { $0 = mount } }

    func file(_ number: InodeNumber) -> ClientFile {
        let (file, areTooMany) = files.withLock { files in
            if let file = files.kept[number] { return (file, false) }
            let file = ClientFile(number)
            files.kept[number] = file
            let areTooMany = !files.isTrimming && files.kept.count > mostFiles
            if areTooMany { files.isTrimming = true }
            return (file, areTooMany)
        }
        if areTooMany { trimSoon() }
        return file
    }

    func known(_ number: InodeNumber) -> ClientFile? { files.withLock { $0.kept[number] } }
    var allFiles: [ClientFile] { files.withLock { Array($0.kept.values) } }

    // MARK: Answers of the home

    /// Takes the leases that came with an answer, and the inode that it tells of.
    func take(_ grants: [LeaseGrant], _ inode: Inode? = nil) {
        for grant in grants {
            file(grant.inode).take(grant, grant.inode == inode?.number ? inode : nil) { floor.load(ordering: .acquiring) }
        }
        if let inode, !grants.contains(where: { $0.inode == inode.number }) { known(inode.number)?.take(inode) }
    }

    /// Asks the home for a call of the kernel's.
    func ask(_ request: HomeRequest) throws(PosixError) -> HomeAnswer {
        calls.add(1, ordering: .sequentiallyConsistent)
        defer { calls.subtract(1, ordering: .sequentiallyConsistent) }
        return try home.ask(request)
    }

    /// Has something changed, and takes what came with the answer.
    @discardableResult
    func change(_ operation: Operation) throws(PosixError) -> Reply {
        calls.add(1, ordering: .sequentiallyConsistent)
        defer { calls.subtract(1, ordering: .sequentiallyConsistent) }
        let (reply, grants, directories) = try home.change(operation, durably: { changesDurably })
        take(grants)
        switch reply {
        case .inode(let inode): take(grants, inode)
        case .inodes(let inodes): for inode in inodes { take([], inode) }
        case .removed(let inode): take([], inode)
        case .renamed(let moved, let replaced):
            take([], moved)
            if let replaced { take([], replaced) }
        case .done, .left: break
        }
        if let time = reply.time {
            clock.hear(time)
            for number in operation.directories {
                let told = directories.first { $0.number == number }
                file(number).state.withLock { $0.changeEntries(at: time, told) }
            }
        }
        return reply
    }

    /// How an inode is: as it is known under a lease, or as the home says.
    func inode(_ number: InodeNumber) throws(PosixError) -> (inode: Inode, isHeld: Bool) {
        let file = file(number)
        if home.isPresent, let known = file.state.withLock({ $0.lease == nil ? $0.last : $0.inode }) { return (known, true) }
        guard case .inode(let inode, let grants) = try ask(.attributes(number)) else { throw .protocolFault }
        take(grants, inode)
        return file.state.withLock { state in
            guard state.lease != nil, let known = state.inode else { return (inode, false) }
            return (known, true)
        }
    }

    /// Waits until this session may write to a file.
    func acquireWrite(_ file: ClientFile) throws(PosixError) {
        if !home.isPresent { try home.awaitHome() }
        while !file.state.withLock(\.mayWrite) {
            guard case .inode(let inode, let grants) = try ask(.acquire(.write, on: file.number)) else {
                throw .protocolFault
            }
            take(grants, inode)
        }
    }

    func answer(_ inode: Inode, isHeld: Bool) -> AttributeAnswer {
        AttributeAnswer(inode, validity: isHeld ? Self.held : .zero)
    }

    /// What a lookup answers, with what the kernel may keep of it. It counts as one.
    func entry(_ inode: Inode, as name: FileName, in directory: InodeNumber) -> Entry {
        countLookup(of: inode.number)
        let shown = known(inode.number)?.state.withLock { $0.lease == nil ? nil : $0.inode }
        let validity = validity(of: name, in: directory)
        return Entry(shown ?? inode, validity: validity, attributesValidity: shown == nil ? .zero : Self.held)
    }

    /// For how long the kernel may keep that a name leads somewhere or nowhere. It is noted that it may.
    func validity(of name: FileName, in directory: InodeNumber) -> Microseconds {
        let isHeld = file(directory).state.withLock { state in
            guard state.lease != nil else { return false }
            state.names.insert(name)
            return true
        }
        return isHeld ? Self.held : .zero
    }

    // MARK: Recalls

    /// So long a recall waits for the kernel to forget while calls wait for the home. The kernel waits for calls under way itself, and
    /// one of them may wait for what this session has to give back: then it is given back first, and the kernel forgets a moment
    /// later.
    private static let patience = DispatchTimeInterval.milliseconds(50)

    /// A lease is wanted by somebody else: what was changed under it is told first. Comes back at once.
    package func heed(_ recall: LeaseRecall) {
        recalls.async { [self] in
            let file = file(recall.inode)
            file.state.withLock { state in
                state.heeded = max(state.heeded, recall.stamp)
                state.isOwn = false
            }
            storeAtLast(file)
            let names = file.state.withLock { $0.lose(recall) }
            if recall.keeping == nil { invalidate(recall.inode, names) }
            let isOpen = file.state.withLock { $0.handles > 0 }
            _ = try? home.ask(
                .giveBack([LeaseReturn(recall.inode, keeping: recall.keeping, isOpen: isOpen, stamp: recall.stamp)]))
        }
    }

    private func invalidate(_ number: InodeNumber, _ names: Set<FileName>) {
        guard let mount = mount.withLock({ $0 }) else { return }
        let (file, forgetting) = (file(number), DispatchGroup())
        file.state.withLock { $0.forgetting += 1 }
        recalls.async(group: forgetting) {
            for name in names { try? mount.entryChanged(name, in: number) }
            try? mount.contentChanged(of: number)
            file.state.withLock { $0.forgetting -= 1 }
        }
        while forgetting.wait(timeout: .now() + Self.patience) == .timedOut,
            calls.load(ordering: .sequentiallyConsistent) == 0
        {}
    }
}

extension ClientFile.State {
    /// Heeds a recall, unless what is held now was granted after it.
    ///
    /// - Returns: names in a directory that the kernel keeps.
    fileprivate mutating func lose(_ recall: LeaseRecall) -> Set<FileName> {
        guard stamp < recall.stamp else { return [] }
        lease = recall.keeping.flatMap { keeping in lease.map { min($0, keeping) } }
        guard lease == nil else { return [] }
        inode = nil
        listingNumber += 1
        defer { names = [] }
        return names
    }
}
