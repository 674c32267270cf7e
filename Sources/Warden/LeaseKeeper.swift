import Glibc
import Kernel
import Reclaim
import Resources
import Sandbox

/// Holds the leases: their control groups, limits, meters and ends, and the enforcer over them.
final class LeaseKeeper {
    struct Lease {
        var record: LeaseRecord
        var using = Amounts.zero
        /// What it moves on disks each second, while that matters.
        var diskRate: Bytes?
        /// What it had moved at the last reading that was taken of it.
        var diskTraffic: (bytes: Bytes, at: Instant)?
        /// What the enforcer wants.
        var wanted = Hold()
        /// What the kernel was told; the rest is tried again on every tick.
        var inForce = Hold()
        /// Holds it to its ceiling where the kernel does not.
        var cycle = DutyCycle()
        /// Something of it may have been stopped for its ceiling.
        var mayStandStill = false
        /// Why its group cannot be read or made, and since when.
        var fault: (error: KernelError, since: Instant)?
        /// Why and for whom it is being ended.
        var ending: Ending?
        /// When the record was last written.
        var saved: Instant
    }

    /// What the enforcer holds a lease to besides its processing ceiling.
    struct Hold: Hashable {
        var diskLimit: Bytes?
        var memoryBrake: Bytes?
        var isFrozen = false
    }

    struct Ending {
        var reason: String
        var waiting: [Responder] = []
    }

    let state: StateDirectory
    let groups: any GuestGroups
    let instance: String
    let log: DecisionLog
    var leases: [LeaseID: Lease] = [:]
    var ended: [LeaseID: LeaseRecord] = [:]
    private(set) var policy: WardenPolicy?
    var enforcer: Enforcer?
    var memoryShort: Bytes = .zero
    var moves = MoveLog()
    /// Until when nothing new should be offered, as it is on record.
    var coolDown: Deadline?
    /// Leases whose guests are to be told that they are taken back.
    var warnings: [LeaseID] = []
    /// Leases whose guests are to be stopped because they hold more than they may, or are held no more; and why.
    var forfeited: [LeaseID: String] = [:]
    /// Something was seen that the next self-test should explain.
    var isInDoubt = false
    /// The enforcer only says what it would do.
    let isDryRun: Bool
    /// The last counters that an agent was told.
    var measured: (at: Instant, measurements: [LeaseMeasurement])?
    /// What happened that agents are told of.
    var notices: [WardenNotice] = []

    init(_ configuration: WardenConfiguration, _ state: StateDirectory, _ groups: any GuestGroups, log: DecisionLog) {
        self.state = state
        self.groups = groups
        self.log = log
        instance = configuration.instance
        isDryRun = configuration.isDryRun
    }

    func group(of lease: LeaseID) -> String { "\(instance)/\(lease)" }

    /// Whether programs may be started under it.
    func isOpen(_ lease: LeaseID) -> Bool { leases[lease].map { $0.ending == nil } ?? false }

    /// Whether it is open or being ended.
    func holds(_ lease: LeaseID) -> Bool { leases[lease] != nil }

    var isEmpty: Bool { leases.isEmpty }

    /// What the guests of a lease that is taken back are to know.
    func notice(of lease: LeaseID) -> Notice? {
        guard let record = leases[lease]?.record, let reason = record.taking?.reason ?? record.grant.leaving else { return nil }
        return Notice(ends: record.deadline.utc, reason: reason)
    }

    /// Why a lease is being ended.
    func reason(of lease: LeaseID) -> String { leases[lease]?.ending?.reason ?? "" }

    /// What a lease that has ended consumed.
    func finalMeter(of lease: LeaseID) -> LeaseMeter? { ended[lease].map { LeaseMeter($0.meter) } }

    func setPolicy(_ new: WardenPolicy, at now: Moment) throws(KernelError) {
        guard new != policy else { return }
        try state.policy.save(new)
        adopt(new, at: now)
        let standard = new.thresholds.standard
        log.write(
            "policy.set",
            [
                "cpu_threshold": standard.cpu, "memory_threshold": standard.memory, "periods": new.thresholds.periods.count,
                "pressure": new.thresholds.pressure.text, "reserve": new.reserve, "owner": "\(new.owner)",
            ])
    }

    func adopt(_ new: WardenPolicy, at now: Moment) {
        policy = new
        var configuration = Enforcer.Configuration(capacity: new.capacity, thresholds: new.thresholds, reserve: new.reserve)
        configuration.endsLeases = !isDryRun
        if enforcer == nil { enforcer = Enforcer(configuration) }
        obey(enforcer?.reconfigure(configuration, at: now.instant, minute: Self.minute(at: now)) ?? [], at: now)
    }

