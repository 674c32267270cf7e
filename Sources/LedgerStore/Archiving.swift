import Bookkeeping
import Foundation
import GRDB
import Resources

// Closed segments can be moved elsewhere, and read from there.

extension LedgerStore {
    /// Moves closed segments, the oldest first, to another directory: each is copied, the copy made durable and recounted, and only
    /// then is the original removed. What a crash interrupts goes on at the next call.
    ///
    /// - Parameters:
    ///   - directory: absolute; made where it is missing.
    ///   - count: how many closed segments stay. The current one always does.
    ///   - last: nothing later than this segment is moved.
    /// - Returns: the numbers of those that were moved.
    /// - Throws: ``LedgerStoreError``; segments that were moved before stay moved, all others are where they were.
    package func archive(to directory: String, keeping count: Int, through last: Int = .max) throws(LedgerStoreError) -> [Int] {
        do {
            writer.awaitClosing()
            return try writer.archiving.withLock { _ in
                let current = try writer.openSegment().number
                let own = try writer.files.closedEntries().filter { $0.number < current }
                let due = own.dropLast(count).filter { $0.number <= last }
                guard let first = due.first else { return [] }
                let target = SegmentDirectory(path: directory)
                try check(target, takes: first)
                try target.create()
                for segment in due { try move(segment, to: target) }
                return due.map(\.number)
            }
        } catch {
            throw LedgerStoreError(error, file: directory)
        }
    }

    private func move(_ segment: SegmentDirectory.Entry, to target: SegmentDirectory) throws {
        try writer.tidyUp(segment.path)
        // Where the standby cannot take it, its own status says so, and the archive is a copy as well.
        try? writer.standby?.take(segment)
        try target.take(segment, writer.files.steps)
        try writer.discard(segment.path)
    }

    /// - Throws: when the directory is the ledger's own, or what is in it does not lead to the segment.
    private func check(_ target: SegmentDirectory, takes segment: SegmentDirectory.Entry) throws {
        let fault = { (text: String) in LedgerStoreError.archive(target.path, text + "; choose another directory") }
        guard !target.isSame(as: writer.files.directory.path) else { throw fault("it is the ledger's own directory") }
        guard DurableFiles.isThere(target.path), let last = try target.entries().last(where: { $0.number < segment.number })
        else {
            return
        }
        guard last.number == segment.number - 1 else {
            throw fault("it ends with segment \(last.number), and would go on with \(segment.number)")
        }
        guard try last.row().end == segment.row().opening else { throw fault("it has segments of another ledger") }
    }
}

// MARK: - Mounting

extension LedgerStore {
    static let mountsKey = "ledger.mounts"

    /// The directories whose segments are read as if they were in place.
    package func mounts() throws(LedgerStoreError) -> [String] { try read(Rows.mounts) }

    /// Reads segments that were archived in a directory as if they were in place, from now on and after restarts.
    ///
    /// - Throws: ``LedgerStoreError`` when they do not lead without a gap to what can be read already; then nothing has changed.
    package func mount(_ directory: String, telling event: Event) async throws(LedgerStoreError) {
        let mounts = try mounts()
        let added = SegmentDirectory(path: directory)
        guard !mounts.contains(where: added.isSame) else { throw .archive(directory, "it is mounted already") }
        guard !(try added.entries()).isEmpty else {
            throw .archive(directory, "it has no ledger files; name the directory that 'surplus ledger archive' was given")
        }
        try writer.files.checkChain(with: mounts + [directory], naming: directory)
        try await commit([.state(.setting, id: Self.mountsKey, mounts + [directory]), .event(event)])
    }

    /// Leaves out again what is mounted from a directory, also when that is gone.
    ///
    /// - Throws: ``LedgerStoreError`` when it is not mounted, or what is mounted before it would be cut off.
    package func unmount(_ directory: String, telling event: Event) async throws(LedgerStoreError) {
        let mounts = try mounts()
        let left = mounts.filter { $0 != directory }
        guard left.count < mounts.count else {
            let known = mounts.isEmpty ? "nothing is" : "these are: \(mounts.joined(separator: ", "))"
            throw .archive(directory, "it is not mounted; \(known)")
        }
        if (try? SegmentDirectory(path: directory).entries()) != nil {
            try writer.files.checkChain(with: left, naming: directory)
        }
        try await commit([.state(.setting, id: Self.mountsKey, left), .event(event)])
    }
}

extension SegmentFiles {
    /// The closed segments in place and in other directories, oldest first; where one is in several, the one in place counts.
    func closedEntries(mounting mounts: [String] = []) throws(LedgerStoreError) -> [SegmentDirectory.Entry] {
        var found: [Int: SegmentDirectory.Entry] = [:]
        for mount in mounts {
            do throws(LedgerStoreError) {
                for entry in try SegmentDirectory(path: mount).entries() { found[entry.number] = entry }
            } catch {
                throw .archive(
                    mount, "it is mounted and cannot be read; make it available, or run 'surplus ledger unmount \(mount)'")
            }
        }
        let own = try SegmentDirectory(path: directory.path).entries()
        for entry in own { found[entry.number] = entry }
        let last = own.last?.number ?? 1
        return found.values.filter { $0.number < last }.sorted { $0.number < $1.number }
    }

    /// Checks that each segment takes up where the one before ends.
    ///
    /// - Parameter directory: what an error is about.
    func checkChain(with mounts: [String], naming directory: String) throws(LedgerStoreError) {
        var before: (entry: SegmentDirectory.Entry, row: SegmentRow)?
        let current = try SegmentDirectory(path: self.directory.path).entries().suffix(1)
        for entry in try closedEntries(mounting: mounts) + current {
            let row = try entry.row()
            if let before {
                guard entry.number == before.entry.number + 1 else {
                    throw .archive(
                        directory,
                        "segment \(before.entry.number + 1) is missing between \(before.entry.path) and \(entry.path); "
                            + "mount where it is first, and unmount what is older before")
                }
                guard row.opening == before.row.end else {
                    throw .archive(
                        directory,
                        "\(entry.path) does not go on where \(before.entry.path) ends: they are of different ledgers; "
                            + "name an archive of this node")
                }
            }
            before = (entry, row)
        }
    }
}

extension Rows {
    /// The directories that are mounted.
    static func mounts(_ db: Database) throws -> [String] {
        let sql = "SELECT body FROM state WHERE kind = ? AND id = ?"
        let arguments: StatementArguments = [StateKind.setting.rawValue, LedgerStore.mountsKey]
        return try String.fetchOne(db, sql: sql, arguments: arguments)
            .map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) } ?? []
    }
}
