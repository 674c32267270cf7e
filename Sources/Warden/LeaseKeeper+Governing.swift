import Glibc
import Kernel
import Reclaim
import Resources
import Sandbox

/// Measuring on every tick, and carrying out what the enforcer wants.
extension LeaseKeeper {
    /// How old a meter on disk may become while it runs; the kernel's counter makes up for it after a restart.
    private static let saveInterval = Microseconds.seconds(10)

    /// Reads all meters and lets the enforcer act on them and on what the owner uses.
    func tick(_ owner: Sensor.Reading, at now: Moment) {
        let needsDisks = owner.pressure.disk.map { $0 > .zero } ?? false
        for lease in leases.keys.sorted() {
            let (used, elapsed) = measure(lease, at: now)
            watch(lease, used: used, over: elapsed)
            measureDisks(lease, isNeeded: needsDisks, at: now.instant)
        }
        let guests = leases.keys.sorted().map { lease in
            GuestReading(lease: lease, usage: leases[lease]?.using ?? .zero, diskRate: leases[lease]?.diskRate)
        }
        let readings = Readings(owner: owner.usage, guests: guests, pressure: owner.pressure, available: owner.available)
        obey(enforcer?.tick(readings, at: now.instant, minute: Self.minute(at: now)) ?? [], at: now)
        tellShortage()
        keepCoolDown(at: now)
        for (lease, entry) in leases where now.instant - entry.saved >= Self.saveInterval { save(lease, at: now) }
    }

    /// The minute of the week, from Monday 00:00 on.
    static func minute(at now: Moment) -> Int {
        let (weekday, minute) = WallClock.reading(at: now.utc)
        return (weekday - 1) * 24 * 60 + minute
    }

    /// What all guests of this warden use.
    var using: Amounts { leases.values.reduce(.zero) { $0 + $1.using } }

    /// Leases whose time is up.
    func expired(at now: Moment) -> [LeaseID] {
        leases.filter { $0.value.ending == nil && $0.value.record.deadline.hasPassed(at: now) }.keys.sorted()
    }

    /// Why a lease whose time is up ends.
    func causeOfEnd(of lease: LeaseID) -> String {
        leases[lease]?.record.taking.map { "the owner needs the machine: \($0.reason)" } ?? "its time is up"
    }

    func states(at now: Moment) -> [LeaseState] {
        leases.values.sorted { $0.record.grant.lease < $1.record.grant.lease }.map { lease in
            let grant = lease.record.grant
            let remaining = lease.ending == nil ? lease.record.deadline.remaining(at: now) : .zero
            return LeaseState(
                lease: grant.lease, amounts: grant.amounts, floor: grant.floor, remaining: remaining,
                ceiling: lease.record.ceiling, rung: isDryRun ? .shaped : enforcer?.rung(of: grant.lease) ?? .shaped,
                using: lease.using, meter: LeaseMeter(lease.record.meter), taking: lease.record.taking)
        }
    }

    func enforcerState(_ owner: Sensor.Reading, at now: Moment) -> EnforcerState? {
        enforcer.map {
            var state = EnforcerState(
                threshold: $0.threshold, pressure: owner.pressure, available: owner.available,
                // what only would have been taken holds back no offer
                coolDown: isDryRun ? .zero : $0.coolDown(at: now.instant), isDryRun: isDryRun)
            (state.tolerance, state.reserve, state.diskRate) = ($0.tolerance, $0.configuration.reserve, $0.last.diskRate)
            return state
        }
    }

    // MARK: Measuring

    /// - Returns: what it used since the last time, and how long ago that was.
    @discardableResult
    func measure(_ lease: LeaseID, at now: Moment) -> (used: CoreMicroseconds, elapsed: Microseconds) {
        guard var entry = leases[lease] else { return (.zero, .zero) }
        let usage: GroupUsage
        do throws(KernelError) {
            usage = try groups.usage(of: group(of: lease))
        } catch {
            note(error, of: lease, at: now.instant)
            if error.number == ENOENT || error.number == ENODEV, entry.ending == nil { reestablish(lease, at: now) }
            return (.zero, .zero)
        }
        let elapsed = max(.zero, now.instant - entry.record.measured.instant)
        let used = max(.zero, usage.cpu - entry.record.counted)
        entry.record.meter.add(cpu: used, memory: usage.memory, for: elapsed, isBelowFloor: isBelowFloor(lease, entry))
        entry.record.counted = max(entry.record.counted, usage.cpu)
        entry.record.measured = now
        entry.using = Amounts(cpu: used.mean(over: elapsed), memory: usage.memory)
        entry.fault = nil
        leases[lease] = entry
        return (used, elapsed)
    }

    /// Time in which the ladder gives less than was promised is not paid.
    private func isBelowFloor(_ lease: LeaseID, _ entry: Lease) -> Bool {
        guard let rung = enforcer?.rung(of: lease), rung > .shaped else { return false }
        return entry.inForce.isFrozen || entry.record.ceiling < entry.record.grant.floor.cpu
    }

    /// Reads what a lease moved on disks, but only while somebody waits for them.
    private func measureDisks(_ lease: LeaseID, isNeeded: Bool, at now: Instant) {
        guard isNeeded, let bytes = groups.diskTraffic(of: group(of: lease)) else {
            leases[lease]?.diskTraffic = nil
            leases[lease]?.diskRate = nil
            return
        }
        if let last = leases[lease]?.diskTraffic {
            let elapsed = max((now - last.at).rawValue, 1)
            leases[lease]?.diskRate = max(.zero, bytes - last.bytes).scaled(by: 1_000_000, over: elapsed)
        }
        leases[lease]?.diskTraffic = (bytes, now)
    }

    private func tellShortage() {
        guard let shortage = enforcer?.memoryShortage, (shortage > .zero) != (memoryShort > .zero) else { return }
        memoryShort = shortage
        log.write("memory.short", ["excess": shortage])
        notices.append(.memoryShort(shortage))
    }
}
