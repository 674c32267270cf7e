import Glibc
import Kernel
import Resources
import Sandbox

/// What happens to jobs by themselves.
extension JobKeeper {
    /// How long a shim may take to come up, and to record the end once the program was killed.
    private static let patience = Microseconds.seconds(10)
    /// How long the shim may try to end the program before the warden kills the whole group.
    private static let grace = Microseconds.milliseconds(50)

    /// Descriptors to watch, with the jobs they belong to.
    var watched: [(job: JobID, descriptor: Int32, events: Int16)] {
        jobs.compactMap { job, known in
            switch known.phase {
            case .running(let watch): (job, watch.descriptor, watch.interest)
            case .attaching(let shim, _): shim.sign.map { (job, $0, Int16(POLLIN)) }
            case .prepared, .handingOver, .exited, .lost: nil
            }
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
        switch jobs[job]?.phase {
        case .running(var watch):
            if watch.hasEnded() {
                conclude(job, shim: watch.process)
                close(watch.descriptor)
            } else {
                jobs[job]?.phase = .running(watch)
            }
        case .attaching(var shim, let waiting):
            // what it means is found out next, by trying
            if let sign = shim.sign { close(sign) }
            shim.sign = nil
            jobs[job]?.phase = .attaching(shim, waiting)
        case .prepared, .handingOver, .exited, .lost, nil: break
        }
    }

    /// Does what is due: attaches to shims that have come up, kills what does not stop, removes groups that are empty now.
    func advance() {
        let now = SystemClock.instant()
        for (job, known) in jobs {
            if case .attaching(let shim, let waiting) = known.phase { attach(job, shim, waiting, at: now) }
            if let stopped = known.stopped, known.isAlive { force(job, stopped.at, at: now) }
        }
        for group in leftGroups { dissolve(group) }
    }

    private func attach(_ job: JobID, _ shim: ComingShim, _ waiting: [Responder], at now: Instant) {
        let files = state.files(of: job)
        if var watch = try? ShimWatch(files) {
            if let reason = jobs[job]?.stopped?.reason { watch.send(.stop(reason: reason)) }
            jobs[job]?.phase = .running(watch)
            deliverNotice(to: job)
            if let record = jobs[job]?.record { groups.add(shim: watch.process, to: group(of: record)) }
        } else if let record = try? files.exitRecord() {
            conclude(job, shim: shim.child ?? 0, record)
        } else if now - shim.since > Self.patience || hasEnded(shim.child) && !files.isAttended {
            conclude(job, shim: shim.child ?? 0)
        } else {
            return
        }
        if let sign = shim.sign { close(sign) }
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
        return .attaching(ComingShim(since: SystemClock.instant(), child: nil, sign: nil), [])
    }
}
