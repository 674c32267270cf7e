import Bookkeeping
import Foundation
import GRDB

/// A ledger that nobody writes to here: because it is only looked at, or because it is damaged and can only be read, as far as it
/// can: what is damaged is passed over, for all but verification. None of its files is changed.
package struct ClosedLedger: LedgerReader {
    private let directory: String

    /// Opens nothing yet.
    ///
    /// - Throws: ``LedgerStoreError`` when there is no ledger in `directory`.
    package init(directory: String) throws(LedgerStoreError) {
        self.directory = directory
        guard !(try SegmentDirectory(path: directory).entries()).isEmpty else {
            throw .archive(directory, "there is no ledger in it")
        }
    }

    package var passesOverFaults: Bool { true }
    package var checkpointFile: String { directory + "/verification.json" }

    package func sources() throws(LedgerStoreError) -> [SegmentSource] {
        let own = try SegmentDirectory(path: directory).entries()
        let current = own.last
        var entries: [Int: SegmentDirectory.Entry] = [:]
        // Archives that are not there are left out: what remains says where it begins.
        for mount in mounts {
            for entry in (try? SegmentDirectory(path: mount).entries()) ?? [] { entries[entry.number] = entry }
        }
        for entry in own { entries[entry.number] = entry }
        return entries.values.filter { $0.number <= current?.number ?? 0 }.sorted { $0.number < $1.number }.map { entry in
            SegmentSource(path: entry.path, isClosed: entry != current) {
                try ClosedSegment.read(entry.path, isDamaged: true, $0)
            }
        }
    }

    package func inventory() throws(LedgerStoreError) -> LedgerInventory {
        try LedgerInventory(of: self, in: directory, mounts: mounts)
    }

    private var mounts: [String] {
        guard let path = (try? SegmentDirectory(path: directory).entries())?.last?.path else { return [] }
        return (try? ClosedSegment.read(path, isDamaged: true, Rows.mounts)) ?? []
    }

    /// State of a kind, as far as it can be read.
    package func states<T: Decodable>(_ kind: StateKind, as type: T.Type) -> [T] {
        guard let path = (try? SegmentDirectory(path: directory).entries())?.last?.path else { return [] }
        let bodies = try? ClosedSegment.read(path, isDamaged: true) { db in
            try String.fetchAll(db, sql: "SELECT body FROM state WHERE kind = ? ORDER BY id", arguments: [kind.rawValue])
        }
        return (bodies ?? []).compactMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }
}
