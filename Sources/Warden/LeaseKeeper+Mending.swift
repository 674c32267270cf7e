import Glibc
import Kernel
import Reclaim
import Resources
import Sandbox

/// Groups that somebody has removed, or that have lost a controller, while leases are held by them.
extension LeaseKeeper {
    /// A lease whose group cannot be mended for so long is ended: it would run without limits.
    private static let patience = Microseconds.seconds(5)

    /// Remembers why a group cannot be read; told once.
    func note(_ error: KernelError, of lease: LeaseID, at now: Instant) {
        let known = leases[lease]?.fault
        leases[lease]?.fault = (error, known?.since ?? now)
        guard known?.error != error else { return }
        isInDoubt = true
        log.write("lease.unreadable", ["lease": lease, "error": error])
    }

    /// Makes a group anew; its counters begin at zero.
    func reestablish(_ lease: LeaseID, at now: Moment) {
        guard let grant = leases[lease]?.record.grant else { return }
        do throws(KernelError) {
            try groups.yieldToOwner()
            try establish(grant)
            try groups.setCeiling(leases[lease]?.record.ceiling ?? grant.amounts.cpu, of: group(of: lease))
            leases[lease]?.record.counted = .zero
            leases[lease]?.record.measured = now
            leases[lease]?.inForce = Hold()
            // what was in the group has been moved out of it
            forfeited[lease] = "its control groups were taken away, and its limits with them"
            log.write("lease.mended", ["lease": lease])
        } catch {
            guard leases[lease]?.fault?.error != error else { return }
            leases[lease]?.fault?.error = error
            log.write("lease.unheld", ["lease": lease, "error": error])
        }
    }

    /// The leases that cannot be held to their limits any more, and why.
    func unheld(at now: Instant) -> [(LeaseID, KernelError)] {
        leases.keys.sorted().compactMap { lease in
            guard let entry = leases[lease], entry.ending == nil, let fault = entry.fault else { return nil }
            return now - fault.since > Self.patience ? (lease, fault.error) : nil
        }
    }

    /// Whether something in doubt was found since the last call.
    func takeDoubt() -> Bool {
        defer { isInDoubt = false }
        return isInDoubt
    }
}
