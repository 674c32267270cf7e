import Glibc
import Kernel
import Reclaim
import Resources
import Sandbox

/// Finding everything again after a restart, and keeping it for the next.
extension LeaseKeeper {
    /// Records of leases that have ended are kept for this long, for agents that ask again.
    private static let memory = Microseconds.hours(48)

    /// Finds everything again: goes on where a former warden stopped, and ends what has no record.
    ///
    /// - Throws: ``KernelError`` when the state directory cannot be read.
    func restore(at now: Moment) throws(KernelError) {
        // what happened is worth less than that the owner is protected
        do throws(KernelError) { moves = try state.moves.load() ?? moves } catch { log.write("moves.lost", ["error": error]) }
        if let policy = try state.policy.load() { adopt(policy, at: now) }
        resumeCoolDown(at: now)
        for (lease, record) in try recordedLeases() {
            do throws(KernelError) {
                if record.end != nil { remember(lease, record, at: now) } else { try resume(lease, record, at: now) }
            } catch { log.write("lease.unrestored", ["lease": lease, "error": error]) }
        }
        removeOrphans()
    }

    /// In the order in which they were opened.
    private func recordedLeases() throws(KernelError) -> [(LeaseID, LeaseRecord)] {
        var records: [(lease: LeaseID, record: LeaseRecord)] = []
        for lease in try state.leases() {
            do throws(KernelError) {
                if let record = try state.lease(lease).load() { records.append((lease, record)) }
            } catch { log.write("lease.unrestored", ["lease": lease, "error": error]) }
        }
        return records.sorted { ($0.record.place, $0.lease) < ($1.record.place, $1.lease) }
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
        // whatever it was held to, the kernel is told again
        leases[lease]?.inForce.isFrozen = record.frozenFor != nil
        leases[lease]?.mayStandStill = !groups.holdsLimits
        try establish(record.grant)
        try groups.setCeiling(max(record.ceiling, 10), of: group(of: lease))
        if record.frozenFor == nil { try groups.setFrozen(false, group(of: lease)) }
        let opened = enforcer?.open(
            lease, limit: record.grant.amounts.cpu, cut: record.ceiling, frozenFor: record.frozenFor, at: now.instant)
        obey(opened ?? [], at: now)
        measure(lease, at: now)
        if notice(of: lease) != nil { warnings.append(lease) }
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

    /// A restart is no reason to offer again what the owner has just needed.
    private func resumeCoolDown(at now: Moment) {
        do throws(KernelError) {
            guard let record = try state.coolDown.load() else { return }
            coolDown = record.end
            enforcer?.resume(coolDown: record.end.remaining(at: now), at: now.instant)
        } catch { log.write("cool-down.lost", ["error": error]) }
    }

    /// Puts on record until when nothing should be offered: every few seconds while that moves on, or `exactly`.
    func keepCoolDown(exactly: Bool = false, at now: Moment) {
        guard !isDryRun, let left = enforcer?.coolDown(at: now.instant), left > .zero else { return }
        let known = coolDown?.remaining(at: now) ?? .zero
        guard left - known > (exactly ? .zero : Self.coolDownStep) else { return }
        coolDown = Deadline(left, after: now)
        do throws(KernelError) { try state.coolDown.save(CoolDownRecord(end: Deadline(left, after: now))) } catch {
            log.write("cool-down.unsaved", ["error": error])
        }
    }

    /// By so much a warden that is killed may offer too soon.
    private static let coolDownStep = Microseconds.seconds(5)

    /// Writes all meters down, as before the warden stops.
    func saveAll(at now: Moment) {
        keepCoolDown(exactly: true, at: now)
        for lease in leases.keys {
            measure(lease, at: now)
            save(lease, at: now)
        }
    }

    func save(_ lease: LeaseID, at now: Moment) {
        guard let record = leases[lease]?.record else { return }
        leases[lease]?.saved = now.instant
        do throws(KernelError) {
            try state.lease(lease).save(record)
        } catch { log.write("lease.unsaved", ["lease": lease, "error": error]) }
    }
}
