import Resources

extension VolumeHome {
    /// Carries out what a session asks for.
    mutating func change(
        _ operation: Operation, _ origin: Record.Origin, _ key: RequestKey, durably: Bool, at now: Moment
    ) {
        switch volume.answer(to: origin) {
        case .failure(let error): return answer(key, .refused(error))
        case .success(let reply?):
            let record = volume.state.answer(in: origin.slot, of: origin.session)?.record ?? volume.state.header.applied
            // Who asks does not have the record, and could not tell a home that lost it.
            return answer(key, .repeated(reply), whenDurable: record)
        case .success(nil): break
        }
        guard let completed = completed(operation, for: origin.session) else { return answer(key, .refused(.notPermitted)) }
        let record = record(completed, origin, at: now)
        // The journal does not wait for others to go with it then.
        if durably { directives.append(.settle(record.index)) }
        switch write(record) {
        case .success(let reply):
            let directories = completed.directories.compactMap { volume.state.inode($0) }
            let grants = grants(after: completed, reply, origin.session)
            let told = HomeAnswer.changed(reply, record, grants, directories: directories)
            if durably { answer(key, told, whenDurable: record.index) } else { answer(key, told) }
        case .failure(let error): answer(key, .refused(error))
        }
    }

    func record(_ operation: Operation, _ origin: Record.Origin? = nil, at now: Moment) -> Record {
        let header = volume.state.header
        let time = FileTime(rawValue: max(now.utc.microseconds.nanoseconds, header.time.rawValue + 1))
        return Record(index: header.applied + 1, epoch: epoch, time: time, origin: origin, operation: operation)
    }

    /// Carries out a record and hands it to the journal, unless it is refused or nothing new.
    @discardableResult
    mutating func write(_ record: Record) -> Result<Reply, PosixError> {
        let result = volume.apply(record)
        if volume.state.header.applied == record.index { directives.append(.journal(record)) }
        return result
    }

    /// With what the home has to say of an operation; `nil` for one that no session may ask for.
    private func completed(_ operation: Operation, for session: SessionID) -> Operation? {
        func isOpen(_ name: FileName, _ parent: InodeNumber, _ isOpenThere: Bool) -> Bool {
            guard let entry = volume.state.entry(name, in: parent) else { return isOpenThere }
            return isOpenThere || leases.isOpen(entry.inode, besides: session)
        }
        switch operation {
        case .make(let new): return .make(new.numbered(max(volume.state.header.nextInode, firstNumber)))
        case .unlink(let parent, let name, let open):
            return .unlink(parent: parent, name: name, isOpen: isOpen(name, parent, open))
        case .removeDirectory(let parent, let name, let open):
            return .removeDirectory(parent: parent, name: name, isOpen: isOpen(name, parent, open))
        case .rename(let rename): return .rename(rename.told(isOpen: isOpen(rename.newName, rename.newParent, rename.isOpen)))
        case .reserve(let id, _): return id == session ? operation : nil
        default: return operation.isForSessions ? operation : nil
        }
    }

    /// Whoever changes something may keep it, and whoever makes a file may go on to write to it. What is granted before, and told later,
    /// is known by its stamp to be older than the change.
    private mutating func grants(after operation: Operation, _ reply: Reply, _ session: SessionID) -> [LeaseGrant] {
        switch (operation, reply) {
        case (.make(let new), .inode(let inode)):
            let lease: CacheLease = inode.kind == .regular ? .write : .read
            return grant(.read, new.parent, to: session) + grant(lease, inode.number, to: session)
        case (.link(let inode, let parent, _), _): return grant([inode, parent], to: session)
        case (_, .inode(let inode)): return grant([inode.number], to: session)
        case (_, .inodes(let inodes)): return grant(inodes.map(\.number), to: session)
        case (.unlink(let parent, _, _), .removed(let inode)), (.removeDirectory(let parent, _, _), .removed(let inode)):
            return grant(inode.links > 0 ? [parent, inode.number] : [parent], to: session)
        case (.rename(let rename), .renamed(let moved, _)):
            return grant([rename.parent, rename.newParent, moved.number], to: session)
        default: return []
        }
    }

    private mutating func grant(_ inodes: [InodeNumber], to session: SessionID) -> [LeaseGrant] {
        inodes.flatMap { grant(.read, $0, to: session) }
    }
}

extension Operation {
    /// Directories of which it changes entries, though it may be about something else.
    package var directories: [InodeNumber] {
        switch self {
        case .make(let new): [new.parent]
        case .link(_, let parent, _), .unlink(let parent, _, _), .removeDirectory(let parent, _, _): [parent]
        case .rename(let rename): rename.parent == rename.newParent ? [rename.parent] : [rename.parent, rename.newParent]
        default: []
        }
    }

    /// Whether a session may ask for it.
    var isForSessions: Bool {
        switch self {
        case .make, .link, .unlink, .removeDirectory, .rename, .setAttributes, .setExtendedAttribute, .removeExtendedAttribute,
            .write, .allocate, .punch, .reserve:
            true
        case .discard, .place, .forget, .begin, .end, .resize, .appoint, .advance: false
        }
    }
}

extension Int64 {
    /// Microseconds as nanoseconds, as far as they go.
    fileprivate var nanoseconds: Int64 {
        let (product, isTooMuch) = multipliedReportingOverflow(by: 1000)
        return isTooMuch ? (self < 0 ? .min : .max) : product
    }
}

extension NewInode {
    fileprivate func numbered(_ number: InodeNumber) -> Self {
        Self(
            parent: parent, name: name, number: number, kind: kind, permissions: permissions, owner: owner, group: group,
            device: device, target: target)
    }
}

extension Rename {
    fileprivate func told(isOpen: Bool) -> Self {
        Self(parent: parent, name: name, newParent: newParent, newName: newName, mode: mode, isOpen: isOpen)
    }
}
