import Resources
import Trading
import Wire

/// A job submitted here, as it is kept in the ledger's state.
///
///     queued -> staging -> starting -> running -> collecting -> finished | failed | cancelled
///       ^                                |
///       +----------- saving <------------+
///
/// Each stage says what is to be done next. It is recorded before that begins, and everything done in a stage may be done
/// again, so after a crash the job goes on from where it was.
struct JobRecord: Codable, Sendable {
    enum Stage: String, Codable, Sendable {
        /// It needs a lease.
        case queued
        /// Its inputs go to the lender.
        case staging
        /// The lender is told to start it.
        case starting
        case running
        /// Its machine was taken back or lost, and it is to run elsewhere: what it saved comes home.
        case saving
        /// Its program has ended; its outputs come home.
        case collecting
        case finished
        case failed
        case cancelled
    }

    /// Under which lease it runs.
    enum Tenancy: Codable, Sendable {
        /// One that somebody else keeps.
        case given(LeaseID)
        /// One of its own, borrowed from those named, or from anyone; `renews`: for as long as it runs, else for the term that
        /// is wanted.
        case own(Want, from: [String], renews: Bool)
    }

    let id: JobID
    let user: String
    /// The number of the local user whose it is.
    let uid: UInt32?
    /// The id of the user of the pool, or of the node, whose it is: it was submitted from elsewhere.
    let remote: String?
    let order: JobOrder
    let tenancy: Tenancy
    /// `nil`: it is run once.
    let retry: JobRetry?
    let submittedAt: Timestamp
    /// Input files, directories and links; at least one when there are any.
    private(set) var inputs: Int
    private(set) var inputBytes: Int64

    private(set) var stage: Stage
    private(set) var lease: LeaseID?
    private(set) var lender: NodeID?
    private(set) var startedAt: Timestamp?
    private(set) var finishedAt: Timestamp?
    /// How the program ended, as the lender told it; or what went wrong.
    private(set) var end: JobEnd?
    private(set) var limitsEnforced = false
    private(set) var missingOutputs: [String] = []
    private(set) var outputsReady = false
    /// Earlier runs, oldest first; `nil` before there were any.
    private var interrupted: [JobAttempt]?
    /// Where the output of this run begins in that of the job; `nil`: at its beginning.
    private(set) var outputStart: OutputStart?
    /// Somebody has fetched the outputs.
    var outputsFetched = false
    /// Nothing is left to be done: the lender has deleted the job's files, its own lease was given back.
    var isTidy = false

    init(
        id: JobID, user: String, uid: UInt32?, remote: String? = nil, order: JobOrder, tenancy: Tenancy,
        retry: JobRetry? = nil, inputs: Int, inputBytes: Int64, submittedAt: Timestamp
    ) {
        self.id = id
        self.user = user
        self.uid = uid
        self.remote = remote
        self.order = order
        self.tenancy = tenancy
        self.retry = retry
        self.inputs = inputs
        self.inputBytes = inputBytes
        self.submittedAt = submittedAt
        stage = .queued
    }

    /// Runs that were cut short before this one, oldest first.
    var attempts: [JobAttempt] { interrupted ?? [] }

    /// Whether it is under a lease of a lender that is to run it, or does.
    var isUnderWay: Bool { stage == .staging || stage == .starting || stage == .running }

    /// Whether it goes on elsewhere after such an end.
    func goesOn(after end: JobEnd) -> Bool {
        guard case .own = tenancy, let retry else { return false }
        return end.isInterruption && attempts.count < retry.limit
    }

    /// Whether its fate is known.
    var isFinal: Bool { stage == .finished || stage == .failed || stage == .cancelled }

    /// The lease to give back when it has ended.
    var ownLease: LeaseID? { if case .own = tenancy { lease } else { nil } }

    /// Whether a lease that was borrowed for it is the one that it runs under, or is to.
    func needs(_ lease: LeaseID) -> Bool {
        guard !isFinal, ownsLease else { return false }
        return self.lease.map { $0 == lease } ?? !attempts.contains { $0.lease == lease }
    }

