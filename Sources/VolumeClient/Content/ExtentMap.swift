internal import Resources
internal import Volumes

/// What a client knows of where a file's content is, while it has a lease: from the beginning up to some offset.
struct ExtentMap {
    /// Tells maps apart: what was asked for one is nothing to the one that followed it.
    final class Mark: Sendable {}

    let mark = Mark()
    private(set) var extents: [Extent] = []
    private(set) var blocks: [BlockID: Block] = [:]
    /// Up to where it is known.
    private(set) var known: UInt64 = 0

    /// Adds the next page.
    ///
    /// - Parameter isEnd: whether nothing follows.
    mutating func append(_ page: [Extent], _ blocks: [Block], isEnd: Bool) {
        extents += page
        for block in blocks { self.blocks[block.id] = block }
        known = isEnd ? .max : page.last?.end ?? known
    }

    /// Those with a byte in a range, in order.
    func extents(in range: Range<UInt64>) -> ArraySlice<Extent> {
        var (low, high) = (0, extents.count)
        while low < high {
            let middle = (low + high) / 2
            if extents[middle].end <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        let end = extents[low...].firstIndex { $0.offset >= range.upperBound } ?? extents.count
        return extents[low..<end]
    }

    func block(of extent: Extent) -> Block? { extent.block.flatMap { blocks[$0] } }
}

extension Extent {
    fileprivate var block: BlockID? {
        if case .block(let id, _) = source { id } else { nil }
    }
}
