import Foundation
import Resources

/// Which files a ledger consists of, and where they are.
package struct LedgerInventory: Hashable, Sendable {
    /// Segments that follow each other in one directory.
    package struct Place: Hashable, Sendable {
        package let directory: String
        /// The numbers of its first and last segment; 0 when it has none that can be seen.
        package let first: Int
        package let last: Int
        package let size: Bytes
        /// Those that are never written again, in order.
        package let closed: [ClosedFile]
        /// Why it cannot be read.
        package var fault: String?
    }

    /// A segment that is never written again.
    package struct ClosedFile: Hashable, Sendable {
        package let number: Int
        package let lastRow: Int64
    }

    /// The ledger's own directory, with the current segment.
    package let own: Place
    /// Those that are mounted.
    package let mounts: [Place]
    /// Where what can be read begins, when that is not the ledger's beginning.
    package let beginning: LedgerBeginning?
}

extension LedgerStore {
    package func inventory() throws(LedgerStoreError) -> LedgerInventory {
        try LedgerInventory(of: self, in: writer.files.directory.path, mounts: try mounts())
    }
}

extension LedgerInventory {
    init(of ledger: some LedgerReader, in directory: String, mounts: [String]) throws(LedgerStoreError) {
        (own, self.mounts) = (Self.place(directory, hasCurrent: true), mounts.map { Self.place($0, hasCurrent: false) })
        // With a mount that cannot be read nothing before it can be, either.
        beginning = self.mounts.allSatisfy { $0.fault == nil } ? try ledger.beginning() : nil
    }

    private static func place(_ directory: String, hasCurrent: Bool) -> LedgerInventory.Place {
        do throws(LedgerStoreError) {
            let entries = try SegmentDirectory(path: directory).entries()
            let size = entries.reduce(Int64(0)) { $0 + DurableFiles.size($1.path) + DurableFiles.size($1.path + "-wal") }
            // What is damaged is named by whoever reads it.
            let closed = entries.dropLast(hasCurrent ? 1 : 0).compactMap { entry in
                (try? entry.row()).map { ClosedFile(number: entry.number, lastRow: $0.end.sequence) }
            }
            return .init(
                directory: directory, first: entries.first?.number ?? 0, last: entries.last?.number ?? 0, size: Bytes(size),
                closed: closed,
                fault: entries.isEmpty ? "it has no ledger files any more" : nil)
        } catch {
            return .init(directory: directory, first: 0, last: 0, size: .zero, closed: [], fault: "\(error)")
        }
    }
}
