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
        /// Why it cannot be read.
        package var fault: String?
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
        (own, self.mounts) = (Self.place(directory), mounts.map(Self.place))
        // With a mount that cannot be read nothing before it can be, either.
        beginning = self.mounts.allSatisfy { $0.fault == nil } ? try ledger.beginning() : nil
    }

    private static func place(_ directory: String) -> LedgerInventory.Place {
        do throws(LedgerStoreError) {
            let entries = try SegmentDirectory(path: directory).entries()
            let size = entries.reduce(Int64(0)) { $0 + DurableFiles.size($1.path) + DurableFiles.size($1.path + "-wal") }
            return .init(
                directory: directory, first: entries.first?.number ?? 0, last: entries.last?.number ?? 0, size: Bytes(size),
                fault: entries.isEmpty ? "it has no ledger files any more" : nil)
        } catch {
            return .init(directory: directory, first: 0, last: 0, size: .zero, fault: "\(error)")
        }
    }
}
