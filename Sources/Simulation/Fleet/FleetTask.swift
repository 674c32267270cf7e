import Resources

/// A job on its way through a fleet.
struct FleetTask {
    enum State: Hashable {
        /// Waits before it asks again.
        case waiting
        case asking(RequestID)
        /// Runs under a lease of the node at `lender`.
        case running(LeaseID, lender: Int)
        case finished
        /// No machine of the fleet could ever run it.
        case hopeless
    }

    let job: FleetJob
    /// Where it comes from.
    let home: Int
    var state = State.waiting
    /// What is done and saved.
    var saved = CoreMicroseconds.zero
    /// When it first ran.
    var started: Instant?
    var attempts = 0

    init(job: FleetJob, home: Int) {
        self.job = job
        self.home = home
    }

    var left: CoreMicroseconds { job.work - saved }

    /// How long it waits before it asks again: a minute, then twice as long each time, up to sixteen.
    var backoff: Microseconds { .minutes(1 << Int64(min(attempts, 4))) }
}
