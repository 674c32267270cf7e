import Glibc
import Kernel
import Resources
import Sandbox

/// Holds the jobs: their directories, shims, groups and files.
final class JobKeeper {
    enum Phase {
        /// The agent may put inputs into its work directory.
        case prepared
        /// Its work directory is being given to the guest's user.
        case handingOver(GuestSpec, [Responder])
        /// Its shim was started, or may be there from before, and is being looked for.
        case attaching(since: Instant, child: pid_t?, [Responder])
        case running(ShimWatch)
        case exited(ExitRecord)
        case lost
    }

    struct Job {
        var record: JobRecord
        var phase: Phase
        /// When and why it was told to stop, if it was.
        var stopped: (at: Instant, reason: String)?
        /// Who waits for it to be removed.
        var removing: [Responder]?
    }

    /// How long a shim may take to come up, and to record the end once the program was killed.
    private static let patience = Microseconds.seconds(10)
    /// How long the shim may try to end the program before the warden kills the whole group.
    private static let grace = Microseconds.milliseconds(50)

    private let configuration: WardenConfiguration
    private let state: StateDirectory
    private let groups: any GuestGroups
    private let log: DecisionLog
    private let enforcement: String
    let chores: Chores
    private var jobs: [JobID: Job] = [:]
    /// Groups of ended jobs that could not be removed yet.
    private var leftGroups: Set<String> = []
    var notices: [WardenNotice] = []
    /// Sends a reply; set by the service.
    var reply: (WardenReply, Responder) -> Void = { _, _ in }

    init(
        _ configuration: WardenConfiguration, _ state: StateDirectory, _ groups: any GuestGroups, enforcement: String,
        log: DecisionLog
    ) throws(KernelError) {
        self.configuration = configuration
        self.state = state
        self.groups = groups
        self.enforcement = enforcement
        self.log = log
        chores = try Chores()
    }

    private func group(of job: JobRecord) -> String { "\(configuration.instance)/\(job.lease)/\(job.job)" }
    private var agent: ProcessOwner { ProcessOwner(user: configuration.agent, group: gid_t(configuration.agent)) }

    private func guest(_ slot: Int) -> ProcessOwner? {
        guard configuration.isPrivileged else { return nil }
        let number = configuration.firstGuestUser + uid_t(slot)
        return ProcessOwner(user: number, group: gid_t(number))
    }

    private func known(_ job: JobID) throws(WardenFault) -> Job {
        guard let known = jobs[job] else { throw WardenFault(.unknownJob, "there is no \(job) here: prepare it first") }
        return known
    }

    func state(of job: JobID) throws(WardenFault) -> JobState { Self.state(try known(job)) }

    /// Whether it has gone beyond being prepared.
    func hasStarted(_ job: JobID) throws(WardenFault) -> Bool {
        if case .prepared = try known(job).phase { false } else { true }
    }

    /// All jobs in the order of their ids.
    var states: [JobState] { jobs.values.sorted { $0.record.job < $1.record.job }.map(Self.state) }

    private static func state(_ job: Job) -> JobState {
        let stage: JobState.Stage =
            switch job.phase {
            case .prepared: .prepared
            case .handingOver, .attaching, .running: .running
            case .exited(let record): .exited(record)
            case .lost: .lost
            }
        return JobState(job: job.record.job, lease: job.record.lease, stage: stage)
    }

    /// Whether a program of the lease may be alive.
    func isBusy(_ lease: LeaseID) -> Bool { jobs.values.contains { $0.record.lease == lease && $0.isAlive } }
}

extension JobKeeper.Job {
    var isAlive: Bool {
        switch phase {
        case .handingOver, .attaching, .running: true
        case .prepared, .exited, .lost: false
        }
    }
}

// MARK: Orders

