import Bookkeeping
import Resources
import Sandbox

// What is here is compared with what should be, at the start and every half minute.

extension JobHost {
    func run() async {
        guard let warden = guests.warden else { return await Self.untilCancelled() }
        while !Task.isCancelled {
            do { try await reconcile(warden) } catch is CancellationError { return } catch {
                house.log.debug("jobs could not be compared with the warden's", metadata: ["error": "\(error)"])
            }
            await Task.rest(for: Self.reconcileInterval)
        }
    }

    private static func untilCancelled() async {
        while !Task.isCancelled { await Task.rest(for: .seconds(3600)) }
    }

    private func reconcile(_ warden: WardenClient) async throws {
        let inventory = try await warden.inventory()
        for job in try jobs.all { try await settle(try await observed(job), warden) }
        for state in inventory.jobs {
            guard try jobs[state.job] == nil, !isOpen(state.lease) else { continue }
            // Its lease is over and it was never started, or its record was removed before its files.
            guard jobs.prepared(state.job)?.isReceiving != true else { continue }
            try await warden.removeJob(state.job)
        }
        for (id, preparation) in jobs.preparations where !preparation.isReceiving && !isOpen(preparation.lease) {
            jobs.forgetPreparation(id)
        }
    }

    /// Counts the time since its lease ended, and lets go of a job whose time is over.
    private func settle(_ job: HostedJob, _ warden: WardenClient) async throws {
        let now = house.clock().utc
        if job.isStale(at: now) {
            try await warden.removeJob(job.id)
            try await jobs.remove(job.id)
            tell("job.discarded", job, "nobody fetched its results in time")
        } else if job.leaseEndedAt == nil, !isOpen(job.lease) {
            _ = try await jobs.change(job.id) { $0.leaseEndedAt = now }
        }
    }

    private func isOpen(_ lease: LeaseID) -> Bool { engine.read { $0.leases[lease]?.lease.isOpen ?? false } }
}
