import Mounts
import Volumes

extension MemoryFiles.State {
    func node(_ number: InodeNumber) throws(PosixError) -> Node {
        guard let node = nodes[number] else { throw .stale }
        return node
    }

    func directory(_ number: InodeNumber) throws(PosixError) -> Node {
        let node = try node(number)
        guard node.inode.kind == .directory else { throw .notDirectory }
        return node
    }

    func child(_ name: FileName, in number: InodeNumber) throws(PosixError) -> Node {
        guard let entry = try directory(number).entries[name] else { throw .noEntry }
        return try node(entry.number)
    }

    /// An answer that counts as a lookup.
    func entry(_ node: Node) -> Entry {
        node.lookups += 1
        return Entry(node.inode, validity: validity, attributesValidity: validity)
    }

    mutating func make(
        _ name: FileName, in number: InodeNumber, _ kind: FileKind, _ permissions: UInt16, device: UInt32 = 0, _ caller: Caller
    ) throws(PosixError) -> Node {
        let parent = try directory(number)
        guard parent.inode.links > 0 else { throw .noEntry }
        guard parent.entries[name] == nil else { throw .exists }
        lastNumber += 1
        lastMaker = caller
        let givesGroup = parent.inode.permissions & 0o2000 != 0
        let node = Node(
            Inode(
                number: InodeNumber(rawValue: lastNumber), kind: kind,
                permissions: permissions | (givesGroup && kind == .directory ? 0o2000 : 0), owner: caller.user,
                group: givesGroup ? parent.inode.group : caller.group, links: kind == .directory ? 2 : 1, device: device,
                at: .now,
                parent: number))
        nodes[node.inode.number] = node
        place(node, as: name, in: parent)
        return node
    }

    func place(_ node: Node, as name: FileName, in parent: Node) {
        parent.lastCookie += 1
        parent.entries[name] = (node.inode.number, parent.lastCookie)
        if node.inode.kind == .directory {
            parent.inode.links += 1
            node.inode.parent = parent.inode.number
        }
        (parent.inode.modified, parent.inode.changed) = (.now, .now)
    }

    /// Takes the name away, and leaves the count of links.
    func displace(_ node: Node, _ name: FileName, from parent: Node) {
        parent.entries[name] = nil
        if node.inode.kind == .directory { parent.inode.links -= 1 }
        (parent.inode.modified, parent.inode.changed) = (.now, .now)
    }

    /// A name less leads there.
    mutating func drop(_ node: Node) {
        node.inode.links -= node.inode.kind == .directory ? 2 : 1
        node.inode.changed = .now
        forgetIfUnused(node)
    }

    mutating func forgetIfUnused(_ node: Node) {
        guard node.inode.links == 0, node.lookups == 0, node.opened == 0 else { return }
        nodes[node.inode.number] = nil
    }
}

extension MemoryFiles {
    func lookup(_ name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError) -> LookupAnswer {
        try call(by: caller) { state throws(PosixError) in
            guard let entry = try state.directory(directory).entries[name] else { return .absent(validity: state.validity) }
            return .found(state.entry(try state.node(entry.number)))
        }
    }

    func forget(_ number: InodeNumber, lookups: UInt64) {
        state.withLock { state in
            state.calls["forget", default: 0] += 1
            guard let node = state.nodes[number] else { return }
            precondition(node.lookups >= lookups, "\(number.rawValue) is forgotten more often than it was looked up")
            node.lookups -= lookups
            state.forgetIfUnused(node)
        }
    }

    func makeNode(
        _ name: FileName, in directory: InodeNumber, kind: FileKind, permissions: UInt16, device: UInt32, for caller: Caller
    ) throws(PosixError) -> Entry {
        try call(by: caller) { state throws(PosixError) in
            state.entry(try state.make(name, in: directory, kind, permissions, device: device, caller))
        }
    }

    func makeDirectory(
        _ name: FileName, in directory: InodeNumber, permissions: UInt16, for caller: Caller
    ) throws(PosixError) -> Entry {
        try call(by: caller) { state throws(PosixError) in
            state.entry(try state.make(name, in: directory, .directory, permissions, caller))
        }
    }

    func makeSymbolicLink(
        _ name: FileName, in directory: InodeNumber, to target: [UInt8], for caller: Caller
    ) throws(PosixError) -> Entry {
        try call(by: caller) { state throws(PosixError) in
            let node = try state.make(name, in: directory, .symbolicLink, 0o777, caller)
            node.target = target
            node.inode.size = UInt64(target.count)
            return state.entry(node)
        }
    }

