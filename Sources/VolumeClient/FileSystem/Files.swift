package import Mounts
package import Volumes

extension VolumeFileSystem {
    package func open(_ number: InodeNumber, _ flags: OpenFlags, for caller: Caller) throws(PosixError) -> OpenAnswer {
        let (inode, isHeld) = try inode(number)
        if flags.truncates, inode.size > 0 {
            var change = AttributeChange()
            (change.size, change.clearsSetID) = (0, flags.clearsSetID)
            _ = try self.change(change, of: number, handle: nil, for: caller)
        }
        var answer = opened(number)
        answer.keepsCache = isHeld
        return answer
    }

    func opened(_ number: InodeNumber) -> OpenAnswer {
        file(number).state.withLock { $0.handles += 1 }
        return OpenAnswer(OpenHandle(rawValue: number.rawValue))
    }

    package func release(_ number: InodeNumber, _ handle: OpenHandle, owner: LockOwner?) {
        if let owner { dropLocks(.wholeFile, of: owner, on: number) }
        let file = file(number)
        let (isLast, inode) = file.state.withLock { state in
            state.handles -= 1
            return (state.handles == 0, state.inode)
        }
        guard isLast else { return }
        if let inode { dropIfClosed(inode) } else { recalls.async { [home] in _ = try? home.ask(.close([number])) } }
    }

    package func flush(_ number: InodeNumber, _ handle: OpenHandle, owner: LockOwner) throws(PosixError) {
        dropLocks(.bytes, of: owner, on: number)
        try throwError(of: file(number))
    }

    package func synchronize(_ number: InodeNumber, _ handle: OpenHandle, dataOnly: Bool) throws(PosixError) {
        let file = file(number)
        try store(file)
        try home.synchronize()
        // The home may have been another one meanwhile, and something lost with the one before.
        try throwError(of: file)
    }

    /// Throws what went wrong since somebody was told last.
    func throwError(of file: ClientFile) throws(PosixError) {
        let error = file.state.withLock { state in
            defer { state.error = nil }
            return state.error
        }
        if let error { throw error }
    }

    // MARK: Writing

    package func write(
        _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, from buffer: UnsafeRawBufferPointer, _ manner: WriteManner
    ) throws(PosixError) -> Int {
        guard offset <= Volume<MemoryState>.largestFile - UInt64(buffer.count) else { throw .fileTooLarge }
        try promises.take(buffer.count)
        let file = file(number)
        while true {
            try acquireWrite(file)
            let isTaken = file.state.withLock { state in
                guard home.isPresent, state.lease == .write, var inode = state.inode else { return false }
                state.dirty.write(buffer, at: offset)
                inode.size = max(inode.size, offset + UInt64(buffer.count))
                inode.modified = FileTime.now
                state.inode = inode
                return true
            }
            if isTaken { break }
        }
        if manner.clearsSetID { try change(.setAttributes(number, .droppingPrivileges)) }
        launch(file, onlyFull: true)
        return buffer.count
    }

    package func allocate(
        _ manner: AllocationManner, _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, count: UInt64,
        for caller: Caller
    ) throws(PosixError) {
        let file = file(number)
        try store(file)
        let range = offset..<offset + count
        switch manner {
        case .reserve(let keepsSize): try change(.allocate(number, range, keepsSize: keepsSize, zeroes: false))
        case .punchHole: try change(.punch(number, range))
        case .zero(let keepsSize): try change(.allocate(number, range, keepsSize: keepsSize, zeroes: true))
        }
        file.state.withLock { $0.extents = ExtentMap() }
    }

    // MARK: Reading

    package func read(
        _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(PosixError) -> Int {
        let file = file(number)
        let size = try inode(number).inode.size
        guard offset < size else { return 0 }
        let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(UInt64(buffer.count), size - offset))])
        let range = offset..<offset + UInt64(wanted.count)
        wanted.initializeMemory(as: UInt8.self, repeating: 0)
        for part in try content(of: file, in: range) { try fill(wanted, from: offset, with: part) }
        file.state.withLock { state in
            for flight in state.flying { for run in flight.runs { run.overlay(wanted, range) } }
            state.dirty.overlay(wanted, from: offset)
        }
        return wanted.count
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from offset: UInt64, with part: (extent: Extent, block: Block?)
    ) throws(PosixError) {
        guard case .block(_, let start) = part.extent.source, let block = part.block else { return }
        let place = Int(part.extent.offset - offset)
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[place..<place + Int(part.extent.length)])
        try blocks.read(block, Int(start)..<Int(start) + Int(part.extent.length), into: target)
    }

    /// Where content in a range is, cut to it.
    private func content(
        of file: ClientFile, in range: Range<UInt64>
    ) throws(PosixError) -> [(extent: Extent, block: Block?)] {
        while true {
            let (found, known) = file.state.withLock { state in
                let parts = state.extents.extents(in: range).compactMap { $0.clamped(to: range) }
                return (parts.map { ($0, state.extents.block(of: $0)) }, state.extents.known)
            }
            if known >= range.upperBound { return found }
            let limit = 1000
            guard case .extents(let page, let blocks) = try home.ask(.extents(file.number, from: known, limit: limit)) else {
                throw .protocolFault
            }
            file.state.withLock { state in
                guard state.extents.known == known else { return }
                state.extents.append(page, blocks, isEnd: page.count < limit)
            }
        }
    }

    package func seek(
        _ sought: SeekTarget, _ number: InodeNumber, _ handle: OpenHandle, from offset: UInt64
    ) throws(PosixError) -> UInt64 {
        let file = file(number)
        try store(file)
        let size = try inode(number).inode.size
        guard offset < size else { throw .noSuchAddress }
        var place = offset
        for part in try content(of: file, in: offset..<size) {
            switch sought {
            case .data: return part.extent.offset
            case .hole:
                if place < part.extent.offset { return place }
                place = part.extent.end
            }
        }
        if sought == .data { throw .noSuchAddress }
        return min(place, size)
    }
}

extension ExtentMap {
    func block(of extent: Extent) -> Block? {
        if case .block(let id, _) = extent.source { blocks[id] } else { nil }
    }
}

extension AttributeChanges {
    fileprivate static var droppingPrivileges: Self {
        var changes = Self()
        changes.dropsPrivileges = true
        return changes
    }
}
