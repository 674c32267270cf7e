import Resources

// How the extents of a file change. Each keeps the count of what is allocated to the file and the volume, and of what is live in
// blocks.

extension Volume {
    /// How many extents are looked at at once.
    private static var portion: Int { 1024 }

    /// Makes a hole.
    mutating func clear(_ range: Range<UInt64>, of number: InodeNumber) {
        var removed: UInt64 = 0
        while true {
            let found = state.extents(of: number, in: range, limit: Self.portion)
            for extent in found {
                remove(extent, of: number)
                removed += extent.length
                for rest in [0..<range.lowerBound, range.upperBound..<UInt64.max] {
                    guard let kept = extent.clamped(to: rest) else { continue }
                    put(kept, of: number)
                    removed -= kept.length
                }
            }
            guard found.count == Self.portion else { break }
        }
        guard removed > 0, var inode = state.inode(number) else { return }
        inode.allocated -= removed
        state.put(inode)
    }

    /// Puts an extent where there is none, joined with the one before it if it goes on from there.
    mutating func insert(_ extent: Extent, into number: InodeNumber) {
        var joined = extent
        if extent.offset > 0,
            let before = state.extents(of: number, in: extent.offset - 1..<extent.offset, limit: 1).first,
            before.isContinued(by: extent)
        {
            joined = before
            joined.length += extent.length
        }
        state.put(joined, of: number)
        count(extent, isMore: true)
        guard var inode = state.inode(number) else { return }
        inode.allocated += extent.length
        state.put(inode)
    }

    private mutating func put(_ extent: Extent, of number: InodeNumber) {
        state.put(extent, of: number)
        count(extent, isMore: true)
    }

    mutating func remove(_ extent: Extent, of number: InodeNumber) {
        state.removeExtent(at: extent.offset, of: number)
        count(extent, isMore: false)
    }

    private mutating func count(_ extent: Extent, isMore: Bool) {
        var header = state.header
        header.used = isMore ? header.used + extent.length : header.used - extent.length
        state.header = header
        guard case .block(let id, _) = extent.source, var block = state.block(id) else { return }
        block.live = isMore ? block.live + extent.length : block.live - extent.length
        state.put(block)
    }

    /// The parts of a range without any extent, in order.
    func holes(of number: InodeNumber, in range: Range<UInt64>) -> [Range<UInt64>] {
        var (holes, place) = ([Range<UInt64>](), range.lowerBound)
        while place < range.upperBound {
            let found = state.extents(of: number, in: place..<range.upperBound, limit: Self.portion)
            for extent in found {
                if place < extent.offset { holes.append(place..<extent.offset) }
                place = extent.end
            }
            guard found.count == Self.portion else { break }
        }
        if place < range.upperBound { holes.append(place..<range.upperBound) }
        return holes
    }
}
