import Glibc
import Mounts
import Resources
import Volumes

extension MemoryFiles.State {
    mutating func open(_ node: Node, _ flags: OpenFlags) -> OpenAnswer {
        lastHandle += 1
        let handle = OpenHandle(rawValue: lastHandle)
        handles[handle] = MemoryFiles.Handle(number: node.inode.number, flags: flags)
        node.opened += 1
        var answer = OpenAnswer(handle)
        (answer.keepsCache, answer.isDirect, answer.writesInParallel) = (keepsCache, isDirect, isDirect)
        return answer
    }

    func truncate(_ node: Node, to size: UInt64, clearsSetID: Bool) {
        node.content.resize(to: size)
        if clearsSetID { node.clearSetID() }
        node.touchContent()
    }
}

extension MemoryFiles {
    func open(_ number: InodeNumber, _ flags: OpenFlags, for caller: Caller) throws(PosixError) -> OpenAnswer {
        try call(by: caller) { state throws(PosixError) in
            (state.lastFlags, state.lastGroups) = (flags, caller.supplementaryGroups())
            let node = try state.node(number)
            if flags.truncates { state.truncate(node, to: 0, clearsSetID: flags.clearsSetID) }
            return state.open(node, flags)
        }
    }

    func create(
        _ name: FileName, in directory: InodeNumber, permissions: UInt16, _ flags: OpenFlags, for caller: Caller
    ) throws(PosixError) -> (Entry, OpenAnswer) {
        try call(by: caller) { state throws(PosixError) in
            state.lastFlags = flags
            if !flags.isExclusive, let node = try? state.child(name, in: directory) {
                if flags.truncates { state.truncate(node, to: 0, clearsSetID: flags.clearsSetID) }
                return (state.entry(node), state.open(node, flags))
            }
            let node = try state.make(name, in: directory, .regular, permissions, caller)
            return (state.entry(node), state.open(node, flags))
        }
    }

    func read(
        _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(PosixError) -> Int {
        try call { state throws(PosixError) in try state.node(number).content.read(at: offset, into: buffer) }
    }

    func write(
        _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, from buffer: UnsafeRawBufferPointer, _ manner: WriteManner
    ) throws(PosixError) -> Int {
        state.withLock { $0.atWrite }?()
        return try call { state throws(PosixError) in
            state.lastWrite = manner
            let node = try state.node(number)
            guard state.handles[handle] != nil else { throw .badDescriptor }
            let place = manner.appends ? node.content.size : offset
            node.content.write(at: place, buffer)
            if manner.clearsSetID { node.clearSetID() }
            node.touchContent()
            return buffer.count
        }
    }

    func flush(_ number: InodeNumber, _ handle: OpenHandle, owner: LockOwner) throws(PosixError) {
        try call { state throws(PosixError) in
            try state.node(number).locks.release { $0.owner == owner && $0.span != .wholeFile }
        }
    }

    func release(_ number: InodeNumber, _ handle: OpenHandle, owner: LockOwner?) {
        if let owner {
            state.withLock { $0.nodes[number]?.locks.release { $0.owner == owner && $0.span == .wholeFile } }
        }
        close(handle, "release")
    }

    func close(_ handle: OpenHandle, _ method: String) {
        state.withLock { state in
            state.calls[method, default: 0] += 1
            guard let opened = state.handles.removeValue(forKey: handle), let node = state.nodes[opened.number] else { return }
            node.opened -= 1
            state.forgetIfUnused(node)
        }
    }

    func synchronize(_ number: InodeNumber, _ handle: OpenHandle, dataOnly: Bool) throws(PosixError) {
        try call(dataOnly ? "synchronizeData" : "synchronize") { state throws(PosixError) in _ = try state.node(number) }
    }

    func allocate(
        _ manner: AllocationManner, _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, count: UInt64,
        for caller: Caller
    ) throws(PosixError) {
        try call { state throws(PosixError) in
            let node = try state.node(number)
            let range = offset..<offset + count
            switch manner {
            case .reserve(let keepsSize):
                node.content.fill(range)
                if !keepsSize { node.content.resize(to: max(node.content.size, range.upperBound)) }
            case .punchHole: node.content.clear(range)
            case .zero(let keepsSize):
                node.content.clear(range)
                node.content.fill(range)
                if !keepsSize { node.content.resize(to: max(node.content.size, range.upperBound)) }
            }
            node.touchContent()
        }
    }

    func seek(_ sought: SeekTarget, _ number: InodeNumber, _ handle: OpenHandle, from offset: UInt64) throws(PosixError) -> UInt64
    {
        try call { state throws(PosixError) in
            let content = try state.node(number).content
            guard offset < content.size, let place = content.seek(from: offset, isFilled: sought == .data) else {
                throw .noSuchAddress
            }
            return place
        }
    }

    // MARK: Attributes

    func attributes(of number: InodeNumber, handle: OpenHandle?) throws(PosixError) -> AttributeAnswer {
        try call { state throws(PosixError) in AttributeAnswer(try state.node(number).inode, validity: state.validity) }
    }

    func change(
        _ change: AttributeChange, of number: InodeNumber, handle: OpenHandle?, for caller: Caller
    ) throws(PosixError) -> AttributeAnswer {
        try call(by: caller) { state throws(PosixError) in
            state.lastChange = change
            let node = try state.node(number)
            if let size = change.size { state.truncate(node, to: size, clearsSetID: change.clearsSetID) }
            if let owner = change.owner { node.inode.owner = owner }
            if let group = change.group { node.inode.group = group }
            if change.clearsSetID { node.clearSetID() }
            if let permissions = change.permissions { node.inode.permissions = permissions }
            if let time = change.accessed { node.inode.accessed = FileTime(time) }
            if let time = change.modified { node.inode.modified = FileTime(time) }
            node.inode.changed = .now
            return AttributeAnswer(node.inode, validity: state.validity)
        }
    }

    func extendedAttribute(_ name: [UInt8], of number: InodeNumber) throws(PosixError) -> [UInt8] {
        try call { state throws(PosixError) in
            guard let value = try state.node(number).extended[name] else { throw .noData }
            return value
        }
    }

    func extendedAttributes(of number: InodeNumber) throws(PosixError) -> [[UInt8]] {
        try call { state throws(PosixError) in Array(try state.node(number).extended.keys) }
    }

    func setExtendedAttribute(
        _ name: [UInt8], of number: InodeNumber, to value: [UInt8], _ manner: ExtendedAttributeManner, for caller: Caller
    ) throws(PosixError) {
        try call(by: caller) { state throws(PosixError) in
            let node = try state.node(number)
            switch (manner, node.extended[name]) {
            case (.new, .some): throw .exists
            case (.existing, nil): throw .noData
            default: node.extended[name] = value
            }
        }
    }

    func removeExtendedAttribute(_ name: [UInt8], of number: InodeNumber, for caller: Caller) throws(PosixError) {
        try call(by: caller) { state throws(PosixError) in
            guard try state.node(number).extended.removeValue(forKey: name) != nil else { throw .noData }
        }
    }

    func space() throws(PosixError) -> SpaceAnswer {
        try call { _ throws(PosixError) in
            SpaceAnswer(capacity: .mebibytes(1000), free: .mebibytes(600), freeInodes: 5000, inodes: 7000)
        }
    }
}

extension FileTime {
    init(_ time: AttributeChange.Time) {
        switch time {
        case .now: self = .now
        case .at(let time): self = time
        }
    }
}