extension JobKeeper {
    /// Makes the job's directory.
    func prepare(_ job: JobID, under lease: LeaseID) throws(WardenFault) -> String {
        let files = state.files(of: job)
        if let known = jobs[job] {
            guard known.record.lease == lease, known.removing == nil else {
                throw WardenFault(.wrongState, "\(job) belongs to \(known.record.lease), or is being removed")
            }
            return files.directory
        }
        guard jobs.count < WardenLimits.jobs else {
            throw WardenFault(
                .full, "\(WardenLimits.jobs) jobs have files here, the most there can be: remove some that have ended")
        }
        let record = JobRecord(job: job, lease: lease, slot: freeSlot(), isStarted: false)
        do throws(KernelError) {
            try FileTree(files.directory).remove()
            for (path, mode) in [(files.directory, mode_t(0o711)), (files.work, 0o700)] {
                guard mkdir(path, mode) == 0 else { throw KernelError("make \(path)", errno) }
                guard chmod(path, mode) == 0 else { throw KernelError("set the permissions of \(path)", errno) }
            }
            guard agent == .current || chown(files.work, agent.user, agent.group) == 0 else {
                throw KernelError("give \(files.work) to user \(agent.user)", errno)
            }
            try state.job(job).save(record)
        } catch { throw WardenFault(.kernel, "\(job) cannot be prepared: \(error)") }
        jobs[job] = Job(record: record, phase: .prepared)
        return files.directory
    }

    /// The lowest number that no other job has.
    private func freeSlot() -> Int {
        let taken = Set(jobs.values.map(\.record.slot))
        return (0...taken.count).first { !taken.contains($0) } ?? taken.count
    }

    /// Starts a prepared job; answered when its shim can be attached to.
    func start(_ spec: GuestSpec, for responder: Responder) throws(WardenFault) {
        let job = try known(spec.job)
        guard job.record.lease == spec.lease, job.removing == nil else {
            throw WardenFault(.wrongState, "\(spec.job) belongs to \(job.record.lease), or is being removed")
        }
        switch job.phase {
        case .prepared: handOver(spec, responder)
        case .handingOver(let earlier, let waiting): jobs[spec.job]?.phase = .handingOver(earlier, waiting + [responder])
        case .attaching(let since, let child, let waiting):
            jobs[spec.job]?.phase = .attaching(since: since, child: child, waiting + [responder])
        case .running, .exited, .lost: reply(.done, responder)
        }
    }

    private func handOver(_ spec: GuestSpec, _ responder: Responder) {
        guard let job = jobs[spec.job] else { return }
        jobs[spec.job]?.phase = .handingOver(spec, [responder])
        guard let guest = guest(job.record.slot) else { return launch(spec.job) }
        let work = state.files(of: spec.job).work
        let agent = agent.user
        chores.start(
            {
                Self.failure { () throws(KernelError) in
                    try FileTree(work).give(to: guest.user, group: guest.group, from: agent)
                }
            },
            then: { [unowned self] failure in
                if let failure { refuse(spec.job, failure) } else { launch(spec.job) }
            })
    }

    private static func failure(of work: () throws(KernelError) -> Void) -> KernelError? {
        do throws(KernelError) { try work() } catch { return error }
        return nil
    }

    /// What has begun but cannot go on goes back to where it was.
    private func refuse(_ job: JobID, _ error: KernelError) {
        guard case .handingOver(_, let waiting) = jobs[job]?.phase else { return }
        jobs[job]?.phase = .prepared
        log.write("job.unstarted", ["job": job, "error": error])
        for responder in waiting { reply(.failed(WardenFault(.kernel, "\(job) cannot be started: \(error)")), responder) }
        removeIfAsked(job)
    }

    private func launch(_ job: JobID) {
        guard case .handingOver(let spec, let waiting) = jobs[job]?.phase, var record = jobs[job]?.record else { return }
        guard jobs[job]?.stopped == nil else { return refuse(job, KernelError("start a job that was told to stop", ECANCELED)) }
        let group = group(of: record)
        let files = state.files(of: job)
        do throws(KernelError) {
            try groups.make(group)
            try groups.setProcessLimit(spec.processLimit, of: group)
            try files.write(
                ShimSpec(
                    guest: spec, agent: agent, runAs: guest(record.slot), enforcement: enforcement,
                    groups: groups.entrances(to: group)))
            record.isStarted = true
            try state.job(job).save(record)
            let child = try startShim(files)
            jobs[job]?.record = record
            jobs[job]?.phase = .attaching(since: SystemClock.instant(), child: child, waiting)
            log.write("job.started", ["job": job, "lease": record.lease, "program": spec.program, "shim": child])
        } catch { refuse(job, error) }
    }

