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
        case attaching(ComingShim, [Responder])
        case running(ShimWatch)
        case exited(ExitRecord)
        case lost
    }

    /// A shim that cannot be attached to yet.
    struct ComingShim {
        let since: Instant
        /// Its process, when this warden has started it.
        let child: pid_t?
        /// A pipe that the shim closes once it can be attached to; `nil` when it has, or was started by another warden.
        var sign: Int32?
    }

    struct Job {
        var record: JobRecord
        var phase: Phase
        /// When and why it was told to stop, if it was.
        var stopped: (at: Instant, reason: String)?
        /// Its program is to be told, as soon as it can be, that it will be ended.
        var notice: Notice?
        /// Who waits for it to be removed.
        var removing: [Responder]?
    }

    let configuration: WardenConfiguration
    let state: StateDirectory
    let groups: any GuestGroups
    let log: DecisionLog
    /// What programs that are started are told of their limits, as the warden's hello tells it.
    var enforcement: String
    let chores: Chores
    /// Whether the file system holds jobs to what they may keep; otherwise shims count.
    let isDiskLimited: Bool
    /// What all guests are held by, made once; where that fails each shim tries, and says why it cannot.
    let callFilters = try? CallFilter.programs()
    var jobs: [JobID: Job] = [:]
    /// Groups of ended jobs that could not be removed yet.
    var leftGroups: Set<String> = []
    var notices: [WardenNotice] = []
    /// Sends a reply; set by the service.
    var reply: (WardenReply, Responder) -> Void = { _, _ in }

    init(
        _ configuration: WardenConfiguration, _ state: StateDirectory, _ groups: any GuestGroups, enforcement: String,
        isDiskLimited: Bool, log: DecisionLog
    ) throws(KernelError) {
        self.configuration = configuration
        self.state = state
        self.groups = groups
        self.enforcement = enforcement
        self.isDiskLimited = isDiskLimited
        self.log = log
        chores = try Chores()
    }

    func group(of job: JobRecord) -> String { "\(configuration.instance)/\(job.lease)/\(job.job)" }
    var agent: ProcessOwner { ProcessOwner(user: configuration.agent, group: gid_t(configuration.agent)) }

    func guest(_ slot: Int) -> ProcessOwner? {
        guard configuration.isPrivileged else { return nil }
        let number = configuration.firstGuestUser + uid_t(slot)
        return ProcessOwner(user: number, group: gid_t(number))
    }

    func known(_ job: JobID) throws(WardenFault) -> Job {
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

    static func state(_ job: Job) -> JobState {
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
