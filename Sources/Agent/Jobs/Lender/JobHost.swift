import Bookkeeping
import GRPCCore
import LedgerStore
import Node
import Resources
import Sandbox
import Synchronization
import Trading
import Wire

/// The lender's side of jobs: takes in their files, has the warden run them, passes their streams and keeps their results
/// until the borrower has them.
final class JobHost: Sendable {
    /// How long a lease may take until its resources are set aside.
    private static let openingPatience = Duration.seconds(5)
    static let reconcileInterval = Duration.seconds(30)

    let house: Household
    let engine: Engine
    let guests: GuestKeeper
    let jobs: HostedJobs

    init(house: Household, engine: Engine, guests: GuestKeeper) {
        self.house = house
        self.engine = engine
        self.guests = guests
        jobs = HostedJobs(store: house.store)
    }

    // MARK: Starting

    /// Starts a job under a lease that `peer` holds. A repeated request for the same job is answered alike.
    func start(_ request: Surplus_V1_StartJobRequest, for peer: NodeID) async throws -> Surplus_V1_JobInfo {
        try await explaining {
            let warden = try warden
            let id: JobID = try Field.identifier(request.job, "job")
            let lease: LeaseID = try Field.identifier(request.lease, "lease")
            let order = try JobOrder(request.spec)
            let user = try Field.text(request.user, atMost: Agreement.longestUser, "user")
            if let known = try jobs[id] {
                guard known.borrower == peer, known.lease == lease, known.order == order else {
                    throw RPCError(code: .alreadyExists, message: "\(id) is another job here")
                }
                return try await resume(known, warden)
            }
            try await checkLease(lease, of: peer)
            _ = try network(for: order, of: peer, user)
            try jobs.admit(id, of: peer, under: lease, limit: house.configuration.limits.jobs)
            guard jobs.prepared(id)?.isReceiving != true else {
                throw RPCError(code: .aborted, message: "inputs of \(id) are still coming in")
            }
            let files = try await warden.prepareJob(id, under: lease)
            let job = HostedJob(
                id: id, lease: lease, borrower: peer, user: user, order: order, directory: files.directory,
                startedAt: house.clock().utc)
            try await jobs.add(job)
            tell("job.hosted", job, "runs \(order.program) for \(user)")
            do { try await warden.startJob(spec(of: job)) } catch let fault as WardenFault where fault.kind != .unknownLease {
                try await drop(job, warden, because: "\(fault)")
                throw fault
            }
            return info(job)
        }
    }

    /// Makes sure that a job which was recorded runs, or did.
    private func resume(_ job: HostedJob, _ warden: WardenClient) async throws -> Surplus_V1_JobInfo {
        if job.end == nil, try await warden.jobState(job.id).stage == .prepared {
            try await checkLease(job.lease, of: job.borrower)
            try await warden.startJob(spec(of: job))
        }
        return info(job)
    }

    private func spec(of job: HostedJob) throws(Refusal) -> GuestSpec {
        GuestSpec(
            job: job.id, lease: job.lease, program: job.order.program, arguments: job.order.arguments,
            environment: job.order.variables, hasInput: job.order.hasInput, outputLimit: house.configuration.limits.outputBytes,
            timeLimit: job.order.timeLimit, image: job.order.image,
            network: try network(for: job.order, of: job.borrower, job.user))
    }

    /// What a job may reach beyond this node; `nil` when it asks for nothing.
    private func network(for order: JobOrder, of peer: NodeID, _ user: String) throws(Refusal) -> OutboundNetwork? {
        guard order.hasNetwork else { return nil }
        let answer = engine.read { node in
            Result { () throws(Refusal) in try node.network(for: node.borrower(peer, user)) }
        }
        return try answer.get()
    }

    private func drop(_ job: HostedJob, _ warden: WardenClient, because reason: String) async throws {
        try? await warden.removeJob(job.id)
        try await jobs.remove(job.id)
        tell("job.refused", job, "could not be started: \(reason)")
    }

