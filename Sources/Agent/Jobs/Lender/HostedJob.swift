import Resources
import Sandbox
import Wire

/// A job that runs here for a peer, as it is kept in the ledger's state: from before its start until the borrower has
/// everything, or its results were kept long enough.
struct HostedJob: Hashable, Codable, Sendable {
    /// How long the results of a job are kept for its borrower after the lease has ended.
    static let retention = Microseconds.hours(24)

    let id: JobID
    let lease: LeaseID
    let borrower: NodeID
    /// Who asked on the borrower's side: a recorded fact, not an authority.
    let user: String
    let order: JobOrder
    /// Where the warden keeps its files.
    let directory: String
    let startedAt: Timestamp
    /// How it ended; `nil` while it runs, or as long as nobody has looked.
    var end: JobEnd?
    var endedAt: Timestamp?
    /// When its lease was found to be over.
    var leaseEndedAt: Timestamp?

    var files: JobFiles { JobFiles(directory: directory) }

    /// When its results are deleted, if its borrower has not fetched them by then; `nil` while its lease goes on.
    var keptUntil: Timestamp? { leaseEndedAt.map { $0 + Self.retention } }

    /// Whether its borrower had its time to fetch the results.
    func isStale(at now: Timestamp) -> Bool { keptUntil.map { now >= $0 } ?? false }
}

extension Surplus_V1_JobInfo {
    /// What the lender knows of it.
    init(_ job: HostedJob, lender: NodeID, limitsEnforced: Bool) {
        self.init()
        state = .running
        job.end?.describe(in: &self)
        self.job = job.id.description
        lease = job.lease.description
        self.lender = lender.description
        borrower = job.borrower.description
        user = job.user
        spec = Surplus_V1_JobSpec(job.order)
        submittedAt = job.startedAt.microseconds
        startedAt = job.startedAt.microseconds
        finishedAt = job.endedAt?.microseconds ?? 0
        self.limitsEnforced = limitsEnforced
        hosted = true
        keptUntil = job.keptUntil?.microseconds ?? 0
    }
}
