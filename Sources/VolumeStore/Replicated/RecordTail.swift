import Resources
import Volumes

/// The last records of a journal, synced or not, so that most need not be read to be sent.
struct RecordTail {
    /// So many are kept, and as many more before some are dropped.
    private static let most = 4096

    private var records: ArraySlice<Record> = []

    mutating func append(_ new: [Record]) { records += new }

    mutating func truncate(after index: UInt64) {
        while let last = records.last, last.index > index { records.removeLast() }
    }

    mutating func removeAll() { records = [] }

    /// Drops some that can be read from the disk.
    mutating func shorten(synced index: UInt64) {
        guard records.count > 2 * Self.most, let first = records.first?.index else { return }
        let old = records.count - Self.most
        let readable = index < first ? 0 : Int(clamping: index - first + 1)
        records = ArraySlice(Array(records.dropFirst(min(old, readable))))
    }

    /// - Returns: `nil` when some of them are not here.
    func records(after index: UInt64, through last: UInt64) -> [Record]? {
        guard let first = records.first?.index, first <= index + 1, last < first + UInt64(records.count), index <= last else {
            return nil
        }
        let start = records.startIndex + Int(index + 1 - first)
        return Array(records[start..<start + Int(last - index)])
    }
}
