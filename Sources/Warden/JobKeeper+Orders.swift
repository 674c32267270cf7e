import Glibc
import Kernel
import Resources
import Sandbox

/// What agents ask for.
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
            for (path, mode) in [(files.directory, mode_t(0o711)), (files.work, 0o700), (files.notices, 0o755)] {
                guard mkdir(path, mode) == 0 else { throw KernelError("make \(path)", errno) }
                guard chmod(path, mode) == 0 else { throw KernelError("set the permissions of \(path)", errno) }
            }
            try limitDisk(of: record)
            guard agent == .current || chown(files.work, agent.user, agent.group) == 0 else {
                throw KernelError("give \(files.work) to user \(agent.user)", errno)
            }
            try state.job(job).save(record)
        } catch { throw WardenFault(.kernel, "\(job) cannot be prepared: \(error)") }
        jobs[job] = Job(record: record, phase: .prepared)
        return files.directory
    }

    /// Has the file system hold a job to what it may keep, where it can; what that is.
    @discardableResult
    private func limitDisk(of job: JobRecord) throws(KernelError) -> Bytes {
        let most = min(configuration.diskPerJob, state.halfOfFreeSpace)
        guard isDiskLimited else { return most }
        let (quota, work) = (configuration.quota(ofSlot: job.slot), state.files(of: job.job).work)
        if !job.isStarted { try quota.take(work) }
        try quota.limit(to: most, files: DiskWatch.mostFiles(within: most), at: work)
        return most
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
        case .prepared:
            _ = try root(of: spec)
            handOver(spec, responder)
        case .handingOver(let earlier, let waiting): jobs[spec.job]?.phase = .handingOver(earlier, waiting + [responder])
        case .attaching(let shim, let waiting): jobs[spec.job]?.phase = .attaching(shim, waiting + [responder])
        case .running, .exited, .lost: reply(.done, responder)
        }
    }

    /// The directory of the image that a job asks for, if it does.
    ///
    /// - Throws: ``WardenFault`` when there is none, or it cannot be used as it is.
    private func root(of spec: GuestSpec) throws(WardenFault) -> String? {
        guard let image = spec.image else { return nil }
        guard let directory = configuration.images[image] else {
            let names = configuration.images.keys.sorted().joined(separator: ", ")
            throw WardenFault(
                .wrongState, "there is no image '\(image)' here; " + (names.isEmpty ? "none is offered" : "there are: \(names)"))
        }
        do throws(GuestRoot.Unusable) { return try GuestRoot(at: directory).path } catch {
            throw WardenFault(.wrongState, "the image '\(image)' cannot be used: \(error)")
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
                    groups: groups.entrances(to: group), root: spec.image.flatMap { configuration.images[$0] },
                    disk: try limitDisk(of: record), isDiskLimited: isDiskLimited,
                    callFilters: callFilters))
            record.isStarted = true
            try state.job(job).save(record)
            let shim = try startShim(files)
            jobs[job]?.record = record
            jobs[job]?.phase = .attaching(shim, waiting)
            log.write("job.started", ["job": job, "lease": record.lease, "program": spec.program, "shim": shim.child ?? 0])
        } catch { refuse(job, error) }
    }

    private func startShim(_ files: JobFiles) throws(KernelError) -> ComingShim {
        let path = files.directory + "/shim.log"
        let errors = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard errors >= 0 else { throw KernelError("open \(path)", errno) }
        defer { close(errors) }
        let sign = try Descriptor.pipe()
        defer { close(sign.writing) }
        do throws(KernelError) {
            let child = try ChildProcess.start(
                [configuration.shimProgram, "shim", files.directory], output: sign.writing, errors: errors)
            return ComingShim(since: SystemClock.instant(), child: child, sign: sign.reading)
        } catch {
            close(sign.reading)
            throw error
        }
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

    func removeIfAsked(_ job: JobID) {
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

    func stop(_ job: JobID, because reason: String) {
        guard let known = jobs[job], known.stopped == nil else { return }
        jobs[job]?.stopped = (SystemClock.instant(), reason)
        if case .running(var watch) = known.phase {
            watch.send(.stop(reason: reason))
            jobs[job]?.phase = .running(watch)
        }
    }
}
