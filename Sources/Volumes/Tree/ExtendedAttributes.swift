extension Volume {
    /// As Linux limits each (xattr(7)); all of an inode together have at most twice the room of the largest value.
    private static var longestName: Int { 255 }
    private static var longestValue: Int { 64 << 10 }

    mutating func setAttribute(
        _ name: [UInt8], of number: InodeNumber, to value: [UInt8], _ mode: ExtendedAttributeMode, at time: FileTime
    ) throws(PosixError) -> Reply {
        let inode = try existing(number)
        guard !name.isEmpty, name.count <= Self.longestName, !name.contains(0) else { throw .outOfRange }
        let before = state.attribute(name, of: number)
        guard mode != .create || before == nil else { throw .exists }
        guard mode != .replace || before != nil else { throw .noData }
        let others = state.attributeNames(of: number).filter { $0 != name }
            .reduce(0) { $0 + $1.count + (state.attribute($1, of: number)?.count ?? 0) }
        guard value.count <= Self.longestValue, others + name.count + value.count <= 2 * Self.longestValue else {
            throw .noSpace
        }
        state.setAttribute(name, of: number, to: value)
        state.change(inode, at: time) { _ in }
        return .inode(try existing(number))
    }

    mutating func removeAttribute(_ name: [UInt8], of number: InodeNumber, at time: FileTime) throws(PosixError) -> Reply {
        let inode = try existing(number)
        guard state.attribute(name, of: number) != nil else { throw .noData }
        state.setAttribute(name, of: number, to: nil)
        state.change(inode, at: time) { _ in }
        return .inode(try existing(number))
    }

    /// File capabilities are of a program as it was: they go with any change to its content or owner (capabilities(7)).
    mutating func dropCapabilities(of number: InodeNumber) {
        let name = Array("security.capability".utf8)
        if state.attribute(name, of: number) != nil { state.setAttribute(name, of: number, to: nil) }
    }
}
