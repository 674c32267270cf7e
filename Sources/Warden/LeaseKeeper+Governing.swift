import Glibc
import Kernel
import Reclaim
import Resources
import Sandbox

/// Measuring and governing, on every tick.
extension LeaseKeeper {
    /// How old a meter on disk may become while it runs; the kernel's counter makes up for it after a restart.
    private static let saveInterval = Microseconds.seconds(10)

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

    func measure(_ lease: LeaseID, at now: Moment) {
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

    func obey(_ directives: [Directive]) {
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
