import Resources

/// A part of a file's content, and where it is. What lies in no extent is a hole and reads as zeros.
package struct Extent: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// In a block, from this byte of its content on.
        case block(BlockID, offset: UInt32)
        /// Zeros that have room set aside for them.
        case zeros
    }

    /// Where it begins in the file, in bytes.
    package var offset: UInt64
    /// In bytes, more than none.
    package var length: UInt64
    package var source: Source

    package init(offset: UInt64, length: UInt64, source: Source) {
        self.offset = offset
        self.length = length
        self.source = source
    }

    package var end: UInt64 { offset + length }
    package var range: Range<UInt64> { offset..<end }

    /// The part that lies in a range; `nil` when nothing does.
    package func clamped(to range: Range<UInt64>) -> Extent? {
        let part = self.range.clamped(to: range)
        guard !part.isEmpty else { return nil }
        switch source {
        case .zeros: return Extent(offset: part.lowerBound, length: UInt64(part.count), source: .zeros)
        case .block(let block, let start):
            let skipped = UInt32(part.lowerBound - offset)
            return Extent(
                offset: part.lowerBound, length: UInt64(part.count), source: .block(block, offset: start + skipped))
        }
    }

    /// Whether `next` goes on where this one ends, in the file and in its source.
    func isContinued(by next: Extent) -> Bool {
        guard end == next.offset else { return false }
        switch (source, next.source) {
        case (.zeros, .zeros): return true
        case (.block(let block, let start), .block(let other, let otherStart)):
            return block == other && UInt64(start) + length == UInt64(otherStart)
        default: return false
        }
    }
}
