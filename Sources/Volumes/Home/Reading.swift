import Resources

extension VolumeHome {
    /// The most entries or extents in one answer.
    package static var longestPage: Int { 1000 }

    mutating func read(_ request: HomeRequest, for session: SessionID) -> HomeAnswer {
        let state = volume.state
        switch request {
        case .lookup(let name, let directory): return lookup(name, directory, session)
        case .attributes(let number):
            guard let inode = state.inode(number) else { return .refused(.stale) }
            return .inode(inode, grant(.read, number, to: session))
        case .target(let number): return state.target(of: number).map { .target($0) } ?? .refused(.invalid)
        case .list(let directory, let name, let limit): return list(directory, name, limit, session)
        case .extents(let number, let offset, let limit): return extents(number, offset, limit)
        case .extendedAttribute(let name, let number):
            return state.attribute(name, of: number).map { .extendedAttribute($0) } ?? .refused(.noData)
        case .extendedAttributeNames(let number): return .extendedAttributeNames(state.attributeNames(of: number))
        case .space: return .space(state.header)
        default: return .refused(.protocolFault)
        }
    }

    /// Grants a lease, unless what the session has is recalled: it may have given that back already, and would take this for a new
    /// one.
    mutating func grant(_ lease: CacheLease, _ inode: InodeNumber, to session: SessionID) -> [LeaseGrant] {
        guard !leases.isRecalled(inode, from: session) else { return [] }
        return [leases.grant(lease, on: inode, to: session)]
    }

    private mutating func lookup(_ name: FileName, _ directory: InodeNumber, _ session: SessionID) -> HomeAnswer {
        do throws(PosixError) { _ = try volume.directory(directory) } catch { return .refused(error) }
        let onDirectory = grant(.read, directory, to: session)
        guard let entry = volume.state.entry(name, in: directory), let inode = volume.state.inode(entry.inode) else {
            return .absent(onDirectory)
        }
        return .inode(inode, onDirectory + grant(.read, inode.number, to: session))
    }

    private mutating func list(
        _ directory: InodeNumber, _ name: FileName?, _ limit: Int, _ session: SessionID
    ) -> HomeAnswer {
        guard let inode = volume.state.inode(directory) else { return .refused(.stale) }
        guard inode.kind == .directory else { return .refused(.notDirectory) }
        let limit = min(max(1, limit), Self.longestPage)
        let page = volume.state.entries(in: directory, after: name, limit: limit)
        let listed = page.compactMap { entry in
            volume.state.inode(entry.inode).map { ListedEntry(name: entry.name, inode: $0) }
        }
        var grants = grant(.read, directory, to: session)
        // Who writes to a file knows better how it is: it is left alone, and its attributes are not to be kept.
        for entry in listed where isFree(entry.inode.number, for: session) {
            grants += grant(.read, entry.inode.number, to: session)
        }
        return .entries(listed, isEnd: page.count < limit, grants)
    }

    /// Whether a read lease can be had without asking anybody.
    private func isFree(_ inode: InodeNumber, for session: SessionID) -> Bool {
        leases.conflicts(with: LeaseNeed(inode: inode, kind: .toRead), of: session).isEmpty
    }

    private func extents(_ number: InodeNumber, _ offset: UInt64, _ limit: Int) -> HomeAnswer {
        guard volume.state.inode(number) != nil else { return .refused(.stale) }
        let page = volume.state.extents(of: number, in: offset..<UInt64.max, limit: min(max(1, limit), Self.longestPage))
        var (blocks, order): ([BlockID: Block], [BlockID]) = ([:], [])
        for case .block(let id, _) in page.map(\.source) where blocks[id] == nil {
            blocks[id] = volume.state.block(id)
            order.append(id)
        }
        return .extents(page, order.compactMap { blocks[$0] })
    }
}