    /// Waits until the resources of a lease are set aside.
    ///
    /// - Throws: when `peer` holds no such lease, or it is over.
    func checkLease(_ id: LeaseID, of peer: NodeID) async throws {
        func isActive() throws -> Bool {
            guard let lease = engine.read({ $0.leases[id]?.lease }), lease.role == .lender, lease.peer == peer else {
                throw RPCError(code: .permissionDenied, message: "you hold no lease \(id) of this node")
            }
            guard lease.isOpen, !lease.hasEnded(at: engine.now) else { throw RPCError.notNow(lease.endStory) }
            return lease.state != .granted && lease.state != .promised
        }
        if try isActive() { return }
        let announcements = engine.announcements()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in announcements where try isActive() { return }
                throw CancellationError()
            }
            group.addTask {
                try await Task.sleep(for: Self.openingPatience)
                throw RPCError(code: .unavailable, message: "the resources of \(id) are not set aside yet")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    // MARK: Looking

    func info(_ reference: Surplus_V1_JobRef, for peer: NodeID) async throws -> Surplus_V1_JobInfo {
        try await explaining { info(try await observed(try find(reference.job, for: peer))) }
    }

    /// - Parameter all: also those that have ended.
    func list(all: Bool, by user: CallingUser) async throws -> [Surplus_V1_JobInfo] {
        guard user.may(.own) else { return [] }
        return try jobs.all.filter { all || $0.end == nil }.map(info)
    }

    /// A job that runs here for a peer; `nil` when there is none that `user` may see.
    func info(_ text: String, by user: CallingUser) throws -> Surplus_V1_JobInfo? {
        guard user.may(.own) else { return nil }
        return try jobs[try Field.identifier(text, "job")].map(info)
    }

    /// Jobs of others that run here.
    var running: Int { (try? jobs.all.count { $0.end == nil }) ?? 0 }

    func jobs(under lease: LeaseID) -> [String] {
        ((try? jobs.all) ?? []).filter { $0.lease == lease }.map(\.id.description)
    }

    func info(_ job: HostedJob) -> Surplus_V1_JobInfo {
        var info = Surplus_V1_JobInfo(job, lender: engine.read { $0.id }, limitsEnforced: guests.areLimitsEnforced)
        if job.end == nil, let standing = guests.standing(of: job.lease) { info.standing = Surplus_V1_JobStanding(standing) }
        return info
    }

    /// The job, if it is `peer`'s.
    func find(_ text: String, for peer: NodeID) throws -> HostedJob {
        let id: JobID = try Field.identifier(text, "job")
        guard let job = try jobs[id], job.borrower == peer else { throw RPCError.noJob(id) }
        return job
    }

    // MARK: Ends

    /// The job as the warden has it now; an end that is news is recorded.
    func observed(_ job: HostedJob) async throws -> HostedJob {
        guard job.end == nil else { return job }
        switch try await state(of: job) {
        case .prepared, .running: return job
        case .exited(let record):
            return try await noteEnd(of: job, try await end(of: job, record), at: record.finished)
        case .lost:
            let outcome = leaseEnd(of: job)?.outcome ?? .interrupted("the lender has lost the program, as by a power failure")
            return try await noteEnd(of: job, JobEnd(outcome: outcome, usage: .zero), at: house.clock().utc)
        }
    }

    /// What its shim's record means to the borrower.
    func end(of job: HostedJob, _ record: ExitRecord) async throws -> JobEnd {
        let notice = try await onThread { try job.files.givenNotice() }
        return JobEnd(record, leaseEnd: leaseEnd(of: job), notice: notice)
    }

    private func state(of job: HostedJob) async throws -> JobState.Stage {
        do { return try await warden.jobState(job.id).stage } catch let fault as WardenFault where fault.kind == .unknownJob {
            return try await onThread { try job.files.exitRecord() }.map(JobState.Stage.exited) ?? .lost
        }
    }

    /// Records how a job ended, once; of a job that was discarded meanwhile only the answer is left.
    func noteEnd(of job: HostedJob, _ end: JobEnd, at time: Timestamp) async throws -> HostedJob {
        var job = job
        job.end = end
        job.endedAt = time
        guard let known = try jobs[job.id] else { return job }
        if known.end != nil { return known }
        guard let changed = try await jobs.change(job.id, { ($0.end, $0.endedAt) = ($0.end ?? end, $0.endedAt ?? time) }) else {
            return job
        }
        let text: String
        switch end.outcome {
        case .exited(let exit): text = "\(job.order.program) ended: \(exit.text)"
        case .interrupted(let reason), .stopped(let reason), .failed(let reason):
            text = "\(job.order.program) was ended: \(reason)"
        }
        tell("job.ended", job, text, [Event.Detail("cpu", "\(end.usage.cpu)")])
        return changed
    }

    /// Why the job's lease is over, or about to be; `nil` when it is not.
    func leaseEnd(of job: HostedJob) -> LeaseEnd? {
        guard let lease = engine.read({ $0.leases[job.lease]?.lease }) else {
            return LeaseEnd(reason: "the lease has ended", isLenders: false)
        }
        // The warden ends a lease by its own clock, a moment before it is closed here.
        guard !lease.isOpen || lease.ends.remaining(at: engine.now) <= .seconds(1) else { return nil }
        return lease.end(at: engine.now)
    }

    // MARK: Parts

    /// - Throws: when this node has none and so runs nothing.
    var warden: WardenClient {
        get throws {
            guard let warden = guests.warden else {
                throw RPCError.notNow("this node is configured without a warden: it runs no jobs")
            }
            return warden
        }
    }

    func tell(_ kind: String, _ job: HostedJob, _ text: String, _ details: [Event.Detail] = []) {
        engine.tell(
            Event(
                at: house.clock().utc, kind: kind,
                subjects: [job.id.description, job.lease.description, job.borrower.description],
                text: text, details: [Event.Detail("program", job.order.program), Event.Detail("user", job.user)] + details))
    }

    func explaining<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch { throw RPCError(hosting: error) }
    }
}