    private func startShim(_ files: JobFiles) throws(KernelError) -> pid_t {
        let path = files.directory + "/shim.log"
        let errors = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard errors >= 0 else { throw KernelError("open \(path)", errno) }
        defer { close(errors) }
        return try ChildProcess.start([configuration.shimProgram, "shim", files.directory], errors: errors)
    }

    func signal(_ job: JobID, _ number: Int32) throws(WardenFault) {
        guard case .running(var watch) = try known(job).phase else { return }
        watch.send(.signal(number))
        jobs[job]?.phase = .running(watch)
    }

    /// Gives the work directory of a job that has ended to the agent.
    func claim(_ job: JobID, for responder: Responder) throws(WardenFault) {
        let known = try known(job)
        guard !known.isAlive, !leftGroups.contains(group(of: known.record)) else {
            throw WardenFault(.wrongState, "\(job) has not ended yet")
        }
        guard let guest = guest(known.record.slot) else { return reply(.done, responder) }
        let work = state.files(of: job).work
        let agent = agent
        chores.start(
            {
                Self.failure { () throws(KernelError) in
                    try FileTree(work).give(to: agent.user, group: agent.group, from: guest.user)
                }
            },
            then: { [unowned self] failure in
                reply(failure.map { .failed(WardenFault(.kernel, "\(job) cannot be claimed: \($0)")) } ?? .done, responder)
            })
    }

    /// Ends the job if it is alive and deletes its files; answered when they are gone.
    func remove(_ job: JobID, for responder: Responder) {
        guard let known = jobs[job] else { return reply(.done, responder) }
        jobs[job]?.removing = (known.removing ?? []) + [responder]
        guard known.removing == nil else { return }
        if known.isAlive { stop(job, because: "the job was removed") } else { removeIfAsked(job) }
    }

    private func removeIfAsked(_ job: JobID) {
        guard let known = jobs[job], known.removing != nil, !known.isAlive else { return }
        let directory = state.files(of: job).directory
        chores.start(
            { Self.failure { () throws(KernelError) in try FileTree(directory).remove() } },
            then: { [unowned self] failure in
                let waiting = jobs[job]?.removing ?? []
                if let failure {
                    jobs[job]?.removing = nil
                    log.write("job.unremoved", ["job": job, "error": failure])
                } else {
                    jobs[job] = nil
                    log.write("job.removed", ["job": job])
                }
                for responder in waiting {
                    reply(failure.map { .failed(WardenFault(.kernel, "\(job) cannot be removed: \($0)")) } ?? .done, responder)
                }
            })
    }

    /// Tells everything that runs under a lease to end, with the reason for its exit record.
    func stopAll(under lease: LeaseID, because reason: String) {
        for (job, known) in jobs where known.record.lease == lease && known.isAlive { stop(job, because: reason) }
    }

    private func stop(_ job: JobID, because reason: String) {
        guard let known = jobs[job], known.stopped == nil else { return }
        jobs[job]?.stopped = (SystemClock.instant(), reason)
        if case .running(var watch) = known.phase {
            watch.send(.stop(reason: reason))
            jobs[job]?.phase = .running(watch)
        }
    }
}

// MARK: Progress

extension JobKeeper {
    /// Descriptors to watch, with the jobs they belong to.
    var watched: [(job: JobID, descriptor: Int32, events: Int16)] {
        jobs.compactMap { job, known in
            guard case .running(let watch) = known.phase else { return nil }
            return (job, watch.descriptor, watch.interest)
        }
    }

    /// Whether something is under way that no descriptor tells of.
    var needsTurns: Bool {
        !leftGroups.isEmpty
            || jobs.values.contains { job in
                if case .attaching = job.phase { return true }
                return job.stopped != nil && job.isAlive
            }
    }

    /// The job's shim has something to tell.
    func read(_ job: JobID) {
        guard case .running(var watch) = jobs[job]?.phase else { return }
        if watch.hasEnded() {
            conclude(job, shim: watch.process)
            close(watch.descriptor)
        } else {
            jobs[job]?.phase = .running(watch)
        }
    }

