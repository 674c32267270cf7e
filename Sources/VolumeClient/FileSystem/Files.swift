internal import Glibc
package import Mounts
internal import Resources
package import Volumes

extension VolumeFileSystem {
    package func open(_ number: InodeNumber, _ flags: OpenFlags, for caller: Caller) throws(PosixError) -> OpenAnswer {
        let (inode, _) = try inode(number)
        if flags.truncates {
            var change = AttributeChange()
            (change.size, change.modified, change.clearsSetID) = (0, .now, flags.clearsSetID)
            _ = try self.change(change, of: number, handle: nil, for: caller)
        }
        var answer = opened(inode.number, flags)
        answer.keepsCache = file(number).state.withLock { $0.keepsCache() }
        return answer
    }

    func opened(_ number: InodeNumber, _ flags: OpenFlags) -> OpenAnswer {
        file(number).state.withLock { $0.handles += 1 }
        var answer = OpenAnswer(OpenHandle(rawValue: number.rawValue))
        answer.isDirect = flags.appends
        return answer
    }

    package func release(_ number: InodeNumber, _ handle: OpenHandle, owner: LockOwner?) {
        if let owner { dropLocks(.wholeFile, of: owner, on: number) }
        let file = file(number)
        let (isLast, inode) = file.state.withLock { state in
            state.handles -= 1
            return (state.handles == 0, state.inode)
        }
        guard isLast else { return }
        storeSoon(file)
        if let inode { dropIfClosed(inode) } else { recalls.async { [self] in tellClosed(number) } }
    }

    package func flush(_ number: InodeNumber, _ handle: OpenHandle, owner: LockOwner) throws(PosixError) {
        dropLocks(.bytes, of: owner, on: number)
        try throwError(of: file(number))
    }

    package func synchronize(_ number: InodeNumber, _ handle: OpenHandle, dataOnly: Bool) throws(PosixError) {
        let file = file(number)
        file.state.withLock { $0.synchronizing += 1 }
        defer { file.state.withLock { $0.synchronizing -= 1 } }
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
        try awaitRoom()
        let session = try promises.take(buffer.count)
        let file = file(number)
        let place: UInt64
        do throws(PosixError) {
            place = try take(buffer, at: manner.appends ? nil : offset, into: file, promisedTo: session)
        } catch {
            promises.release(buffer.count, of: session)
            throw error
        }
        if manner.clearsSetID { try dropPrivileges(of: file) }
        // The kernel believes that it went where it said.
        if place != offset { recalls.async { [self] in try? mount.withLock { $0 }?.contentChanged(of: number) } }
        launch(file, onlyFull: true)
        flushIfMuch()
        if manner.isSynchronous { try synchronize(number, handle, dataOnly: true) }
        return buffer.count
    }

    /// Takes content in that was written.
    ///
    /// - Parameter offset: `nil` is the end of the file.
    /// - Returns: where it went.
    private func take(
        _ buffer: UnsafeRawBufferPointer, at offset: UInt64?, into file: ClientFile, promisedTo session: SessionID
    ) throws(PosixError) -> UInt64 {
        while true {
            try acquireWrite(file)
            let taken: Result<UInt64, PosixError>? = file.state.withLock { state in
                guard home.isPresent, state.mayWrite, let inode = state.inode else { return nil }
                let place = offset ?? inode.size
                guard place <= Volume<MemoryState>.largestFile - UInt64(buffer.count) else { return .failure(.fileTooLarge) }
                promises.release(buffer.count - state.write(buffer, at: place, clock.now), of: session)
                return .success(place)
            }
            if let taken { return try taken.get() }
        }
    }

    /// Whoever changes content may not keep set-id bits, nor capabilities.
    private func dropPrivileges(of file: ClientFile) throws(PosixError) {
        guard try inode(file.number).inode.permissions & 0o6000 != 0 else { return }
        try change(.setAttributes(file.number, .droppingPrivileges))
    }

    package func allocate(
        _ manner: AllocationManner, _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, count: UInt64,
        for caller: Caller
    ) throws(PosixError) {
        let file = file(number)
        try store(file)
        // The kernel does not say whether the caller may keep them.
        if caller.user != 0 { try dropPrivileges(of: file) }
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
        while true {
            let before = file.state.withLock { $0.lease == nil ? nil : $0.holding }
            let size = try inode(number).inode.size
            let count = offset < size ? Int(min(UInt64(buffer.count), size - offset)) : 0
            if count > 0 {
                let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                try fill(wanted, offset..<offset + UInt64(count), of: file)
            }
            if file.state.withLock({ $0.wasRead(since: before) }) { return count }
        }
    }