    /// Sets aside what is granted; what is there already is changed.
    func open(_ grant: LeaseGrant, at now: Moment) throws(WardenFault) {
        guard policy != nil else { throw WardenFault(.wrongState, "no policy was set yet: nothing can be lent before") }
        guard ended[grant.lease] == nil, leases[grant.lease]?.ending == nil else {
            throw WardenFault(.wrongState, "\(grant.lease) has ended")
        }
        guard leases[grant.lease] != nil || leases.count < WardenLimits.leases else {
            throw WardenFault(.full, "\(WardenLimits.leases) leases are open, the most there can be")
        }
        do throws(KernelError) {
            try establish(grant)
            var lease = leases[grant.lease] ?? Lease(record: record(of: grant, at: now), saved: now.instant)
            if grant.leaving != nil, lease.record.grant.leaving == nil { warnings.append(grant.lease) }
            lease.record.grant = grant
            // the owner does not wait longer because an agent has not heard of it yet
            if lease.record.taking == nil { lease.record.deadline = Deadline(grant.remaining, after: now) }
            lease.saved = now.instant
            try state.lease(grant.lease).save(lease.record)
            leases[grant.lease] = lease
        } catch {
            if leases[grant.lease] == nil { try? groups.remove(group(of: grant.lease)) }
            throw WardenFault(.kernel, "\(grant.lease) cannot be opened: \(error)")
        }
        obey(enforcer?.open(grant.lease, limit: grant.amounts.cpu, at: now.instant) ?? [], at: now)
        log.write(
            "lease.opened",
            ["lease": grant.lease, "cpu": grant.amounts.cpu, "memory": grant.amounts.memory, "remaining": grant.remaining])
    }

    private func record(of grant: LeaseGrant, at now: Moment) -> LeaseRecord {
        LeaseRecord(
            grant: grant, deadline: Deadline(grant.remaining, after: now), measured: now, ceiling: grant.amounts.cpu,
            place: (leases.values.map(\.record.place).max() ?? 0) + 1)
    }

    /// Makes the group with its limits. The ceiling is the enforcer's.
    func establish(_ grant: LeaseGrant) throws(KernelError) {
        let group = group(of: grant.lease)
        try groups.make(group)
        try groups.setMemoryLimit(max(grant.amounts.memory, .mebibytes(1)), of: group)
        // all its jobs together have no more than one may have
        try groups.setProcessLimit(GuestSpec.usualProcessLimit, of: group)
        try groups.setWeight(grant.amounts.cpu, of: group)
        // the enforcer may hold another ceiling for it, which follows at once; until then it is never without one
        if leases[grant.lease] == nil { try groups.setCeiling(max(grant.amounts.cpu, 10), of: group) }
    }

    /// Begins to end a lease; ``finish(_:at:)`` completes it.
    ///
    /// - Returns: whether there is such a lease.
    func beginEnding(_ lease: LeaseID, because reason: String, for responder: Responder? = nil) -> Bool {
        guard leases[lease] != nil else { return false }
        if leases[lease]?.ending == nil {
            leases[lease]?.ending = Ending(reason: reason)
            log.write("lease.ending", ["lease": lease, "reason": reason])
        }
        if let responder { leases[lease]?.ending?.waiting.append(responder) }
        return true
    }

    /// The leases being ended, in the order of their ids.
    var ending: [LeaseID] { leases.filter { $0.value.ending != nil }.keys.sorted() }

    /// Takes the last reading of a lease under which nothing runs any more, removes its group and keeps its record.
    ///
    /// - Returns: those who wait for it, and its final counters.
    func finish(_ lease: LeaseID, at now: Moment) throws(KernelError) -> (waiting: [Responder], meter: LeaseMeter)? {
        guard let ending = leases[lease]?.ending else { return nil }
        measure(lease, at: now)
        try groups.remove(group(of: lease))
        guard var record = leases[lease]?.record else { return nil }
        record.end = LeaseRecord.End(reason: ending.reason, at: now.utc)
        try state.lease(lease).save(record)
        leases[lease] = nil
        ended[lease] = record
        enforcer?.close(lease)
        let meter = LeaseMeter(record.meter)
        log.write(
            "lease.ended", ["lease": lease, "reason": ending.reason, "cpu": meter.measured.cpu, "memory": meter.measured.memory])
        return (ending.waiting, meter)
    }

    /// Whether nothing is left in the lease's group, after killing what is.
    func killAll(in lease: LeaseID) throws(KernelError) -> Bool { try groups.kill(group(of: lease)) }
}
