internal import Volumes

/// Content of one file that was written and is not on its way yet: runs of bytes that neither overlap nor touch, in order.
struct DirtyContent {
    /// No run is longer: it becomes a block.
    static let longestRun = Int(Block.largest)
    /// So much of it, or so many runs, wait at most: more may be written to the same places, or make runs full.
    private static let most = 4 * longestRun
    private static let mostRuns = 1024

    struct Run {
        var offset: UInt64
        var bytes: [UInt8]

        var end: UInt64 { offset + UInt64(bytes.count) }
        var range: Range<UInt64> { offset..<end }
    }

    private(set) var runs: [Run] = []
    private(set) var count = 0

    var isEmpty: Bool { runs.isEmpty }

    /// Bytes go over what is there.
    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
        guard !bytes.isEmpty else { return }
        let range = offset..<offset + UInt64(bytes.count)
        var (first, last) = bounds(of: range)
        if first < last, overwrite(bytes, range, first, last) { return }
        // What goes on where a run ends is added to it, and not copied.
        if first == last, first > 0, runs[first - 1].end == offset, runs[first - 1].bytes.count < Self.longestRun {
            let added = min(bytes.count, Self.longestRun - runs[first - 1].bytes.count)
            runs[first - 1].bytes.append(contentsOf: bytes.prefix(added))
            count += added
            return write(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(added)), at: offset + UInt64(added))
        }
        cut(range)
        (first, last) = bounds(of: range)
        var run = Run(offset: offset, bytes: [])
        run.bytes.reserveCapacity(bytes.count >= 64 << 10 ? Self.longestRun : bytes.count)
        run.bytes.append(contentsOf: bytes)
        runs.insert(run, at: first)
        count += bytes.count
    }

    /// - Returns: whether all of it lies in one run.
    private mutating func overwrite(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<UInt64>, _ first: Int, _ last: Int
    ) -> Bool {
        guard last - first == 1, runs[first].offset <= range.lowerBound, runs[first].end >= range.upperBound else { return false }
        let start = Int(range.lowerBound - runs[first].offset)
        runs[first].bytes.replaceSubrange(start..<start + bytes.count, with: bytes)
        return true
    }

    /// Removes what lies in a range.
    mutating func cut(_ range: Range<UInt64>) {
        let (first, last) = bounds(of: range)
        var rest: [Run] = []
        for run in runs[first..<last] {
            count -= run.bytes.count
            for kept in [run.range.clamped(to: 0..<range.lowerBound), run.range.clamped(to: range.upperBound..<UInt64.max)]
            where !kept.isEmpty {
                let start = Int(kept.lowerBound - run.offset)
                rest.append(Run(offset: kept.lowerBound, bytes: Array(run.bytes[start..<start + kept.count])))
                count += kept.count
            }
        }
        runs.replaceSubrange(first..<last, with: rest)
    }

    /// Takes all runs out, or those that are full: all where too much waits.
    mutating func take(onlyFull: Bool) -> [Run] {
        let isTooMuch = count >= Self.most || runs.count >= Self.mostRuns
        let isPart = onlyFull && !isTooMuch
        let taken = isPart ? runs.filter { $0.bytes.count >= Self.longestRun } : runs
        guard !taken.isEmpty else { return [] }
        runs = isPart ? runs.filter { $0.bytes.count < Self.longestRun } : []
        count -= taken.reduce(0) { $0 + $1.bytes.count }
        return taken
    }

    /// Puts into a buffer what there is of a range that begins at an offset.
    func overlay(_ buffer: UnsafeMutableRawBufferPointer, from offset: UInt64) {
        let range = offset..<offset + UInt64(buffer.count)
        let (first, last) = bounds(of: range)
        for run in runs[first..<last] { run.overlay(buffer, range) }
    }

    /// Which runs have a byte in a range.
    private func bounds(of range: Range<UInt64>) -> (first: Int, last: Int) {
        let first = firstRun { $0.end > range.lowerBound }
        return (first, max(first, firstRun { $0.offset >= range.upperBound }))
    }

    /// The first run for which something holds, as it does for all after it.
    private func firstRun(where holds: (Run) -> Bool) -> Int {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if holds(runs[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension DirtyContent.Run {
    func overlay(_ buffer: UnsafeMutableRawBufferPointer, _ range: Range<UInt64>) {
        let part = self.range.clamped(to: range)
        guard !part.isEmpty else { return }
        bytes.withUnsafeBytes { bytes in
            let source = UnsafeRawBufferPointer(rebasing: bytes[Int(part.lowerBound - offset)..<Int(part.upperBound - offset)])
            UnsafeMutableRawBufferPointer(rebasing: buffer[Int(part.lowerBound - range.lowerBound)...]).copyMemory(from: source)
        }
    }
}