    /// So often it is looked whether who has a block can be reached again.
    private static let pause: useconds_t = 200_000

    /// Waits for nodes that cannot be reached, up to a bound.
    private func fill(_ buffer: UnsafeMutableRawBufferPointer, _ range: Range<UInt64>, of file: ClientFile) throws(PosixError) {
        let deadline = Instant.now + home.options.patience.microseconds
        var isFirst = true
        while true {
            let (parts, pending) = try content(of: file, in: range)
            do throws(BlockPool.NotRead) {
                try fill(buffer, range, with: parts)
                for run in pending { run.overlay(buffer, range) }
                return
            } catch {
                guard isFirst || error == .unreachable && Instant.now < deadline && !home.isOver else { throw .inputOutput }
                if !isFirst {
                    usleep(Self.pause)
                    if Mount.isCallInterrupted { throw .interrupted }
                }
                isFirst = false
                // They may have been moved since it was told where they are.
                file.state.withLock { $0.extents = ExtentMap() }
            }
        }
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ range: Range<UInt64>, with parts: [(extent: Extent, block: Block?)]
    ) throws(BlockPool.NotRead) {
        var end = range.lowerBound
        for part in parts {
            buffer.zero(from: range.lowerBound, end..<part.extent.offset)
            try fill(buffer, from: range.lowerBound, with: part)
            end = part.extent.end
        }
        buffer.zero(from: range.lowerBound, end..<range.upperBound)
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from offset: UInt64, with part: (extent: Extent, block: Block?)
    ) throws(BlockPool.NotRead) {
        guard case .block(_, let start) = part.extent.source, let block = part.block else {
            return buffer.zero(from: offset, part.extent.offset..<part.extent.end)
        }
        let place = Int(part.extent.offset - offset)
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[place..<place + Int(part.extent.length)])
        try blocks.read(block, Int(start)..<Int(start) + Int(part.extent.length), into: target)
    }

    /// Where content in a range is, cut to it; and what goes over it, for the home has not been told of it. Both are of one moment:
    /// what is told in between is in neither otherwise.
    private func content(
        of file: ClientFile, in range: Range<UInt64>
    ) throws(PosixError) -> (parts: [(extent: Extent, block: Block?)], pending: [DirtyContent.Run]) {
        while true {
            let known = file.state.withLock { state -> (parts: [(extent: Extent, block: Block?)], pending: [DirtyContent.Run])? in
                guard state.extents.known >= range.upperBound else { return nil }
                let parts = state.extents.extents(in: range).compactMap { $0.clamped(to: range) }
                return (parts.map { ($0, state.extents.block(of: $0)) }, state.pending(in: range))
            }
            if let known { return known }
            let (place, mark) = file.state.withLock { ($0.extents.known, $0.extents.mark) }
            let limit = 1000
            guard case .extents(let page, let blocks) = try ask(.extents(file.number, from: place, limit: limit)) else {
                throw .protocolFault
            }
            file.state.withLock { state in
                guard state.extents.mark === mark, state.extents.known == place else { return }
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
        for start in stride(from: offset, to: size, by: Self.window) {
            let range = start..<min(start + UInt64(Self.window), size)
            if let found = try seek(sought, in: range, of: file) { return found }
        }
        if sought == .data { throw .noSuchAddress }
        return size
    }

    /// So many bytes are looked through at a time.
    private static let window: UInt64.Stride = 1 << 30

    private func seek(_ sought: SeekTarget, in range: Range<UInt64>, of file: ClientFile) throws(PosixError) -> UInt64? {
        var place = range.lowerBound
        for part in try content(of: file, in: range).parts {
            switch sought {
            case .data: return part.extent.offset
            case .hole:
                if place < part.extent.offset { return place }
                place = part.extent.end
            }
        }
        return sought == .hole && place < range.upperBound ? place : nil
    }
}

extension AttributeChanges {
    fileprivate static var droppingPrivileges: Self {
        var changes = Self()
        changes.dropsPrivileges = true
        return changes
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Fills with zeroes what is in a range of a file, of which this buffer begins at an offset.
    fileprivate func zero(from offset: UInt64, _ range: Range<UInt64>) {
        let hole = UnsafeMutableRawBufferPointer(rebasing: self[Int(range.lowerBound - offset)..<Int(range.upperBound - offset)])
        hole.initializeMemory(as: UInt8.self, repeating: 0)
    }
}
