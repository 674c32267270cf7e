package import Mounts
package import Volumes

extension VolumeFileSystem {
    package func lookup(
        _ name: FileName, in directory: InodeNumber, for caller: Caller
    ) throws(PosixError) -> LookupAnswer {
        switch try ask(.lookup(name, in: directory)) {
        case .inode(let inode, let grants):
            take(grants, inode)
            return .found(entry(inode, as: name, in: directory))
        case .absent(let grants):
            take(grants)
            return .absent(validity: validity(of: name, in: directory))
        default: throw .protocolFault
        }
    }

    private func make(
        _ name: FileName, _ directory: InodeNumber, _ kind: FileKind, _ permissions: UInt16, device: UInt32 = 0,
        target: [UInt8] = [], for caller: Caller
    ) throws(PosixError) -> Entry {
        let new = NewInode(
            parent: directory, name: name, number: InodeNumber(rawValue: 0), kind: kind, permissions: permissions,
            owner: caller.user, group: caller.group, device: device, target: target)
        guard case .inode(let inode) = try change(.make(new)) else { throw .protocolFault }
        file(inode.number).state.withLock { $0.isOwn = $0.mayWrite }
        return entry(inode, as: name, in: directory)
    }

    package func makeNode(
        _ name: FileName, in directory: InodeNumber, kind: FileKind, permissions: UInt16, device: UInt32, for caller: Caller
    ) throws(PosixError) -> Entry { try make(name, directory, kind, permissions, device: device, for: caller) }

    package func makeDirectory(
        _ name: FileName, in directory: InodeNumber, permissions: UInt16, for caller: Caller
    ) throws(PosixError) -> Entry { try make(name, directory, .directory, permissions, for: caller) }

    package func makeSymbolicLink(
        _ name: FileName, in directory: InodeNumber, to target: [UInt8], for caller: Caller
    ) throws(PosixError) -> Entry { try make(name, directory, .symbolicLink, 0o777, target: target, for: caller) }

    package func create(
        _ name: FileName, in directory: InodeNumber, permissions: UInt16, _ flags: OpenFlags, for caller: Caller
    ) throws(PosixError) -> (Entry, OpenAnswer) {
        do throws(PosixError) {
            let entry = try make(name, directory, .regular, permissions, for: caller)
            return (entry, opened(entry.attributes.inode.number, flags))
        } catch .exists where !flags.isExclusive {
            guard case .found(let entry) = try lookup(name, in: directory, for: caller) else { throw .stale }
            return (entry, try open(entry.attributes.inode.number, flags, for: caller))
        }
    }

    package func link(
        _ number: InodeNumber, as name: FileName, in directory: InodeNumber, for caller: Caller
    ) throws(PosixError) -> Entry {
        guard case .inode(let inode) = try change(.link(number, parent: directory, name: name)) else { throw .protocolFault }
        return entry(inode, as: name, in: directory)
    }

    package func unlink(_ name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError) {
        // Whether it is open here is not known before it is known what it is; it is kept, and given back when it is not open.
        let reply = try change(.unlink(parent: directory, name: name, isOpen: true))
        if case .removed(let inode) = reply { dropIfClosed(inode) }
    }

    package func removeDirectory(_ name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError) {
        let reply = try change(.removeDirectory(parent: directory, name: name, isOpen: true))
        if case .removed(let inode) = reply { dropIfClosed(inode) }
    }

    package func rename(
        _ name: FileName, in directory: InodeNumber, to newName: FileName, in newDirectory: InodeNumber, _ manner: RenameManner,
        for caller: Caller
    ) throws(PosixError) {
        let mode: Rename.Mode =
            switch manner {
            case .replacing: .replace
            case .keeping: .noReplace
            case .exchanging: .exchange
            }
        let rename = Rename(
            parent: directory, name: name, newParent: newDirectory, newName: newName, mode: mode, isOpen: true)
        let reply = try change(.rename(rename))
        keepMoved(newName, in: newDirectory)
        if manner == .exchanging { keepMoved(name, in: directory) }
        if case .renamed(_, let replaced?) = reply { dropIfClosed(replaced) }
    }

    /// The kernel keeps of a new name what it kept of the old one: it is noted, or the kernel is told that it must not.
    private func keepMoved(_ name: FileName, in directory: InodeNumber) {
        guard validity(of: name, in: directory) == .zero else { return }
        recalls.async { [self] in try? mount.withLock { $0 }?.entryChanged(name, in: directory) }
    }

    package func target(of link: InodeNumber) throws(PosixError) -> [UInt8] {
        guard case .target(let path) = try ask(.target(link)) else { throw .protocolFault }
        return path
    }

    /// What no name leads to any more is given back, unless a program has it open here.
    func dropIfClosed(_ inode: Inode) {
        let file = file(inode.number)
        guard inode.links == 0, file.state.withLock({ $0.handles == 0 }) else { return }
        recalls.async { [self] in
            if let dropped = file.state.withLock({ $0.dropOwn() }) {
                promises.release(dropped, of: home.session)
            } else {
                do throws(PosixError) { try store(file) } catch { file.state.withLock { $0.error = $0.error ?? error } }
            }
            let stamp = file.state.withLock { state in
                (state.lease, state.inode, state.last) = (nil, nil, inode)
                return state.stamp
            }
            giveBack([LeaseReturn(inode.number, stamp: stamp)])
            drop(file)
        }
    }
}
