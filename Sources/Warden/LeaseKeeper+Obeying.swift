import Kernel
import Reclaim
import Resources
import Sandbox

/// Carrying out what the enforcer wants.
extension LeaseKeeper {
    /// First the kernel, then the records: a disk that is slow must not keep the owner waiting.
    func obey(_ directives: [Directive], at now: Moment) {
        for directive in directives {
            switch directive {
            case .setCeiling, .end, .moved: break
            case .setDiskLimit(let lease, let limit): leases[lease]?.wanted.diskLimit = limit
            case .setMemoryBrake(let lease, let brake): leases[lease]?.wanted.memoryBrake = brake
            case .setFrozen(let lease, let isFrozen): leases[lease]?.wanted.isFrozen = isFrozen
            }
        }
        if !isDryRun { enforce(at: now) }
        record(directives, at: now)
    }

    private func record(_ directives: [Directive], at now: Moment) {
        let known = moves
        for directive in directives {
            switch directive {
            case .end(let lease, let atOnce, let reason) where !isDryRun:
                takeBack(lease, TakingBack(atOnce: atOnce, reason: reason), at: now)
            case .moved(let change): remember(change, at: now)
            case .end, .setCeiling, .setDiskLimit, .setMemoryBrake, .setFrozen: break
            }
        }
        guard moves != known else { return }
        do throws(KernelError) { try state.moves.save(moves) } catch { log.write("moves.unsaved", ["error": error]) }
    }

    /// Takes a lease back for an owner who does not wait for anybody, in a dry run too.
    func evict(_ lease: LeaseID, at now: Moment) {
        takeBack(lease, TakingBack(atOnce: true, reason: "its owner ended all guests"), at: now)
    }

    /// Gives notice to a lease, or cuts the notice that it was given short. It ends by itself then, with or without an agent.
    private func takeBack(_ lease: LeaseID, _ taking: TakingBack, at now: Moment) {
        guard let entry = leases[lease], entry.ending == nil, entry.record.taking?.atOnce != true else { return }
        let notice = taking.atOnce ? .zero : entry.record.grant.notice
        leases[lease]?.record.deadline = Deadline(min(notice, entry.record.deadline.remaining(at: now)), after: now)
        leases[lease]?.record.taking = taking
        save(lease, at: now)
        log.write("lease.taken-back", ["lease": lease, "notice": notice, "reason": taking.reason])
        if notice > .zero { warnings.append(lease) }
        notices.append(.takingBack(lease, taking))
    }

    private func remember(_ change: RungChange, at now: Moment) {
        let move = moves.append(change, isDryRun: isDryRun, at: now.utc)
        let evidence = change.evidence
        log.write(
            isDryRun ? "lease.would-be-\(change.to)" : "lease.\(change.to)",
            [
                "lease": change.lease, "resource": change.resource, "reason": change.reason, "owner": evidence.owner.cpu,
                "guests": evidence.guests.cpu, "threshold": evidence.threshold.cpu, "owner_memory": evidence.owner.memory,
                "guests_memory": evidence.guests.memory, "threshold_memory": evidence.threshold.memory,
                "before": evidence.before, "after": evidence.after, "pressure_cpu": evidence.pressure.cpu?.text,
                "pressure_memory": evidence.pressure.memory?.text, "pressure_disk": evidence.pressure.disk?.text,
                "tolerance_cpu": evidence.tolerance.cpu?.text, "tolerance_memory": evidence.tolerance.memory?.text,
                "tolerance_disk": evidence.tolerance.disk?.text, "guests_disk": evidence.diskRate.map { "\($0)/s" },
                "available_memory": evidence.available,
            ])
        notices.append(.moved(move))
    }

    /// Brings the kernel to what the enforcer wants, also where it could not be brought there before.
    private func enforce(at now: Moment) {
        var changed: [LeaseID] = []
        for lease in enforcer?.leases ?? [] {
            guard let ceiling = enforcer?.ceiling(of: lease), let entry = leases[lease] else { continue }
            do throws(KernelError) {
                // First what stops it, last what lets it go on. Each time again: without control groups what was started since the
                // last time runs.
                if entry.wanted.isFrozen, try setFrozen(lease, true) { changed.append(lease) }
                if entry.record.ceiling != ceiling {
                    try groups.setCeiling(ceiling, of: group(of: lease))
                    leases[lease]?.record.ceiling = ceiling
                }
                try holdMemoryAndDisks(lease, entry)
                if !entry.wanted.isFrozen, entry.inForce.isFrozen, try setFrozen(lease, false) { changed.append(lease) }
            } catch { log.write("lease.unlimited", ["lease": lease, "ceiling": ceiling, "error": error]) }
        }
        for lease in changed { save(lease, at: now) }
    }

    private func holdMemoryAndDisks(_ lease: LeaseID, _ entry: Lease) throws(KernelError) {
        if entry.wanted.memoryBrake != entry.inForce.memoryBrake {
            try groups.setMemoryBrake(entry.wanted.memoryBrake, of: group(of: lease))
            leases[lease]?.inForce.memoryBrake = entry.wanted.memoryBrake
        }
        if entry.wanted.diskLimit != entry.inForce.diskLimit {
            try groups.setDiskLimit(entry.wanted.diskLimit, of: group(of: lease))
            leases[lease]?.inForce.diskLimit = entry.wanted.diskLimit
        }
    }

    /// - Returns: whether that is new. It is to be on record then: a warden that comes back lets everything go on that is not on
    ///   record as frozen.
    private func setFrozen(_ lease: LeaseID, _ isFrozen: Bool) throws(KernelError) -> Bool {
        let isNews = leases[lease]?.inForce.isFrozen != isFrozen
        try groups.setFrozen(isFrozen, group(of: lease))
        guard isNews else { return false }
        leases[lease]?.inForce.isFrozen = isFrozen
        leases[lease]?.record.frozenFor = isFrozen ? enforcer?.resource(of: lease) : nil
        return true
    }
}
