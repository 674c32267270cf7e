import Glibc
import Kernel
import Reclaim
import Resources
import Sandbox

/// The warden: one thread around a poll loop, which serves agents, watches the shims of running jobs and keeps the
/// owner's promise on a tick of its own. It needs no agent to go on, and its guests do not need it.
package final class WardenService {
    private static let busyTick = Microseconds.milliseconds(200)
    private static let idleTick = Microseconds.seconds(1)
    /// How soon to look again at what no descriptor tells of.
    private static let turn = Microseconds.milliseconds(5)

    let configuration: WardenConfiguration
    let log: DecisionLog
    let manager: ServiceManager
    private let clock: SystemClock
    private let signals: SignalInbox
    private let state: StateDirectory
    let groups: any GuestGroups
    let selfTest: SelfTest
    /// What the last test found.
    var finding = SelfTest.Finding.none
    /// Whether there was a test: before, agents wait.
    var isReady = false
    var schedule: SelfTestSchedule
    /// Why the file system does not hold jobs to what they may keep; `nil` when it does.
    let diskFault: String?
    private let leases: LeaseKeeper
    let jobs: JobKeeper
    let door: AgentDoor
    private var sensor: Sensor
    private var owner = OwnerWatch()
    private var nextTick: Instant
    private var isStopping = false
    /// Why it stops, if nobody asked for that.
    private var failure: KernelError?
    private var hasPrecedence = false

    /// Finds everything again that a former warden left.
    ///
    /// - Precondition: The process has a single thread.
    /// - Throws: ``KernelError``; nothing is changed that the next start does not find.
    package init(_ configuration: WardenConfiguration, kernel: any KernelCalls = LinuxKernel()) throws(KernelError) {
        self.configuration = configuration
        log = DecisionLog(instance: configuration.instance)
        clock = try SystemClock(kernel: kernel)
        manager = ServiceManager()
        signals = try SignalInbox([SIGTERM, SIGINT, SIGHUP, SIGCHLD])
        signal(SIGPIPE, SIG_IGN)
        state = try StateDirectory(configuration.state)
        groups = try Backing(configuration, state, kernel).groups
        selfTest = SelfTest(configuration: configuration, groups: groups, kernel: kernel)
        schedule = SelfTestSchedule(isWanting: true, at: SystemClock.instant())
        leases = LeaseKeeper(configuration, state, groups, log: log)
        diskFault = configuration.isPrivileged ? DiskSelfTest(configuration).run() : "the warden runs without privileges"
        jobs = try JobKeeper(
            configuration, state, groups, enforcement: finding.enforcement, isDiskLimited: diskFault == nil, log: log)
        sensor = Sensor(groups, kernel: kernel)
        nextTick = SystemClock.instant()
        try leases.restore(at: clock.now())
        try jobs.restore()
        door = AgentDoor(configuration, log: log)
        jobs.reply = { [unowned door] reply, responder in door.reply(reply, to: responder) }
    }

    /// Governs at once; serves agents when limits and sandbox were tested, which takes long where the owner needs everything; until
    /// SIGTERM or SIGINT. Tests again on SIGHUP. Guests go on running: the next warden finds them.
    ///
    /// - Throws: ``KernelError`` when agents cannot be let in.
    package func run() throws(KernelError) {
        // guests of a former warden are governed meanwhile
        if !leases.isEmpty { takePrecedence() }
        testAgain(isAsked: true)
        while !isStopping { turn() }
        manager.stopping()
        door.close()
        abandonTest()
        leases.saveAll(at: clock.now())
        if leases.states(at: clock.now()).isEmpty, jobs.states.isEmpty {
            // nothing to find again
            try? groups.remove(configuration.instance)
            groups.removeShared()
        }
        log.write("warden.stopped")
        if let failure { throw failure }
    }

    /// Serves agents from now on.
    func beginServing() {
        isReady = true
        do throws(KernelError) { try door.open() } catch {
            (failure, isStopping) = (error, true)
            return
        }
        log.write(
            "warden.ready",
            [
                "release": Software.version, "enforcement": finding.enforcement, "sandbox": finding.sandboxFault ?? "works",
                "leases": leases.states(at: clock.now()).count, "jobs": jobs.states.count,
                "network": finding.networkFault ?? "works", "disk": diskHolding, "socket": configuration.socket,
            ])
        lookAtImages()
        takePrecedence()
        manager.started(finding.summary)
    }

    /// Says of each image that is offered why no job could be shown it: its owner should know before a borrower does.
    func lookAtImages() {
        for (name, directory) in configuration.images.sorted(by: { $0.key < $1.key }) {
            do throws(GuestRoot.Unusable) { _ = try GuestRoot(at: directory) } catch {
                log.write("image.unusable", ["image": name, "why": error])
            }
        }
    }

    /// How jobs are held to what they may keep on disk, in words.
    private var diskHolding: String { diskFault.map { "counted (no project quota: \($0))" } ?? "project quota" }

    /// Once everything is in memory that is needed: what was only needed to begin is not locked there.
    private func takePrecedence() {
        guard !hasPrecedence else { return }
        hasPrecedence = true
        let missing = Precedence.take()
        guard !missing.isEmpty else { return }
        log.write("warden.without_precedence", ["why": missing.map(\.description).joined(separator: "; ")])
    }

    private func turn() {
        wait()
        jobs.advance()
        let now = clock.now()
        if now.instant >= nextTick { tick(at: now) }
        for lease in leases.warnings { leases.notice(of: lease).map { jobs.give($0, under: lease) } }
        leases.warnings = []
        for (lease, reason) in leases.forfeited { jobs.stopAll(under: lease, because: reason) }
        leases.forfeited = [:]
        endLeases(at: now)
        for notice in leases.notices + jobs.notices { door.tell(notice) }
        leases.notices = []
        jobs.notices = []
    }

    /// Waits until something can be done, and does it.
    private func wait() {
        let doors = door.watched
        let shims = jobs.watched
        var polled = [signals.descriptor, jobs.chores.descriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        polled += doors.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
        polled += shims.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
        guard poll(&polled, nfds_t(polled.count), patience()) > 0 else { return }
        if polled[0].revents != 0 { heedSignals() }
        if polled[1].revents != 0 { jobs.chores.deliver() }
        for (entry, result) in zip(shims, polled.dropFirst(2 + doors.count)) where result.revents != 0 { jobs.read(entry.job) }
        for (entry, result) in zip(doors, polled.dropFirst(2)) where result.revents != 0 {
            door.serve(entry.connection) { request, responder in handle(request, responder) }
        }
    }

    /// In milliseconds, rounded up.
    private func patience() -> Int32 {
        let untilTick = max(.zero, nextTick - SystemClock.instant())
        let span = jobs.needsTurns || !leases.ending.isEmpty ? min(untilTick, Self.turn) : untilTick
        return Int32((span.rawValue + 999) / 1000)
    }

    private func heedSignals() {
        for number in signals.take() {
            switch number {
            case SIGCHLD: while waitpid(-1, nil, WNOHANG) > 0 {}
            case SIGHUP: reload()
            default: isStopping = true
            }
        }
    }

    /// The owner's promise: measures, governs, and ends what has run out.
    private func tick(at now: Moment) {
        measureOwner(at: now.instant)
        leases.tick(owner.reading, at: now)
        for lease in leases.expired(at: now) { _ = leases.beginEnding(lease, because: leases.causeOfEnd(of: lease)) }
        leases.forgetOld(at: now)
        jobs.stopOrphans { leases.holds($0) }
        for (lease, fault) in leases.unheld(at: now.instant) {
            _ = leases.beginEnding(lease, because: "it can be held to its limits no more: \(fault)")
        }
        testAgain(isAsked: leases.takeDoubt())
        nextTick = now.instant + min(leases.isEmpty ? Self.idleTick : Self.busyTick, manager.interval ?? Self.idleTick)
        manager.alive()
    }

    /// Told once, and not on every tick. While it lasts nothing new is run.
    private func measureOwner(at now: Instant) {
        let scope = leases.policy?.owner ?? .everything
        let found = Result { () throws(KernelError) in try sensor.owner(scope, at: now) }
        switch owner.note(found, of: leases.policy?.capacity, at: now) {
        case .lost(let error):
            log.write("owner.unreadable", ["error": error])
            testAgain(isAsked: true)
        case .found: log.write("owner.readable")
        case nil: break
        }
    }

    /// Goes on with the leases that are being ended.
    private func endLeases(at now: Moment) {
        for lease in leases.ending {
            jobs.stopAll(under: lease, because: "the lease has ended: \(leases.reason(of: lease))")
            guard !jobs.isBusy(lease) else { continue }
            do throws(KernelError) {
                guard try leases.killAll(in: lease), let end = try leases.finish(lease, at: now) else { continue }
                for responder in end.waiting { door.reply(.closed(end.meter), to: responder) }
                if end.waiting.isEmpty { leases.notices.append(.leaseEnded(lease, end.meter)) }
            } catch { log.write("lease.unended", ["lease": lease, "error": error]) }
        }
    }
}

// MARK: Requests

extension WardenService {
    private func handle(_ request: WardenRequest, _ responder: Responder) {
        do throws(WardenFault) {
            if let reply = try answer(request, responder) { door.reply(reply, to: responder) }
        } catch {
            log.write("call.refused", ["kind": error.kind.rawValue, "why": error])
            door.reply(.failed(error), to: responder)
        }
    }

    private func close(_ lease: LeaseID, because reason: String, for responder: Responder) -> WardenReply? {
        leases.beginEnding(lease, because: reason, for: responder) ? nil : .closed(leases.finalMeter(of: lease))
    }

    /// - Returns: the answer, or `nil` when it comes later.
    private func answer(_ request: WardenRequest, _ responder: Responder) throws(WardenFault) -> WardenReply? {
        switch request {
        case .hello(let lowest, let highest, let release): return greet(lowest, highest, release, responder)
        case .setPolicy(let policy): return try set(policy)
        case .openLease(let grant): return try open(grant)
        case .closeLease(let lease): return close(lease, because: "the agent closed it", for: responder)
        case .evictLease(let lease):
            leases.evict(lease, at: clock.now())
            return close(lease, because: leases.causeOfEnd(of: lease), for: responder)
        case .prepareJob(let job, let lease):
            try requireOpen(lease)
            return .place(try jobs.prepare(job, under: lease))
        case .startJob(let spec):
            if let fault = finding.sandboxFault { throw WardenFault(.wrongState, "no program can be run here: \(fault)") }
            if try !jobs.hasStarted(spec.job) { try requireOpen(spec.lease) }
            if spec.network != nil { try requireNetwork() }
            if let notice = leases.notice(of: spec.lease) { jobs.give(notice, to: spec.job) }
            try jobs.start(spec, for: responder)
            return nil
        case .signalJob(let job, let number):
            try jobs.signal(job, number)
            return .done
        case .jobState(let job): return .job(try jobs.state(of: job))
        case .claimWork(let job):
            try jobs.claim(job, for: responder)
            return nil
        case .removeJob(let job):
            jobs.remove(job, for: responder)
            return nil
        case .inventory: return .inventory(WardenInventory(leases: leases.states(at: clock.now()), jobs: jobs.states))
        case .readings:
            return .readings(
                WardenReadings(
                    owner: owner.reading.usage, guests: leases.using, memoryShort: leases.memoryShort,
                    leases: leases.states(at: clock.now()), enforcer: leases.enforcerState(owner.reading, at: clock.now()),
                    disk: diskHolding))
        case .measurements: return .measurements(leases.measurements(at: SystemClock.instant()))
        case .moves(let time): return .moves(leases.moves.moves.filter { $0.at > time })
        }
    }

    private func greet(_ lowest: Int, _ highest: Int, _ release: String, _ responder: Responder) -> WardenReply? {
        let own = WardenProtocol.versions
        guard lowest <= highest, lowest <= own.upperBound, highest >= own.lowerBound else {
            let older = highest < own.lowerBound ? "the agent (release \(release))" : "the warden (release \(Software.version))"
            let fault = WardenFault(
                .version,
                "the warden speaks protocol versions \(own.lowerBound) to \(own.upperBound), the agent \(lowest) to \(highest): upgrade \(older)"
            )
            log.write("agent.outdated", ["why": fault])
            door.dismiss(responder.connection, with: fault, to: responder.call)
            return nil
        }
        let hello = WardenHello(
            version: min(highest, own.upperBound), release: Software.version, instance: configuration.instance,
            enforcement: finding.enforcement, sandboxFault: finding.sandboxFault)
        door.greet(hello, responder)
        return nil
    }

    private func set(_ policy: WardenPolicy) throws(WardenFault) -> WardenReply {
        do throws(KernelError) {
            if policy.owner != leases.policy?.owner {
                // What was read of another scope says nothing about this one.
                sensor.reset()
                owner.reset()
                nextTick = SystemClock.instant()
            }
            try leases.setPolicy(policy, at: clock.now())
        } catch { throw WardenFault(.kernel, "the policy cannot be kept: \(error)") }
        return .done
    }

    private func open(_ grant: LeaseGrant) throws(WardenFault) -> WardenReply {
        let isFirst = leases.isEmpty
        try leases.open(grant, at: clock.now())
        // the ticks are longer while there are no guests
        if isFirst { nextTick = min(nextTick, SystemClock.instant() + Self.busyTick) }
        return .done
    }

    private func requireNetwork() throws(WardenFault) {
        guard let fault = finding.networkFault else { return }
        // it may have been mended since, as by a route that came with the machine's own network
        schedule.wish()
        throw WardenFault(.wrongState, "no job can have a network here: \(fault)")
    }

    private func requireOpen(_ lease: LeaseID) throws(WardenFault) {
        guard leases.isOpen(lease) else {
            throw leases.holds(lease) || leases.finalMeter(of: lease) != nil
                ? WardenFault(.wrongState, "\(lease) has ended") : WardenFault(.unknownLease, "there is no \(lease) here")
        }
    }
}
