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
    /// The bound for owner and guests together.
    package var threshold: Amounts
    package var owner: OwnerScope

    package init(capacity: Amounts, threshold: Amounts, owner: OwnerScope = .everything) {
        self.capacity = capacity
        self.threshold = threshold
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

    package init(
        lease: LeaseID, amounts: Amounts, floor: Amounts, remaining: Microseconds, ceiling: Millicores, rung: Rung,
        using: Amounts, meter: LeaseMeter
    ) {
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

    package init(owner: Amounts, guests: Amounts, memoryShort: Bytes, leases: [LeaseState]) {
        self.owner = owner
        self.guests = guests
        self.memoryShort = memoryShort
        self.leases = leases
    }
}