    /// Whether its lease is its own, to be renewed.
    var ownsLease: Bool { if case .own = tenancy { true } else { false } }
    /// For how long its own lease is renewed, from the beginning; `nil`: for as long as it runs.
    var leaseSpan: Microseconds? { if case .own(let want, _, false) = tenancy { want.term } else { nil } }
    /// The term that its own lease was meant for; `nil`: it has none of its own.
    var meantTerm: Microseconds? { ownsLease ? leaseSpan ?? Microseconds(.max) : nil }
}

/// Where a run's output begins in that of its job, in bytes.
struct OutputStart: Hashable, Codable, Sendable {
    var stdout: Int64 = 0
    var stderr: Int64 = 0
}

// MARK: - Transitions

extension JobRecord {
    /// It has a lease. Without inputs there is nothing to stage.
    mutating func place(under lease: LeaseID, of lender: NodeID) {
        self.lease = lease
        self.lender = lender
        stage = inputs > 0 ? .staging : .starting
    }

    /// The lender has the inputs.
    mutating func staged() { stage = .starting }

    /// The lender has started it.
    mutating func started(at time: Timestamp, limitsEnforced: Bool) {
        stage = .running
        startedAt = startedAt ?? time
        self.limitsEnforced = limitsEnforced
    }

    /// Its program has ended and may have made outputs.
    mutating func collect(after end: JobEnd, at time: Timestamp) {
        self.end = end
        finishedAt = time
        stage = .collecting
    }

    /// Its run was cut short, and it is to go on elsewhere.
    mutating func interrupt(_ end: JobEnd, at time: Timestamp) {
        self.end = end
        finishedAt = time
        stage = .saving
    }

    /// What it saved is among its inputs: it needs another lease.
    ///
    /// - Parameters:
    ///   - inputs: bytes of input that there are now; `nil` when there is none.
    ///   - start: where its output goes on.
    mutating func goOn(withInputs inputs: Int64?, output start: OutputStart) {
        if let lender, let lease, let end, let finishedAt {
            let attempt = JobAttempt(
                lender: lender, lease: lease, reason: end.outcome.reason ?? "", endedAt: finishedAt, usage: end.usage)
            interrupted = attempts + [attempt]
        }
        (lease, lender, end, finishedAt) = (nil, nil, nil, nil)
        if let inputs { (self.inputs, inputBytes) = (max(1, self.inputs), inputs) }
        outputStart = start
        stage = .queued
    }

    /// Its outputs are here.
    mutating func collected(missing: [String]) {
        missingOutputs = missing
        outputsReady = true
    }

    /// The end: as the program's, or the reason why there is none.
    mutating func conclude(_ end: JobEnd, at time: Timestamp) {
        // Of a program that ended but whose outputs are lost, what it used is still known.
        self.end = JobEnd(outcome: end.outcome, usage: end.usage == .zero ? self.end?.usage ?? .zero : end.usage)
        finishedAt = finishedAt ?? time
        if case .exited = end.outcome { stage = .finished } else { stage = .failed }
    }

    mutating func cancel(at time: Timestamp) {
        finishedAt = time
        stage = .cancelled
    }
}

// MARK: - As it travels

extension JobRecord.Stage {
    var wire: Surplus_V1_JobState {
        switch self {
        case .queued, .saving: .queued
        // Not running yet: a signal still means to cancel it.
        case .staging, .starting: .staging
        case .running: .running
        case .collecting: .collecting
        case .finished: .finished
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }
}

extension Surplus_V1_JobInfo {
    /// What is known here, without names of nodes and without money.
    init(_ record: JobRecord) {
        self.init()
        record.end?.describe(in: &self)
        job = record.id.description
        lease = record.lease?.description ?? ""
        lender = record.lender?.description ?? ""
        user = record.user
        spec = Surplus_V1_JobSpec(record.order)
        state = record.stage.wire
        submittedAt = record.submittedAt.microseconds
        startedAt = record.startedAt?.microseconds ?? 0
        finishedAt = record.isFinal ? record.finishedAt?.microseconds ?? 0 : 0
        outputsReady = record.outputsReady
        outputsFetched = record.outputsFetched
        missingOutputs = record.missingOutputs
        limitsEnforced = record.limitsEnforced
        if let retry = record.retry { self.retry = Surplus_V1_JobRetry(retry) }
        attempts = record.attempts.map(Surplus_V1_JobAttempt.init)
    }
}
