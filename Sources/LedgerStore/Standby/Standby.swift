import Bookkeeping
import Dispatch
import Foundation
import GRDB
import Glibc
import Resources
import Synchronization

/// Copies the ledger continuously to a second directory: closed segments as they are; of the current one a base copy, made by
/// SQLite's backup API, and then the frames of its write-ahead log, commit by commit, before a checkpoint may reuse it. Litestream
/// (https://litestream.io/how-it-works/) works in the same way.
///
/// It never holds up a commit for longer than ``patience``, and never stops the ledger: what cannot be copied is given up, and a new
/// base copy made later.
final class Standby: Sendable {
    /// The length of a write-ahead log that SQLite itself would fold in.
    static let checkpointFrames = 1000
    /// Beyond this the log is folded in whether it was copied or not.
    private static let mostFrames = 65_536
    /// How long the writer waits for the last commits to be copied, before a checkpoint.
    private static let patience = DispatchTimeInterval.milliseconds(100)
    /// The same when a segment is closed.
    private static let lastPatience = DispatchTimeInterval.seconds(5)
    static let retry = Microseconds.seconds(10)
    /// A log longer than this, and than its base copy, is followed by a new generation.
    static let mostLog: Int64 = 64 << 20

    let settings: StandbySettings
    let directory: StandbyDirectory
    let files: DurableFiles
    let state = Mutex(StandbyState())
    let wake = DispatchSemaphore(value: 0)
    let finished = DispatchGroup()
    /// Calls what it is given with each segment before one, tidied up.
    typealias EachClosed = @Sendable (_ number: Int, (SegmentDirectory.Entry) throws -> Void) throws -> Void
    let closed = Mutex<EachClosed?>(nil)
    /// Makes the writer's thread note where it is, soon.
    let nudge = Mutex<(@Sendable () -> Void)?>(nil)
    /// Says what is wrong, and `nil` when that is over.
    let report: @Sendable (String?) -> Void

    init(_ settings: StandbySettings, files: DurableFiles, report: @escaping @Sendable (String?) -> Void) {
        self.settings = settings
        self.files = files
        self.report = report
        directory = StandbyDirectory(path: settings.directory)
    }

    func start(nudge: @escaping @Sendable () -> Void, _ closed: @escaping EachClosed) {
        self.nudge.withLock { $0 = nudge }
        self.closed.withLock { $0 = closed }
        finished.enter()
        let thread = Thread { self.run() }
        thread.name = "standby"
        thread.start()
    }

    /// Copies what is left, as far as that takes no longer than ``lastPatience``, and ends.
    func stop() {
        state.withLock { $0.isStopping = true }
        wake.signal()
        finished.wait()
    }

    var standing: StandbyStanding {
        let now = Self.now()
        return state.withLock { state in
            let frames = state.followed.reduce(0) { $0 + ($1.stage == .follows ? $1.frames - $1.shipped : 0) }
            return StandbyStanding(
                directory: settings.directory, fault: state.fault ?? state.segmentsFault,
                lag: state.waitingSince.map { max(.zero, now - $0) } ?? .zero,
                lagSize: Bytes(Int64(frames) * Int64(4096 + WriteAheadLog.frameHeadLength)), oldest: state.oldest,
                newest: state.newest, size: Bytes(state.size))
        }
    }

    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}

// MARK: - On the writer's thread

extension Standby {
    /// Begins to follow a segment, whose checkpoints are made here from now on.
    func follow(_ segment: Segment, _ db: Database) throws {
        try segment.tap.attach(to: db)
        let followed = StandbyState.Followed(segment: segment, salt: segment.tap.salt, frames: segment.tap.last.frames)
        state.withLock { state in
            state.followed.append(followed)
            state.waitingSince = state.waitingSince ?? Self.now()
        }
        wake.signal()
    }

    /// Notes what was committed, and folds the write-ahead log in when it is long and copied.
    func committed(_ segment: Segment, _ db: Database) {
        guard note(segment) else { return }
        let frames = segment.tap.last.frames
        guard mayReuse(segment, frames) else {
            return change(segment) { $0.checkpointAt = frames + Self.checkpointFrames }
        }
        // As with SQLite's own checkpoints what cannot be done now is done after a later commit.
        _ = try? WriteAheadLog.checkpoint(db)
    }

    /// Notes how far the write-ahead log goes now; returns whether it is long.
    private func note(_ segment: Segment) -> Bool {
        let ((frames, at), salt) = (segment.tap.last, segment.tap.salt)
        let isLong = state.withLock { state in
            guard let index = state.followed.firstIndex(where: { $0.segment.path == segment.path }) else { return false }
            let begins = salt != state.followed[index].salt && !state.followed[index].salt.isEmpty
            if begins {
                state.followed[index].epoch += 1
                (state.followed[index].shipped, state.followed[index].checkpointAt) = (0, Self.checkpointFrames)
            }
            state.followed[index].salt = salt
            if begins || frames != state.followed[index].frames {
                if state.followed[index].stage == .follows { state.followed[index].points.append(.init(frames: frames, at: at)) }
                state.waitingSince = state.waitingSince ?? at
            }
            state.followed[index].frames = frames
            if state.followed[index].stage == .awaitsWriter { state.followed[index].settle(at: Self.now()) }
            return frames >= state.followed[index].checkpointAt
        }
        wake.signal()
        return isLong
    }

    func change(_ segment: Segment, _ body: (inout StandbyState.Followed) -> Void) {
        state.withLock { state in
            guard let index = state.followed.firstIndex(where: { $0.segment.path == segment.path }) else { return }
            body(&state.followed[index])
        }
    }

    /// Whether the write-ahead log may be overwritten.
    private func mayReuse(_ segment: Segment, _ frames: Int) -> Bool {
        if waitUntilShipped(segment, Self.patience) { return true }
        let now = Self.now()
        return state.withLock { state in
            guard state.fault == nil else { return true }
            guard frames >= Self.mostFrames else { return false }
            state.give(up: "it does not keep up with what is written", until: now + Self.retry, now: now)
            return true
        }
    }

    /// Ends following a segment that was closed.
    ///
    /// - Parameter done: called once its last commits are copied, or that was given up; must only queue what is to be done.
    func finish(_ segment: Segment, _ done: @escaping @Sendable () -> Void) {
        _ = note(segment)
        let isFollowed = state.withLock { state in
            guard let index = state.followed.firstIndex(where: { $0.segment.path == segment.path }) else { return false }
            state.followed[index].end = done
            // What was given up is not waited for.
            if state.fault != nil { state.end(where: \.isEnded) }
            return true
        }
        guard isFollowed else { return done() }
        wake.signal()
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + Self.lastPatience) { [weak self] in
            self?.state.withLock { state in state.end { $0.segment.path == segment.path } }
        }
    }

    /// Waits until every commit of a segment is copied, or that is given up.
    func waitUntilShipped(_ segment: Segment, _ patience: DispatchTimeInterval) -> Bool {
        let deadline = DispatchTime.now() + patience
        while true {
            let waiter = DispatchSemaphore(value: 0)
            let isDone = state.withLock { state in
                if state.isShipped(segment) || state.fault != nil { return true }
                state.waiters.append(waiter)
                return false
            }
            guard !isDone, waiter.wait(timeout: deadline) == .success else { return state.withLock { $0.isShipped(segment) } }
        }
    }
}
