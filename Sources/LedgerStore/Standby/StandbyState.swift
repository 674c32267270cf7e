import Foundation
import Glibc
import Resources

/// Where to copy the ledger to, continuously, and how much of the past to keep there.
package struct StandbySettings: Hashable, Sendable {
    /// Absolute; best on another disk.
    package var directory: String
    /// How far back points in time can be restored.
    package var history = Microseconds.days(1)
    /// The most that base copies and logs may take; the newest are kept in any case.
    package var maximumSize = Bytes.gibibytes(4)

    package init(directory: String) { self.directory = directory }
}

/// How the standby is doing.
package struct StandbyStanding: Hashable, Sendable {
    package let directory: String
    /// Why nothing is copied at present; it is tried again every few seconds.
    package let fault: String?
    /// For how long the oldest commit that is not copied has waited; zero when none waits.
    package let lag: Microseconds
    /// What waits.
    package let lagSize: Bytes
    /// The times that can be restored; `nil` while nothing can.
    package let oldest: Timestamp?
    package let newest: Timestamp?
    /// What all of it takes.
    package let size: Bytes
}

/// What the writer's thread and the standby's thread know of each other.
struct StandbyState {
    /// The end of a commit.
    struct Point {
        /// Of the write-ahead log, up to there.
        let frames: Int
        let at: Timestamp
    }

    /// A segment whose commits are copied.
    struct Followed {
        let segment: Segment
        /// Which life of the write-ahead log, counted from where following began; told by its salt.
        var epoch: UInt64 = 0
        var salt: [UInt8] = []
        /// After the last commit.
        var frames = 0
        /// How many of them are durable in the standby.
        var shipped = 0
        /// Commits that are not yet.
        var points: [Point] = []
        var stage = Stage.needsBase
        /// Called when no more of it is to be copied; set once it was closed.
        var end: (@Sendable () -> Void)?
        /// The first length at which a checkpoint is worth it.
        var checkpointAt = Standby.checkpointFrames

        var isEnded: Bool { end != nil }
        var isShipped: Bool { stage == .follows && points.isEmpty }

        /// The base copy has at most what is committed by now, and at least what the log's present life began with.
        mutating func settle(at now: Timestamp) {
            (stage, shipped, points) = (.follows, 0, [Point(frames: frames, at: now)])
        }
    }

    /// How far following a segment is.
    enum Stage {
        case needsBase
        /// The base copy is made, and may have a commit that the writer's thread has not noted yet.
        case awaitsWriter
        case follows
    }

    /// The current one last; before it those that were closed and are not yet copied to their end.
    var followed: [Followed] = []
    var fault: String?
    /// Why closed segments are not copied.
    var segmentsFault: String?
    /// Not tried again before.
    var retryAt: Timestamp?
    /// Since when commits have waited.
    var waitingSince: Timestamp?
    var oldest: Timestamp?
    var newest: Timestamp?
    var size: Int64 = 0
    var isStopping = false
    /// Who waits until everything is copied.
    var waiters: [DispatchSemaphore] = []

    /// Whether all commits of a segment are copied.
    func isShipped(_ segment: Segment) -> Bool { followed.allSatisfy { $0.segment.path != segment.path || $0.isShipped } }

    /// Nothing more goes to the present generation; another is begun later.
    mutating func give(up fault: String, until time: Timestamp, now: Timestamp) {
        self.fault = fault
        retryAt = time
        waitingSince = waitingSince ?? now
        end(where: \.isEnded)
        for index in followed.indices {
            followed[index].stage = .needsBase
            followed[index].points = []
        }
        wakeWaiters()
    }

    /// Follows segments no more.
    mutating func end(where isOver: (Followed) -> Bool) {
        for over in followed where isOver(over) { over.end?() }
        followed.removeAll(where: isOver)
        wakeWaiters()
    }

    mutating func wakeWaiters() {
        for waiter in waiters { waiter.signal() }
        waiters = []
    }
}
