import Resources

extension Enforcer {
    /// What the enforcer keeps to.
    package struct Configuration: Hashable, Sendable {
        /// What the node has.
        package var capacity: Amounts
        /// The owner's upper bounds for owner and guests together.
        package var thresholds: Thresholds
        /// When less memory than this could be had at once, guests are stopped and ended without notice.
        package var reserve: Bytes

        /// How many of the window's ticks must be out of range before something is taken.
        package var actsOn = 3
        /// How many ticks are looked back at.
        package var window = 5
        /// What is given back in one step, as a share of the lease.
        package var step = BasisPoints.percent(10)
        package var stepInterval = Microseconds.seconds(1)
        /// The room that must be free before anything is given back, as a share of the capacity.
        package var hysteresis = BasisPoints.percent(5)
        /// No ceiling of a lease that runs is cut below this, so that a job can still react.
        package var leastProcessing: Millicores = 10
        /// No lease that runs is held to fewer bytes a second on a disk.
        package var leastDiskRate = Bytes(128 << 10)
        /// A lease that climbed stays on its rung at least so long, whatever the owner does: an owner who comes and goes moves it
        /// six times a minute at most.
        package var dwell = Microseconds.seconds(30)
        /// After so long out of range, with guests frozen for it, the first leases are ended.
        package var patience = PerResource<Microseconds>(cpu: .minutes(5), memory: .seconds(1), disk: .minutes(1))
        /// The effect of ending leases is waited for before more are ended.
        package var endPause = Microseconds.seconds(5)
        /// Whether leases end when that is asked for. Where they do not, as in a dry run, those that were to end begin anew on the
        /// ladder once there is room again.
        package var endsLeases = true
        /// How long nothing is offered after leases had to be frozen or ended.
        package var coolDown = Microseconds.seconds(60)

        package init(
            capacity: Amounts, thresholds: Thresholds, reserve: Bytes? = nil
        ) {
            self.capacity = capacity
            self.thresholds = thresholds
            self.reserve = reserve ?? Self.usualReserve.of(capacity.memory)
        }

        /// The part of the memory that is kept free where nobody says otherwise.
        package static let usualReserve = BasisPoints.percent(2)
    }
}

/// One tick as the parts of the enforcer see it.
struct Tick {
    let readings: Readings
    /// The bounds that hold now.
    let threshold: Amounts
    /// For which part of a tick the owner's work may have to wait now.
    let tolerance: Pressure
    let now: Instant

    /// Whether the owner's work waited longer for a resource than it may.
    func isStrained(_ resource: Resource) -> Bool {
        guard let pressure = readings.pressure[resource], let limit = tolerance[resource] else { return false }
        return pressure > limit
    }
}

/// What a resource's own governor says after a tick about the rungs above its own.
enum Verdict: Hashable {
    /// Cutting ceilings does not bring it back into range. `excess` is in the unit in which guests are weighed.
    case over(excess: Int64, isCritical: Bool, reason: String)
    /// Nothing needs to be taken, and nothing can be given back.
    case within
    /// There is room beyond the hysteresis.
    case relieved
}

/// What a resource's own governor makes of a tick.
struct Judgement: Hashable {
    var verdict: Verdict
    /// Why it gives guests less from now on, if it does so by itself.
    var reason: String?

    init(_ verdict: Verdict, _ reason: String? = nil) {
        self.verdict = verdict
        self.reason = reason
    }
}
