import Kernel
import Reclaim
import Resources
import Sandbox

/// What the kernel does not hold a lease to is held here as far as looking at every tick can, for guests that are plain processes.
extension LeaseKeeper {
    /// Stops what is ahead of its ceiling, lets go on what is not, and tells who holds more memory than its lease has.
    ///
    /// - Parameters:
    ///   - used: Since the last look.
    ///   - elapsed: How long that is ago.
    func watch(_ lease: LeaseID, used: CoreMicroseconds, over elapsed: Microseconds) {
        guard !groups.holdsLimits, !isDryRun, let entry = leases[lease], entry.ending == nil else { return }
        if entry.using.memory > entry.record.grant.amounts.memory {
            forfeited[lease] = "out of memory: the lease's \(entry.record.grant.amounts.memory.text) were used up"
        }
        let isAhead =
            leases[lease]?.cycle.advance(used: used, ceiling: entry.record.ceiling, elapsed: elapsed) ?? false
        // what the enforcer has frozen stands still anyway
        guard !entry.wanted.isFrozen, !entry.inForce.isFrozen else { return }
        do throws(KernelError) {
            if isAhead {
                // each time, for what was started since
                try groups.setFrozen(true, group(of: lease))
                leases[lease]?.mayStandStill = true
            } else if entry.mayStandStill, try !groups.processes(in: group(of: lease)).isEmpty {
                try groups.setFrozen(false, group(of: lease))
                leases[lease]?.mayStandStill = false
            }
        } catch { log.write("lease.unlimited", ["lease": lease, "ceiling": entry.record.ceiling, "error": error]) }
    }
}
