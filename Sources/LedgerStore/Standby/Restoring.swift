import Foundation
import GRDB
import Glibc
import Resources

/// What a restored ledger is.
package struct Restoration: Hashable, Codable, Sendable {
    /// The time of the last commit in it.
    package let at: Timestamp
    /// Its recount, without signatures.
    package let found: Verification
    /// The times that could be restored.
    package let oldest: Timestamp
    package let newest: Timestamp
}

/// Makes a ledger out of a standby, as it was at some time.
package struct Restoring {
    private let standby: StandbyDirectory
    private let target: String
    private let files: DurableFiles

    /// A place in a generation's log.
    private struct Point {
        let generation: StandbyDirectory.Generation
        let piece: StandbyLog.Piece
    }

    /// - Parameters:
    ///   - standby: where the agent's configuration says, or a copy of that; it is only read.
    ///   - target: what the restored ledger's directory is to be. It must not be there, or be empty.
    package init(from standby: String, to target: String) { self.init(from: standby, to: target, DurableFiles()) }

    init(from standby: String, to target: String, _ files: DurableFiles) {
        (self.standby, self.target, self.files) = (StandbyDirectory(path: standby), target, files)
    }

    /// Restores everything up to the last commit at or before `time`, checks it, and gives it its name only then.
    ///
    /// - Parameter time: `nil` for the newest there is.
    /// - Throws: ``LedgerStoreError``; then nothing is at the target that was not there before.
    package func run(at time: Timestamp? = nil) throws(LedgerStoreError) -> Restoration {
        let partial = target + ".partial"
        do {
            try checkTarget()
            let (point, oldest, newest) = try find(at: time)
            if DurableFiles.isThere(partial) {
                try files.announce(.remove, partial)
                try FileManager.default.removeItem(atPath: partial)
            }
            try files.announce(.create, partial)
            guard mkdir(partial, 0o700) == 0 else { throw fault("\(partial) cannot be made: \(DurableFiles.reason())") }
            try fill(partial, from: point)
            let found = try ClosedLedger(directory: partial).verify(signatures: nil)
            if let fault = found.fault { throw self.fault("what was restored is faulty: \(fault)") }
            try files.remove(partial + "/verification.json")
            try handOver(partial)
            try files.synchronize(partial)
            // Takes the place of an empty directory, too.
            try files.rename(partial, to: target)
            try files.synchronize(URL(fileURLWithPath: target).deletingLastPathComponent().path)
            return Restoration(at: point.piece.at, found: found, oldest: oldest, newest: newest)
        } catch {
            throw LedgerStoreError(error, file: target)
        }
    }

    private func fault(_ text: String) -> LedgerStoreError { .archive(target, text) }

    private func checkTarget() throws {
        guard DurableFiles.isThere(target) else { return }
        let names = try FileManager.default.contentsOfDirectory(atPath: target)
        guard names.isEmpty else {
            let inUse = names.contains("lock") ? "a ledger is, or was, in use there" : "it is not empty"
            throw fault("\(inUse); stop the agent and move that directory away, or name another")
        }
    }

    // MARK: Which time

    private func find(at time: Timestamp?) throws -> (Point, oldest: Timestamp, newest: Timestamp) {
        var found: Point?
        var (oldest, newest): (Timestamp?, Timestamp?)
        for generation in try standby.generations() where DurableFiles.isThere(generation.base) {
            guard DurableFiles.isThere(generation.log.path) else { continue }
            try generation.log.read { piece, _ in
                guard piece.isPoint else { return true }
                (oldest, newest) = (oldest ?? piece.at, piece.at)
                if piece.at <= time ?? piece.at { found = Point(generation: generation, piece: piece) }
                return true
            }
        }
        guard let oldest, let newest else {
            throw LedgerStoreError.archive(standby.path, "it is no standby, or has nothing complete yet")
        }
        guard let found else {
            throw LedgerStoreError.archive(
                standby.path,
                "the oldest time that can be restored is \(CivilDate(oldest).rfc3339), the newest \(CivilDate(newest).rfc3339)")
        }
        return (found, oldest, newest)
    }

    // MARK: Files

    private func fill(_ directory: String, from point: Point) throws {
        let number = point.generation.number
        try redo(point, as: directory + "/" + Segment.name(number))
        var next = number - 1
        while next > 0, try fillClosed(next, directory) { next -= 1 }
    }

    /// A segment before that which is restored: as it was copied when closed, or else as its last generation ends.
    ///
    /// - Returns: whether the standby has it. One that was archived before there was a standby is not missed.
    private func fillClosed(_ number: Int, _ directory: String) throws -> Bool {
        let target = directory + "/" + Segment.name(number)
        let copy = standby.path + "/" + Segment.name(number)
        if DurableFiles.isThere(copy) {
            try files.copy(copy, to: target)
            try files.synchronize(target)
            try files.protect(target)
            return true
        }
        var last: Point?
        for generation in try standby.generations() where generation.number == number && DurableFiles.isThere(generation.base) {
            guard DurableFiles.isThere(generation.log.path) else { continue }
            try generation.log.read { piece, _ in
                if piece.isPoint { last = Point(generation: generation, piece: piece) }
                return true
            }
        }
        guard let last else { return false }
        try redo(last, as: target)
        let next = SegmentDirectory.Entry(number: number + 1, path: directory + "/" + Segment.name(number + 1))
        guard try ClosedSegment.read(target, Closing.init) != nil,
            try SegmentDirectory.Entry(number: number, path: target).row().end == next.row().opening
        else {
            // Its end was never copied: what follows begins with what it was handed on.
            for file in [target, target + "-wal", target + "-shm"] { try files.remove(file) }
            return false
        }
        return true
    }

    /// Brings a base copy to where a piece of its log ends.
    private func redo(_ point: Point, as target: String) throws {
        try files.copy(point.generation.base, to: target)
        let descriptor = try DurableFiles.open(target, O_RDWR)
        defer { close(descriptor) }
        var pageSize = 4096
        try point.generation.log.read { piece, bytes in
            if piece.length > 0 {
                let hasHead = piece.offset == 0
                if hasHead { pageSize = bytes.dropFirst(8).prefix(4).reduce(0) { $0 << 8 | Int($1) } }
                try files.announce(.write, target)
                try WriteAheadLog.redo(bytes, hasHead: hasHead, pageSize: pageSize, to: descriptor, target)
            }
            return piece != point.piece
        }
        try files.synchronize(target)
    }

    /// Gives what was restored to whom the directory around it belongs: root may restore for the agent's user.
    private func handOver(_ directory: String) throws {
        var parent = stat()
        guard geteuid() == 0, stat(URL(fileURLWithPath: target).deletingLastPathComponent().path, &parent) == 0 else { return }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        for path in [directory] + names.map({ directory + "/" + $0 }) where lchown(path, parent.st_uid, parent.st_gid) != 0 {
            throw LedgerStoreError.disk(file: path, DurableFiles.reason())
        }
    }
}
