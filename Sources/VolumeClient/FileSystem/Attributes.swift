package import Mounts
internal import Resources
package import Volumes

extension VolumeFileSystem {
    package func attributes(of number: InodeNumber, handle: OpenHandle?) throws(PosixError) -> AttributeAnswer {
        let (inode, isHeld) = try inode(number)
        return answer(inode, isHeld: isHeld)
    }

    package func change(
        _ change: AttributeChange, of number: InodeNumber, handle: OpenHandle?, for caller: Caller
    ) throws(PosixError) -> AttributeAnswer {
        let file = file(number)
        // What was written before comes before it, or would undo it.
        if change.size != nil { try store(file) }
        var changes = AttributeChanges(change)
        // ftruncate(2) modifies the file also when it leaves its size, unlike truncate(2).
        if change.size != nil, handle != nil { changes.modified = changes.modified ?? .now }
        try self.change(changes, of: file)
        if change.size != nil { file.state.withLock { $0.extents = ExtentMap() } }
        let (inode, isHeld) = try inode(number)
        return answer(inode, isHeld: isHeld)
    }

    /// What was written and is told later has the time that was set, and not the one when it was written.
    private func change(_ changes: AttributeChanges, of file: ClientFile) throws(PosixError) {
        let change = Operation.setAttributes(file.number, changes)
        guard changes.modified != nil else {
            try self.change(change)
            return
        }
        let result = try file.telling.pass(within: home.options.patience.microseconds) { () -> Result<Void, PosixError> in
            do throws(PosixError) {
                guard case .inode(let told) = try self.change(change) else { throw .protocolFault }
                file.state.withLock { $0.inode?.modified = told.modified }
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Capabilities fall when content is written. The home takes them away when it is told of that; until then they are not shown.
    private static let capability = Array("security.capability".utf8)

    private func hidesCapability(_ number: InodeNumber) -> Bool { known(number)?.state.withLock { $0.isWriting } ?? false }

    package func extendedAttribute(_ name: [UInt8], of number: InodeNumber) throws(PosixError) -> [UInt8] {
        if name == Self.capability, hidesCapability(number) { throw .noData }
        guard case .extendedAttribute(let value) = try ask(.extendedAttribute(name, of: number)) else {
            throw .protocolFault
        }
        return value
    }

    package func extendedAttributes(of number: InodeNumber) throws(PosixError) -> [[UInt8]] {
        guard case .extendedAttributeNames(let names) = try ask(.extendedAttributeNames(number)) else {
            throw .protocolFault
        }
        return hidesCapability(number) ? names.filter { $0 != Self.capability } : names
    }

    package func setExtendedAttribute(
        _ name: [UInt8], of number: InodeNumber, to value: [UInt8], _ manner: ExtendedAttributeManner, for caller: Caller
    ) throws(PosixError) {
        // What was written before would take them away.
        if name == Self.capability { try store(file(number)) }
        let mode: ExtendedAttributeMode =
            switch manner {
            case .any: .either
            case .new: .create
            case .existing: .replace
            }
        try change(.setExtendedAttribute(number, name: name, value: value, mode: mode))
    }

    package func removeExtendedAttribute(_ name: [UInt8], of number: InodeNumber, for caller: Caller) throws(PosixError) {
        try change(.removeExtendedAttribute(number, name: name))
    }

    package func space() throws(PosixError) -> SpaceAnswer {
        guard case .space(let header) = try home.ask(.space) else { throw .protocolFault }
        blocks.learn(generation: header.generation)
        return SpaceAnswer(
            capacity: Bytes(Int64(clamping: header.capacity)), free: Bytes(Int64(clamping: header.free + promises.free)),
            freeInodes: header.inodeLimit - min(header.inodeLimit, header.inodes), inodes: header.inodeLimit)
    }
}

extension AttributeChanges {
    fileprivate init(_ change: AttributeChange) {
        self.init()
        (permissions, owner, group, size) = (change.permissions, change.owner, change.group, change.size)
        accessed = change.accessed.map(Instant.init)
        modified = change.modified.map(Instant.init)
        dropsPrivileges = change.clearsSetID
    }
}

extension AttributeChanges.Instant {
    fileprivate init(_ time: AttributeChange.Time) {
        switch time {
        case .now: self = .now
        case .at(let time): self = .at(time)
        }
    }
}
