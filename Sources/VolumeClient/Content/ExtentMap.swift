internal import Resources
internal import Volumes

/// What a client knows of where a file's content is, while it has a lease: from some offset up to another one.
struct ExtentMap {
    /// What is before the place that is looked at is forgotten when there are more.
    static let most = 1 << 16

    /// Tells maps apart: what was asked for one is nothing to the one that followed it.
    final class Mark: Sendable {}

    private(set) var mark = Mark()
    private(set) var extents: [Extent] = []
    private(set) var blocks: [BlockID: Block] = [:]
    /// From where on, and up to where, it is known.
    private(set) var start: UInt64 = 0
    private(set) var known: UInt64 = 0

    func covers(_ range: Range<UInt64>) -> Bool { start <= range.lowerBound && range.upperBound <= known }

    /// Makes room for what is to be known of a range.
    ///
    /// - Returns: from where on it has to be asked for.
    mutating func prepare(for range: Range<UInt64>) -> UInt64 {
        if range.lowerBound < start || range.lowerBound > known {
            self = ExtentMap()
            (start, known) = (range.lowerBound, range.lowerBound)
        } else if extents.count >= Self.most, start < range.lowerBound {
            extents.removeAll { $0.end <= range.lowerBound }
            let kept = Set(extents.compactMap(\.block))
            blocks = blocks.filter { kept.contains($0.key) }
            start = range.lowerBound
        }
        return known
    }

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