    /// Does what is due: attaches to shims that have come up, kills what does not stop, removes groups that are empty now.
    func advance() {
        let now = SystemClock.instant()
        for (job, known) in jobs {
            if case .attaching(let since, let child, let waiting) = known.phase { attach(job, since, child, waiting, at: now) }
            if let stopped = known.stopped, known.isAlive { force(job, stopped.at, at: now) }
        }
        for group in leftGroups { dissolve(group) }
    }

    private func attach(_ job: JobID, _ since: Instant, _ child: pid_t?, _ waiting: [Responder], at now: Instant) {
        let files = state.files(of: job)
        if var watch = try? ShimWatch(files) {
            if let reason = jobs[job]?.stopped?.reason { watch.send(.stop(reason: reason)) }
            jobs[job]?.phase = .running(watch)
            if let record = jobs[job]?.record { groups.add(shim: watch.process, to: group(of: record)) }
        } else if let record = try? files.exitRecord() {
            conclude(job, shim: child ?? 0, record)
        } else if now - since > Self.patience || hasEnded(child) && !files.isAttended {
            conclude(job, shim: child ?? 0)
        } else {
            return
        }
        for responder in waiting { reply(.done, responder) }
    }

    /// Children are collected as they end, so one that is none any more has.
    private func hasEnded(_ child: pid_t?) -> Bool { child.map { kill($0, 0) != 0 } ?? false }

    /// The shim was asked to stop the program. What it does not do in time is done here.
    private func force(_ job: JobID, _ stopped: Instant, at now: Instant) {
        guard now - stopped > Self.grace, let known = jobs[job] else { return }
        do throws(KernelError) {
            _ = try groups.kill(group(of: known.record))
        } catch { log.write("job.unkilled", ["job": job, "error": error]) }
        if now - stopped > Self.patience, case .running(let watch) = known.phase { kill(watch.process, SIGKILL) }
    }

    /// The job is over: its record tells how, or it is lost.
    private func conclude(_ job: JobID, shim: pid_t, _ known: ExitRecord? = nil) {
        guard let record = jobs[job]?.record else { return }
        let end = known ?? (try? state.files(of: job).exitRecord()) ?? nil
        if let end {
            jobs[job]?.phase = .exited(end)
            groups.settle(shim, used: end.cpu, in: group(of: record))
        } else {
            jobs[job]?.phase = .lost
        }
        log.write("job.ended", ["job": job, "lease": record.lease, "how": end.map { "\($0.reason)" } ?? "lost"])
        if let ended = jobs[job] { notices.append(.jobEnded(Self.state(ended))) }
        dissolve(group(of: record))
        removeIfAsked(job)
    }

    /// Removes a job's group; whatever is still in it is killed first.
    private func dissolve(_ group: String) {
        do throws(KernelError) {
            guard try groups.kill(group) else {
                leftGroups.insert(group)
                return
            }
            try groups.remove(group)
            leftGroups.remove(group)
        } catch {
            if leftGroups.insert(group).inserted { log.write("group.unremoved", ["group": group, "error": error]) }
        }
    }

    /// Ends jobs whose lease is gone.
    func stopOrphans(isHeld: (LeaseID) -> Bool) {
        for (job, known) in jobs where known.isAlive && !isHeld(known.record.lease) { stop(job, because: "the lease has ended") }
    }

    /// Takes up the jobs that a former warden has left, and ends what runs in groups of no job.
    func restore() throws(KernelError) {
        for job in try state.jobs() {
            do throws(KernelError) {
                guard let record = try state.job(job).load() else {
                    // the crash came between making the directory and its record: nothing was promised
                    try FileTree(state.files(of: job).directory).remove()
                    continue
                }
                jobs[job] = Job(record: record, phase: try phase(of: record))
            } catch { log.write("job.unrestored", ["job": job, "error": error]) }
        }
        for lease in try groups.subgroups(of: configuration.instance) {
            for name in try groups.subgroups(of: "\(configuration.instance)/\(lease)") {
                guard JobID(name).flatMap({ jobs[$0] })?.isAlive != true else { continue }
                dissolve("\(configuration.instance)/\(lease)/\(name)")
            }
        }
    }

    private func phase(of record: JobRecord) throws(KernelError) -> Phase {
        guard record.isStarted else { return .prepared }
        if let end = try state.files(of: record.job).exitRecord() { return .exited(end) }
        return .attaching(since: SystemClock.instant(), child: nil, [])
    }
}
