import Reclaim
import Resources

/// What the owner allows, as the agent tells the warden; in force until the next one, also without the agent.
package struct WardenPolicy: Hashable, Sendable {
    /// Whose use of the machine counts as the owner's.
    package enum OwnerScope: Hashable, Sendable {
        /// Everything that is not a guest of any agent on this machine.
        case everything
        /// The processes of one control group, named by its path below the mount points, such as `/owner`.
        case group(String)
    }

    /// What this node shares out between its owner and guests.
    package var capacity: Amounts
    /// The bounds for owner and guests together.
    package var thresholds: Thresholds
    package var owner: OwnerScope
    /// When less memory than this could be had at once, guests are stopped and ended without notice.
    package var reserve: Bytes

    /// - Parameter reserve: the usual part of the capacity when it is left out.
    package init(capacity: Amounts, thresholds: Thresholds, owner: OwnerScope = .everything, reserve: Bytes? = nil) {
        self.capacity = capacity
        self.reserve = reserve ?? Enforcer.Configuration.usualReserve.of(capacity.memory)
        self.thresholds = thresholds
        self.owner = owner
    }
}

/// A lease as the warden holds it.
package struct LeaseState: Hashable, Sendable {
    package var lease: LeaseID
    package var amounts: Amounts
    package var floor: Amounts
    /// When the warden ends it by itself; zero or negative while it is being ended.
    package var remaining: Microseconds
    package var ceiling: Millicores
    package var rung: Rung
    /// What is in use now: the mean over the last tick for processing, the amount held for memory.
    package var using: Amounts
    package var meter: LeaseMeter
    /// Set when the enforcer takes it back.
    package var taking: TakingBack?

    package init(
        lease: LeaseID, amounts: Amounts, floor: Amounts, remaining: Microseconds, ceiling: Millicores, rung: Rung,
        using: Amounts, meter: LeaseMeter, taking: TakingBack? = nil
    ) {
        self.taking = taking
        self.lease = lease
        self.amounts = amounts
        self.floor = floor
        self.remaining = remaining
        self.ceiling = ceiling
        self.rung = rung
        self.using = using
        self.meter = meter
    }
}

/// That and why the enforcer takes a lease back from its holder.
package struct TakingBack: Hashable, Sendable {
    /// Whether there was no time for the notice of its class.
    package var atOnce: Bool
    package var reason: String

    package init(atOnce: Bool, reason: String) {
        self.atOnce = atOnce
        self.reason = reason
    }
}

/// A step on the ladder as the warden remembers it.
package struct Move: Hashable, Sendable {
    /// When it was taken; later for each that is remembered.
    package var at: Timestamp
    package var change: RungChange
    /// It was only found to be due, and not carried out.
    package var isDryRun: Bool

    package init(at: Timestamp, change: RungChange, isDryRun: Bool) {
        self.at = at
        self.change = change
        self.isDryRun = isDryRun
    }
}

/// What a lease consumed since it was opened; every figure only grows.
package struct LeaseMeter: Hashable, Sendable {
    /// As the kernel counted it.
    package var measured: Usage
    /// The part of it that may be billed: without what was consumed while throttled below the floor.
    package var billable: Usage
    /// How long it stood throttled below its floor.
    package var throttled: Microseconds

    package init(measured: Usage = .zero, billable: Usage = .zero, throttled: Microseconds = .zero) {
        self.measured = measured
        self.billable = billable
        self.throttled = throttled
    }
}

/// A job as the warden knows it.
package struct JobState: Hashable, Sendable {
    package enum Stage: Hashable, Sendable {
        /// Its directory is there and belongs to the agent, which may put inputs into it.
        case prepared
        case running
        /// It ran and ended.
        case exited(ExitRecord)
        /// Its shim is gone without a record of the end, as after a power failure or the shim's own violent death.
        case lost
    }

    package var job: JobID
    package var lease: LeaseID
    package var stage: Stage

    package init(job: JobID, lease: LeaseID, stage: Stage) {
        self.job = job
        self.lease = lease
        self.stage = stage
    }
}

/// Everything a warden holds: what an agent reconciles against after a restart of either.
package struct WardenInventory: Hashable, Sendable {
    package var leases: [LeaseState]
    package var jobs: [JobState]
    package init(leases: [LeaseState], jobs: [JobState]) {
        self.leases = leases
        self.jobs = jobs
    }
}

/// The machine as the warden last measured it.
package struct WardenReadings: Hashable, Sendable {
    /// What the owner's scope uses.
    package var owner: Amounts
    /// What this warden's guests use together.
    package var guests: Amounts
    /// By how much owner and guests exceed the memory threshold.
    package var memoryShort: Bytes
    package var leases: [LeaseState]
    /// How the enforcer stands; `nil` from a warden before version 3.
    package var enforcer: EnforcerState?
    /// How jobs are held to what they may keep on disk, in words; `nil` from a warden before version 4.
    package var disk: String?

    package init(
        owner: Amounts, guests: Amounts, memoryShort: Bytes, leases: [LeaseState], enforcer: EnforcerState? = nil,
        disk: String? = nil
    ) {
        self.owner = owner
        self.guests = guests
        self.memoryShort = memoryShort
        self.leases = leases
        self.enforcer = enforcer
        self.disk = disk
    }
}

/// How the out-of-range enforcer stands.
package struct EnforcerState: Hashable, Sendable {
    /// The bound for owner and guests together that holds now.
    package var threshold: Amounts
    /// The share of the last tick for which the owner's work waited.
    package var pressure: Pressure
    /// The memory that could be had.
    package var available: Bytes?
    /// How long nothing new should be offered.
    package var coolDown: Microseconds
    /// It says what it would do, and does nothing of it.
    package var isDryRun: Bool
    /// For which share of a tick the owner's work may have to wait now; unknown from a warden before version 6.
    package var tolerance = Pressure.unknown
    /// The memory that is kept free; `nil` from a warden before version 6.
    package var reserve: Bytes?
    /// What all guests moved on disks each second; `nil` while it is not looked at.
    package var diskRate: Bytes?

    package init(
        threshold: Amounts, pressure: Pressure, available: Bytes?, coolDown: Microseconds, isDryRun: Bool
    ) {
        self.threshold = threshold
        self.pressure = pressure
        self.available = available
        self.coolDown = coolDown
        self.isDryRun = isDryRun
    }
}
