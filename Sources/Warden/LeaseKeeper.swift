import Glibc
import Kernel
import Reclaim
import Resources
import Sandbox

/// Holds the leases: their control groups, limits, meters and ends, and the governor over them.
final class LeaseKeeper {
    struct Lease {
        var record: LeaseRecord
        var using = Amounts.zero
        /// Why and for whom it is being ended.
        var ending: Ending?
        /// When the record was last written.
        var saved: Instant
    }

    struct Ending {
        var reason: String
        var waiting: [Responder] = []
    }

    /// Records of leases that have ended are kept for this long, for agents that ask again.
    private static let memory = Microseconds.hours(48)
    /// How old a meter on disk may become while it runs; the kernel's counter makes up for it after a restart.
    private static let saveInterval = Microseconds.seconds(10)

    private let state: StateDirectory
    private let groups: any GuestGroups
    private let instance: String
    private let log: DecisionLog
    private var leases: [LeaseID: Lease] = [:]
    private var ended: [LeaseID: LeaseRecord] = [:]
    private(set) var policy: WardenPolicy?
    private var governor: Governor?
    private(set) var memoryShort: Bytes = .zero
    /// What happened that agents are told of.
    var notices: [WardenNotice] = []

    init(_ state: StateDirectory, _ groups: any GuestGroups, instance: String, log: DecisionLog) {
        self.state = state
        self.groups = groups
        self.instance = instance
        self.log = log
    }

    func group(of lease: LeaseID) -> String { "\(instance)/\(lease)" }

    /// Whether programs may be started under it.
    func isOpen(_ lease: LeaseID) -> Bool { leases[lease].map { $0.ending == nil } ?? false }

    /// Whether it is open or being ended.
    func holds(_ lease: LeaseID) -> Bool { leases[lease] != nil }

    var isEmpty: Bool { leases.isEmpty }

    /// Why a lease is being ended.
    func reason(of lease: LeaseID) -> String { leases[lease]?.ending?.reason ?? "" }

    /// What a lease that has ended consumed.
    func finalMeter(of lease: LeaseID) -> LeaseMeter? { ended[lease].map { LeaseMeter($0.meter) } }

    func setPolicy(_ new: WardenPolicy) throws(KernelError) {
        guard new != policy else { return }
        try state.policy.save(new)
        adopt(new)
        log.write(
            "policy.set", ["cpu_threshold": new.threshold.cpu, "memory_threshold": new.threshold.memory, "owner": "\(new.owner)"])
    }

    private func adopt(_ new: WardenPolicy) {
        policy = new
        let configuration = Governor.Configuration(capacity: new.capacity, threshold: new.threshold)
        if governor == nil { governor = Governor(configuration) }
        obey(governor?.reconfigure(configuration) ?? [])
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
            var lease = leases[grant.lease] ?? Lease(record: Self.record(of: grant, at: now), saved: now.instant)
            lease.record.grant = grant
            lease.record.deadline = Deadline(grant.remaining, after: now)
            lease.saved = now.instant
            try state.lease(grant.lease).save(lease.record)
            leases[grant.lease] = lease
        } catch {
            if leases[grant.lease] == nil { try? groups.remove(group(of: grant.lease)) }
            throw WardenFault(.kernel, "\(grant.lease) cannot be opened: \(error)")
        }
        obey(governor?.open(grant.lease, limit: grant.amounts.cpu) ?? [])
        log.write(
            "lease.opened",
            ["lease": grant.lease, "cpu": grant.amounts.cpu, "memory": grant.amounts.memory, "remaining": grant.remaining])
    }

    private static func record(of grant: LeaseGrant, at now: Moment) -> LeaseRecord {
        LeaseRecord(
            grant: grant, deadline: Deadline(grant.remaining, after: now), measured: now, ceiling: grant.amounts.cpu)
    }

    /// Makes the group with its limits. The ceiling is the governor's.
    private func establish(_ grant: LeaseGrant) throws(KernelError) {
        let group = group(of: grant.lease)
        try groups.make(group)
        try groups.setMemoryLimit(max(grant.amounts.memory, .mebibytes(1)), of: group)
        try groups.setWeight(grant.amounts.cpu, of: group)
        // the governor may hold another ceiling for it, which follows at once; until then it is never without one
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
        governor?.close(lease)
        let meter = LeaseMeter(record.meter)
        log.write(
            "lease.ended", ["lease": lease, "reason": ending.reason, "cpu": meter.measured.cpu, "memory": meter.measured.memory])
        return (ending.waiting, meter)
    }

    /// Whether nothing is left in the lease's group, after killing what is.
    func killAll(in lease: LeaseID) throws(KernelError) -> Bool { try groups.kill(group(of: lease)) }
}

