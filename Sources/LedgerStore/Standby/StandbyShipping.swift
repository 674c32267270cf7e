import Bookkeeping
import Dispatch
import Foundation
import GRDB
import Glibc
import Resources
import Synchronization

// The standby's own thread: base copies, and commits after them.

extension Standby {
    /// A generation that is being written, by this thread alone.
    private struct Writing {
        let generation: StandbyDirectory.Generation
        let segment: String
        let log: CInt
        let baseSize: Int64
        var logSize: Int64 = 0
    }

    /// What is to be done next.
    private enum Work {
        case begin(StandbyState.Followed)
        case ship(StandbyState.Followed)
        /// Wait for news, until then at most.
        case rest(DispatchTime)
        case end
    }

    func run() {
        var lock: DataDirectory?
        var writing: Writing?
        defer {
            if let log = writing?.log { close(log) }
            state.withLock { $0.wakeWaiters() }
            finished.leave()
        }
        while true {
            do {
                switch next() {
                case .end: return
                case .rest(let time): _ = wake.wait(timeout: time)
                case .begin(let followed):
                    if lock == nil { lock = try takeOver(followed.segment) }
                    if let log = writing?.log { close(log) }
                    writing = nil
                    // First, so that whatever generation is complete has all that was before it.
                    takeClosed(before: followed.segment.number)
                    writing = try begin(followed)
                    noteSuccess()
                    prune()
                case .ship(let followed):
                    guard var current = writing, current.segment == followed.segment.path else {
                        throw LedgerStoreError.archive(directory.path, "the base copy of the segment is not there")
                    }
                    try ship(followed, to: &current)
                    writing = current
                }
            } catch {
                if let log = writing?.log { close(log) }
                writing = nil
                noteFault("\(LedgerStoreError(error, file: directory.path))")
            }
        }
    }

    private func next() -> Work {
        let now = Self.now()
        return state.withLock { state in
            while let first = state.followed.first, first.isEnded, first.isShipped {
                state.end { $0.segment.path == first.segment.path }
            }
            if state.followed.allSatisfy(\.isShipped) {
                state.waitingSince = nil
                state.wakeWaiters()
            }
            if let retryAt = state.retryAt, retryAt > now, !state.isStopping {
                return .rest(.now() + .microseconds(Int(min(retryAt - now, .seconds(60)).rawValue)))
            }
            guard let first = state.followed.first, state.fault == nil || !state.isStopping else {
                return state.isStopping ? .end : .rest(.distantFuture)
            }
            if first.stage == .needsBase { return state.isStopping ? .end : .begin(first) }
            if !first.points.isEmpty { return .ship(first) }
            return state.isStopping ? .end : .rest(.distantFuture)
        }
    }

    private func noteFault(_ fault: String) {
        let now = Self.now()
        let isNews = state.withLock { state in
            let isNews = state.fault != fault
            state.give(up: fault, until: now + Self.retry, now: now)
            return isNews
        }
        if isNews { report(fault) }
    }

    private func noteSuccess() {
        let wasFaulty = state.withLock { state in
            defer { (state.fault, state.retryAt) = (nil, nil) }
            return state.fault != nil
        }
        if wasFaulty { report(nil) }
    }
}

// MARK: - Base copies

extension Standby {
    /// Locks the directory for this process, once it is known to be this ledger's.
    private func takeOver(_ segment: Segment) throws -> DataDirectory {
        let lock = try DataDirectory(path: directory.path)
        let own = try segment.id()
        guard let data = FileManager.default.contents(atPath: directory.owner) else {
            guard try directory.generations().isEmpty, try directory.segments.entries().isEmpty else {
                throw LedgerStoreError.archive(
                    directory.path, "it has files that are not this standby's; name an empty directory")
            }
            let partial = directory.owner + ".partial"
            try files.announce(.create, partial)
            try Data(own.utf8).write(to: URL(fileURLWithPath: partial))
            try files.synchronize(partial)
            try files.rename(partial, to: directory.owner)
            try files.synchronize(directory.path)
            return lock
        }
        guard String(decoding: data, as: UTF8.self) == own else {
            throw LedgerStoreError.archive(directory.path, "it is the standby of another ledger; name another directory")
        }
        return lock
    }

    /// Makes a base copy, and the first point that can be restored.
    private func begin(_ followed: StandbyState.Followed) throws -> Writing {
        let generation = try directory.next(of: followed.segment.number)
        try files.announce(.create, generation.path)
        guard mkdir(generation.path, 0o700) == 0 else {
            throw LedgerStoreError.archive(generation.path, "it cannot be made: \(DurableFiles.reason())")
        }
        let log: CInt
        do { log = try copy(followed.segment, to: generation) } catch {
            try? directory.remove(generation, files)
            throw error
        }
        let now = Self.now()
        change(followed.segment) { followed in
            // Nobody writes to one that is closed, and all of it was noted.
            if followed.isEnded { followed.settle(at: now) } else { followed.stage = .awaitsWriter }
        }
        nudge.withLock { $0 }?()
        return Writing(
            generation: generation, segment: followed.segment.path, log: log, baseSize: DurableFiles.size(generation.base))
    }

    /// Makes the base copy, durable.
    ///
    /// - Returns: the empty log beside it.
    private func copy(_ segment: Segment, to generation: StandbyDirectory.Generation) throws -> CInt {
        let partial = generation.base + ".partial"
        try files.announce(.database("copy"), partial)
        Segment.create(partial)
        let copy = try DatabaseQueue(path: partial)
        try segment.pool.backup(to: copy)
        try copy.close()
        try files.synchronize(partial)
        try files.rename(partial, to: generation.base)
        try files.announce(.create, generation.log.path)
        let log = try DurableFiles.open(generation.log.path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND)
        do {
            try files.synchronize(generation.path)
            try files.synchronize(directory.path)
        } catch {
            close(log)
            throw error
        }
        return log
    }

