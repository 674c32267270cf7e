import Resources

/// Something about a volume's metadata that cannot be.
package struct VolumeFault: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

extension Volume {
    /// Looks whether the metadata hold together: every entry leads somewhere, everything is led to as often as it says, extents lie
    /// beside each other and within their blocks, and what is counted is as it was counted.
    ///
    /// - Returns: what does not, in the order in which it was found; no more than `limit`.
    package func faults(limit: Int = 100) -> [VolumeFault] {
        var check = VolumeCheck(state)
        check.run()
        return Array(check.faults.prefix(limit))
    }
}

/// One walk over a volume's metadata. It keeps a little for each inode and block.
private struct VolumeCheck<State: VolumeState> {
    private static var page: Int { 1024 }

    let state: State
    var faults: [VolumeFault] = []
    private var entries: [InodeNumber: UInt32] = [:]
    private var subdirectories: [InodeNumber: UInt32] = [:]
    private var live: [BlockID: UInt64] = [:]
    private var used: UInt64 = 0

    init(_ state: State) { self.state = state }

    private mutating func expect(_ condition: Bool, _ fault: @autoclosure () -> String) {
        if !condition { faults.append(VolumeFault(description: fault())) }
    }

    mutating func run() {
        forEachInode { check, inode in
            if inode.kind == .directory { check.walk(inode) }
            check.measure(inode)
        }
        var count: UInt64 = 0
        forEachInode { check, inode in
            count += 1
            check.compare(inode)
        }
        let (header, used) = (state.header, used)
        expect(count == header.inodes, "there are \(count) inodes, and the header says \(header.inodes)")
        expect(used == header.used, "\(used) bytes are used, and the header says \(header.used)")
        let reserved = state.allSessions.reduce(0) { $0 + $1.reserved }
        expect(reserved == header.reserved, "\(reserved) bytes are promised, and the header says \(header.reserved)")
        checkBlocks()
    }

    private mutating func forEachInode(_ body: (inout Self, Inode) -> Void) {
        var last: InodeNumber?
        while true {
            let page = state.inodes(after: last, limit: Self.page)
            for inode in page { body(&self, inode) }
            guard page.count == Self.page else { return }
            last = page.last?.number
        }
    }

    // MARK: Names

    private mutating func walk(_ directory: Inode) {
        var last: FileName?
        while true {
            let page = state.entries(in: directory.number, after: last, limit: Self.page)
            for entry in page { check(entry, in: directory) }
            guard page.count == Self.page else { return }
            last = page.last?.name
        }
    }

    private mutating func check(_ entry: DirectoryEntry, in directory: Inode) {
        let name = "'\(entry.name)' in directory \(directory.number.rawValue)"
        entries[entry.inode, default: 0] += 1
        expect(directory.links > 0, "\(name) is in a directory that was removed")
        guard let inode = state.inode(entry.inode) else { return expect(false, "\(name) leads nowhere") }
        expect(inode.kind == entry.kind, "\(name) says that it is another kind of file than it is")
        if entry.kind == .directory {
            subdirectories[directory.number, default: 0] += 1
            expect(inode.parent == directory.number, "\(name) does not know where it is")
        }
    }

    private mutating func compare(_ inode: Inode) {
        let (number, found) = (inode.number.rawValue, entries[inode.number] ?? 0)
        expect(inode.number < state.header.nextInode, "inode \(number) has a number that is yet to come")
        guard inode.kind == .directory else {
            return expect(found == inode.links, "\(found) entries lead to inode \(number), and it says \(inode.links)")
        }
        let subdirectories = subdirectories[inode.number] ?? 0
        let isRemoved = inode.links == 0
        expect(found == (isRemoved || inode.number == .root ? 0 : 1), "\(found) entries lead to directory \(number)")
        expect(
            inode.links == (isRemoved ? 0 : 2 + subdirectories),
            "directory \(number) has \(subdirectories) in it, and \(inode.links) links")
    }

    // MARK: Content

    private mutating func measure(_ inode: Inode) {
        var (place, allocated) = (UInt64(0), UInt64(0))
        while true {
            let page = state.extents(of: inode.number, in: place..<UInt64.max, limit: Self.page)
            for extent in page {
                expect(
                    extent.offset >= place && extent.length > 0,
                    "extents of inode \(inode.number.rawValue) overlap at \(extent.offset)")
                check(extent, of: inode)
                place = extent.end
                allocated += extent.length
            }
            guard page.count == Self.page else { break }
        }
        used += allocated
        expect(
            allocated == inode.allocated,
            "inode \(inode.number.rawValue) has \(allocated) bytes, and says that it has \(inode.allocated)")
    }

    private mutating func check(_ extent: Extent, of inode: Inode) {
        guard case .block(let id, let start) = extent.source else { return }
        live[id, default: 0] += extent.length
        let length = state.block(id)?.length ?? 0
        expect(
            UInt64(start) + extent.length <= UInt64(length),
            "inode \(inode.number.rawValue) has content beyond the \(length) bytes of \(id)")
    }

    private mutating func checkBlocks() {
        var last: BlockID?
        while true {
            let page = state.blocks(after: last, limit: Self.page)
            for block in page {
                let found = live[block.id] ?? 0
                expect(found == block.live, "files refer to \(found) bytes of \(block.id), which says \(block.live)")
                expect(
                    !block.replicas.isEmpty && block.replicas.isStrictlyAscending, "\(block.id) is nowhere, or somewhere twice")
            }
            guard page.count == Self.page else { return }
            last = page.last?.id
        }
    }
}
