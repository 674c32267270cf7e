import Bookkeeping
import Foundation
import GRDB
import Resources

extension LedgerStore {
    /// Events that are dropped together, so that what is committed meanwhile hardly waits.
    private static let portion = 500

    /// Drops what is old of the story: events beyond the newest `count`, and those from before `oldest`. What concerns any of
    /// `kept` stays, and so does the newest event, from which numbering goes on.
    ///
    /// - Returns: how many were dropped.
    package func pruneEvents(
        beyond count: Int, before oldest: Timestamp, keeping kept: Set<String> = []
    ) async throws(LedgerStoreError) -> Int {
        let newest = try lastEvents(1).last?.sequence ?? 0
        var (dropped, cursor) = (0, Int64(0))
        while !Task.isCancelled {
            let page = try events(after: cursor, limit: Self.portion)
            // Clocks can be set back: what is dropped by age ends at the first that is young.
            let due = page.prefix { $0.sequence < newest && ($0.sequence <= newest - Int64(count) || $0.event.at < oldest) }
            guard let last = due.last else { break }
            cursor = last.sequence
            let doomed = due.filter { kept.isDisjoint(with: $0.event.subjects) }.map(\.sequence)
            if !doomed.isEmpty { try await dropEvents(doomed) }
            dropped += doomed.count
        }
        return dropped
    }

    private func dropEvents(_ sequences: [Int64]) async throws(LedgerStoreError) {
        let list = "[" + sequences.map(String.init).joined(separator: ",") + "]"
        let result = await withCheckedContinuation { continuation in
            writer.queue.push(
                .batch(CommitQueue.Batch(records: [.dropEvents(list)], completion: { continuation.resume(returning: $0) })))
        }
        try result.get()
    }
}