    /// Drops generations that are older, or take more, than is wanted; never the newest that is complete.
    private func prune() {
        do {
            let all = try directory.generations()
            let closed = try directory.segments.entries().reduce(Int64(0)) { $0 + DurableFiles.size($1.path) }
            // The one that was just begun is not complete before its first point is written.
            let complete = try all.dropLast().filter { try $0.firstTime() != nil }
            var size = all.reduce(Int64(0)) { $0 + $1.size }
            let oldest = Self.now() + -settings.history
            for generation in all.dropLast() where generation != complete.last {
                guard !complete.contains(generation) || size > settings.maximumSize.rawValue || generation.changedAt < oldest
                else {
                    break
                }
                size -= generation.size
                try directory.remove(generation, files)
            }
            let first = try complete.first { DurableFiles.isThere($0.path) }?.firstTime()
            state.withLock { ($0.oldest, $0.size) = (first, size + closed) }
        } catch {
            // Nothing depends on it, and the next generation tries again.
            report("\(LedgerStoreError(error, file: directory.path))")
        }
    }
}

// MARK: - Commits

extension Standby {
    /// The most of one piece: 4 MiB.
    private static let framesOfPiece = 1000

    /// Appends commits to the log, which are then durable there.
    private func ship(_ followed: StandbyState.Followed, to writing: inout Writing) throws {
        let (log, sizeBefore) = (writing.generation.log.path, writing.logSize)
        var shipped = followed.shipped
        for point in followed.points {
            repeat {
                let end = min(point.frames, shipped + Self.framesOfPiece)
                let piece = try piece(followed, from: shipped, to: end, of: point)
                // What was given up meanwhile may have been overwritten while it was read.
                guard isCurrent(followed) else { return }
                try files.announce(.write, log)
                try DurableFiles.write(piece[...], to: writing.log, log)
                writing.logSize += Int64(piece.count)
                shipped = end
            } while shipped < point.frames
        }
        try files.announce(.synchronize, log)
        guard fdatasync(writing.log) == 0 else { throw LedgerStoreError.disk(file: log, DurableFiles.reason()) }
        let (added, isLarge) = (writing.logSize - sizeBefore, writing.logSize > max(Self.mostLog, writing.baseSize))
        state.withLock { state in
            guard let index = Self.index(of: followed, in: state), let last = followed.points.last else { return }
            state.followed[index].points.removeFirst(followed.points.count)
            state.followed[index].shipped = last.frames
            if isLarge, !followed.isEnded { state.followed[index].stage = .needsBase }
            state.newest = last.at
            state.oldest = state.oldest ?? followed.points.first?.at
            state.size += added
            state.waitingSince = state.followed[index].points.first?.at
            if state.followed[index].isShipped { state.wakeWaiters() }
        }
    }

    /// Some frames, as they stand in the log; none where nothing was written since the base copy.
    private func piece(
        _ followed: StandbyState.Followed, from shipped: Int, to end: Int, of point: StandbyState.Point
    ) throws -> [UInt8] {
        guard end > shipped else {
            return StandbyLog.encode(.init(epoch: followed.epoch, offset: 0, length: 0, at: point.at), [])
        }
        let size = try followed.segment.tap.pageSize
        let start = shipped == 0 ? 0 : WriteAheadLog.length(frames: shipped, pageSize: size)
        let bytes = try followed.segment.tap.read(at: start, WriteAheadLog.length(frames: end, pageSize: size) - start)
        return StandbyLog.encode(
            .init(
                epoch: followed.epoch, offset: UInt64(start), length: UInt64(bytes.count), at: point.at,
                isPoint: end == point.frames), bytes[...])
    }

    private func isCurrent(_ followed: StandbyState.Followed) -> Bool {
        state.withLock { Self.index(of: followed, in: $0) != nil }
    }

    /// Where it is, as long as it was neither given up nor begun anew.
    private static func index(of followed: StandbyState.Followed, in state: StandbyState) -> Int? {
        state.followed.firstIndex {
            $0.segment.path == followed.segment.path && $0.epoch == followed.epoch && $0.stage == .follows
                && $0.shipped == followed.shipped && $0.points.count >= followed.points.count
        }
    }
}

// MARK: - Closed segments

extension Standby {
    /// Takes over copies of the segments before one. What cannot be is told, and does not keep commits from being copied: what is
    /// restored then begins later.
    private func takeClosed(before number: Int) {
        do {
            try closed.withLock { $0 }?(number) { try take($0) }
            state.withLock { $0.segmentsFault = nil }
        } catch {
            let fault = "\(LedgerStoreError(error, file: directory.path))"
            let isNews = state.withLock { state in
                defer { state.segmentsFault = fault }
                return state.segmentsFault != fault
            }
            if isNews { report(fault) }
        }
    }

    /// Takes over a copy of one closed segment, unless it has it.
    func take(_ segment: SegmentDirectory.Entry) throws {
        guard !DurableFiles.isThere(directory.path + "/" + Segment.name(segment.number)) else { return }
        guard DurableFiles.isThere(directory.owner) else {
            throw LedgerStoreError.archive(directory.path, "it is not there, or not this ledger's yet")
        }
        try directory.segments.take(segment, files)
    }
}