// MARK: Measuring and governing

extension LeaseKeeper {
    /// Reads all meters and lets the governor act on them and on what the owner uses.
    func tick(owner: Amounts, at now: Moment) {
        for lease in leases.keys.sorted() { measure(lease, at: now) }
        let readings = Readings(
            owner: owner, guests: leases.keys.sorted().map { GuestReading(lease: $0, usage: leases[$0]?.using ?? .zero) })
        obey(governor?.tick(readings, at: now.instant) ?? [])
        for (lease, entry) in leases where now.instant - entry.saved >= Self.saveInterval { save(lease, at: now) }
    }

    /// What all guests of this warden use.
    var using: Amounts { leases.values.reduce(.zero) { $0 + $1.using } }

    /// Leases whose time is up.
    func expired(at now: Moment) -> [LeaseID] {
        leases.filter { $0.value.ending == nil && $0.value.record.deadline.hasPassed(at: now) }.keys.sorted()
    }

    func states(at now: Moment) -> [LeaseState] {
        leases.values.sorted { $0.record.grant.lease < $1.record.grant.lease }.map { lease in
            let grant = lease.record.grant
            let remaining = lease.ending == nil ? lease.record.deadline.remaining(at: now) : .zero
            return LeaseState(
                lease: grant.lease, amounts: grant.amounts, floor: grant.floor, remaining: remaining,
                ceiling: lease.record.ceiling, rung: governor?.rung(of: grant.lease) ?? .shaped, using: lease.using,
                meter: LeaseMeter(lease.record.meter))
        }
    }

    private func measure(_ lease: LeaseID, at now: Moment) {
        guard var entry = leases[lease] else { return }
        let usage: GroupUsage
        do throws(KernelError) {
            usage = try groups.usage(of: group(of: lease))
        } catch {
            log.write("lease.unreadable", ["lease": lease, "error": error])
            if error.number == ENOENT, entry.ending == nil { reestablish(lease, at: now) }
            return
        }
        let elapsed = max(.zero, now.instant - entry.record.measured.instant)
        let used = max(.zero, usage.cpu - entry.record.counted)
        let isThrottled = governor?.rung(of: lease) == .throttled
        entry.record.meter.add(
            cpu: used, memory: usage.memory, for: elapsed,
            isBelowFloor: isThrottled && entry.record.ceiling < entry.record.grant.floor.cpu)
        entry.record.counted = max(entry.record.counted, usage.cpu)
        entry.record.measured = now
        entry.using = Amounts(cpu: used.mean(over: elapsed), memory: usage.memory)
        leases[lease] = entry
    }

    /// Makes a group anew that somebody has removed; its counters begin at zero.
    private func reestablish(_ lease: LeaseID, at now: Moment) {
        guard let grant = leases[lease]?.record.grant else { return }
        do throws(KernelError) {
            try establish(grant)
            leases[lease]?.record.counted = .zero
            leases[lease]?.record.measured = now
            try groups.setCeiling(leases[lease]?.record.ceiling ?? grant.amounts.cpu, of: group(of: lease))
        } catch { log.write("lease.unheld", ["lease": lease, "error": error]) }
    }

