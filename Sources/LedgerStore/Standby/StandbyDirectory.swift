import Foundation
import Glibc
import Resources

/// What a standby directory has: copies of closed segments, and generations of those that were or are current, each a base copy
/// and the log of what was committed since.
struct StandbyDirectory: Sendable {
    let path: String

    var segments: SegmentDirectory { SegmentDirectory(path: path) }
    /// Says which ledger it is the standby of.
    var owner: String { path + "/ledger" }

    /// A base copy of one segment, and its log.
    struct Generation: Hashable, Sendable {
        /// Grows with each that is begun.
        let serial: Int
        /// Of the segment.
        let number: Int
        let path: String

        var base: String { path + "/base.sqlite" }
        var log: StandbyLog { StandbyLog(path: path + "/log") }

        /// The first time that can be restored from it; `nil` when it is not complete.
        func firstTime() throws -> Timestamp? {
            guard DurableFiles.isThere(base), DurableFiles.isThere(log.path) else { return nil }
            var found: Timestamp?
            try log.read { piece, _ in
                found = piece.isPoint ? piece.at : nil
                return !piece.isPoint
            }
            return found
        }

        var size: Int64 { DurableFiles.size(base) + DurableFiles.size(log.path) }

        /// When something was last written to its log.
        var changedAt: Timestamp {
            var status = stat()
            guard stat(log.path, &status) == 0 else { return Timestamp(microseconds: 0) }
            return Timestamp(microseconds: Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000)
        }
    }

    private static let prefix = "generation-"

    /// All generations, oldest first, also those that were begun and are not complete.
    func generations() throws(LedgerStoreError) -> [Generation] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).compactMap { name in
                guard name.hasPrefix(Self.prefix) else { return nil }
                let parts = name.dropFirst(Self.prefix.count).split(separator: "-").map { Int($0) }
                guard parts.count == 2, let serial = parts[0], let number = parts[1] else { return nil }
                return Generation(serial: serial, number: number, path: path + "/" + name)
            }.sorted { $0.serial < $1.serial }
        } catch {
            throw .archive(path, "it cannot be read: \(DurableFiles.reason())")
        }
    }

    /// The next generation, of the given segment; nothing is made yet.
    func next(of number: Int) throws(LedgerStoreError) -> Generation {
        let serial = (try generations().last?.serial ?? 0) + 1
        return Generation(serial: serial, number: number, path: "\(path)/\(Self.prefix)\(serial)-\(number)")
    }

    func remove(_ generation: Generation, _ files: DurableFiles) throws {
        // The log first: a base alone is not complete, and never taken for one.
        for file in [generation.log.path, generation.base, generation.base + ".partial", generation.base + ".partial-journal"] {
            try files.remove(file)
        }
        try files.announce(.remove, generation.path)
        guard rmdir(generation.path) == 0 || errno == ENOENT else {
            throw LedgerStoreError.disk(file: generation.path, DurableFiles.reason())
        }
    }
}