    func link(_ number: InodeNumber, as name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError) -> Entry
    {
        try call(by: caller) { state throws(PosixError) in
            let (node, parent) = (try state.node(number), try state.directory(directory))
            guard node.inode.kind != .directory else { throw .notPermitted }
            guard parent.entries[name] == nil else { throw .exists }
            node.inode.links += 1
            node.inode.changed = .now
            state.place(node, as: name, in: parent)
            return state.entry(node)
        }
    }

    func unlink(_ name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError) {
        try call(by: caller) { state throws(PosixError) in
            let node = try state.child(name, in: directory)
            guard node.inode.kind != .directory else { throw .isDirectory }
            state.displace(node, name, from: try state.directory(directory))
            state.drop(node)
        }
    }

    func removeDirectory(_ name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError) {
        try call(by: caller) { state throws(PosixError) in
            let node = try state.child(name, in: directory)
            guard node.inode.kind == .directory else { throw .notDirectory }
            guard node.entries.isEmpty else { throw .notEmpty }
            state.displace(node, name, from: try state.directory(directory))
            state.drop(node)
        }
    }

    func rename(
        _ name: FileName, in directory: InodeNumber, to newName: FileName, in newDirectory: InodeNumber, _ manner: RenameManner,
        for caller: Caller
    ) throws(PosixError) {
        try call(by: caller) { state throws(PosixError) in
            let (from, to) = (try state.directory(directory), try state.directory(newDirectory))
            let node = try state.child(name, in: directory)
            let other = to.entries[newName].flatMap { state.nodes[$0.number] }
            switch (manner, other) {
            case (.exchanging, nil): throw .noEntry
            case (.exchanging, .some(let other)):
                state.displace(node, name, from: from)
                state.displace(other, newName, from: to)
                state.place(other, as: name, in: from)
                state.place(node, as: newName, in: to)
                return
            case (.keeping, .some): throw .exists
            case (.replacing, .some(let other)):
                guard other !== node else { return }
                guard other.entries.isEmpty else { throw .notEmpty }
                state.displace(other, newName, from: to)
                state.drop(other)
            case (_, nil): break
            }
            state.displace(node, name, from: from)
            state.place(node, as: newName, in: to)
            node.inode.changed = .now
        }
    }

    func target(of link: InodeNumber) throws(PosixError) -> [UInt8] {
        try call { state throws(PosixError) in try state.node(link).target }
    }

    // MARK: Listing

    func openDirectory(_ number: InodeNumber, for caller: Caller) throws(PosixError) -> OpenAnswer {
        try call(by: caller) { state throws(PosixError) in
            state.open(try state.directory(number), OpenFlags(rawValue: 0))
        }
    }

    func list(
        _ number: InodeNumber, _ handle: OpenHandle, after cookie: DirectoryCookie, into page: inout DirectoryPage
    ) throws(PosixError) {
        let listed = try call("list\(page.wantsAttributes ? "WithAttributes" : "")") { state throws(PosixError) in
            let directory = try state.directory(number)
            guard var opened = state.handles[handle] else { throw .badDescriptor }
            if cookie == .start {
                opened.listing = directory.entries.map { ($1.cookie, $0) }.sorted { $0.cookie < $1.cookie }
                state.handles[handle] = opened
            }
            let rest = opened.listing.drop { $0.cookie <= cookie.rawValue }
            return rest.compactMap { place -> (UInt64, FileName, InodeNumber)? in
                guard let entry = directory.entries[place.name], entry.cookie == place.cookie else { return nil }
                return (place.cookie, place.name, entry.number)
            }
        }
        for (place, name, number) in listed {
            let next = DirectoryCookie(rawValue: place)
            guard let entry = state.withLock({ state in state.nodes[number].map { state.entry($0) } }) else { continue }
            let isTaken =
                page.wantsAttributes
                ? page.add(name, entry, next: next) : page.add(name, number, entry.attributes.inode.kind, next: next)
            if !isTaken || !page.wantsAttributes { takeBack(number) }
            if !isTaken { return }
        }
    }

    /// A lookup that was counted and not answered.
    private func takeBack(_ number: InodeNumber) {
        state.withLock { state in
            guard let node = state.nodes[number] else { return }
            node.lookups -= 1
            state.forgetIfUnused(node)
        }
    }

    func releaseDirectory(_ number: InodeNumber, _ handle: OpenHandle) { close(handle, "releaseDirectory") }

    func synchronizeDirectory(_ number: InodeNumber, _ handle: OpenHandle, dataOnly: Bool) throws(PosixError) {
        try call { state throws(PosixError) in _ = try state.directory(number) }
    }
}