    private func obey(_ directives: [Directive]) {
        for directive in directives {
            switch directive {
            case .setCeiling: break
            case .moved(let change):
                let evidence = change.evidence
                log.write(
                    "lease.\(change.to)",
                    [
                        "lease": change.lease, "reason": change.reason, "owner": evidence.owner.cpu,
                        "guests": evidence.guests.cpu,
                        "threshold": evidence.threshold.cpu, "before": evidence.before, "after": evidence.after,
                    ])
                notices.append(.moved(change))
            case .memoryShort(let excess):
                memoryShort = excess
                log.write("memory.short", ["excess": excess])
                notices.append(.memoryShort(excess))
            }
        }
        enforce()
    }

    /// Brings the kernel to the ceilings that the governor wants, also those that could not be set before.
    private func enforce() {
        for lease in governor?.leases ?? [] {
            guard let ceiling = governor?.ceiling(of: lease), let entry = leases[lease], entry.record.ceiling != ceiling else {
                continue
            }
            do throws(KernelError) {
                try groups.setCeiling(ceiling, of: group(of: lease))
                leases[lease]?.record.ceiling = ceiling
            } catch { log.write("lease.unlimited", ["lease": lease, "ceiling": ceiling, "error": error]) }
        }
    }
}

// MARK: Restarts

extension LeaseKeeper {
    /// Finds everything again: goes on where a former warden stopped, and ends what has no record.
    ///
    /// - Throws: ``KernelError`` when the state directory cannot be read.
    func restore(at now: Moment) throws(KernelError) {
        if let policy = try state.policy.load() { adopt(policy) }
        for lease in try state.leases() {
            do throws(KernelError) {
                guard let record = try state.lease(lease).load() else { continue }
                if record.end != nil { remember(lease, record, at: now) } else { try resume(lease, record, at: now) }
            } catch { log.write("lease.unrestored", ["lease": lease, "error": error]) }
        }
        removeOrphans()
    }

    private func remember(_ lease: LeaseID, _ record: LeaseRecord, at now: Moment) {
        ended[lease] = record
        forgetOld(at: now)
    }

    /// Lets go of old records of ended leases.
    func forgetOld(at now: Moment) {
        for (lease, record) in ended where now.utc - (record.end?.at ?? now.utc) > Self.memory {
            ended[lease] = nil
            try? state.lease(lease).remove()
        }
    }

    /// The counter of a group that has survived tells what was used meanwhile. After a reboot the group is new, and what
    /// the record holds is all there is.
    private func resume(_ lease: LeaseID, _ former: LeaseRecord, at now: Moment) throws(KernelError) {
        var record = former
        let names = try groups.subgroups(of: instance)
        if former.measured.boot != now.boot || !names.contains(lease.description) {
            record.counted = .zero
            record.measured = now
        }
        leases[lease] = Lease(record: record, saved: now.instant)
        try establish(record.grant)
        try groups.setCeiling(max(record.ceiling, 10), of: group(of: lease))
        obey(governor?.open(lease, limit: record.grant.amounts.cpu, at: record.ceiling) ?? [])
        measure(lease, at: now)
        log.write("lease.resumed", ["lease": lease, "remaining": record.deadline.remaining(at: now)])
    }

    /// Groups of this instance that belong to no lease: a crash between making a group and its record, or a self-test.
    private func removeOrphans() {
        let names = (try? groups.subgroups(of: instance)) ?? []
        for name in names where LeaseID(name).map({ leases[$0] == nil }) ?? true {
            let group = "\(instance)/\(name)"
            log.write("group.orphan", ["group": group])
            do throws(KernelError) {
                var tries = 0
                while try !groups.kill(group), tries < 500 {
                    usleep(2000)
                    tries += 1
                }
                try groups.remove(group)
            } catch { log.write("group.unremoved", ["group": group, "error": error]) }
        }
    }

    /// Writes all meters down, as before the warden stops.
    func saveAll(at now: Moment) {
        for lease in leases.keys {
            measure(lease, at: now)
            save(lease, at: now)
        }
    }

    private func save(_ lease: LeaseID, at now: Moment) {
        guard let record = leases[lease]?.record else { return }
        leases[lease]?.saved = now.instant
        do throws(KernelError) {
            try state.lease(lease).save(record)
        } catch { log.write("lease.unsaved", ["lease": lease, "error": error]) }
    }
}
