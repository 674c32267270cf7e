import LedgerStore
import Resources
import Testing

@testable import Agent

@Suite("The jobs a lender keeps")
struct HostedJobsTests {
    private let scratch: ScratchDirectory
    private let store: LedgerStore

    init() throws {
        scratch = try ScratchDirectory()
        store = try LedgerStore(directory: scratch.path)
    }

    private func job(of borrower: NodeID = JobFixture.newID()) -> HostedJob {
        HostedJob(
            id: JobFixture.newID(), lease: JobFixture.newID(), borrower: borrower, user: "ada",
            order: JobOrder(program: "sort"), directory: "/nowhere", startedAt: JobFixture.at)
    }

    @Test("Jobs of before a restart are found by the first who asks")
    func restoring() async throws {
        let job = job()
        try await store.commit([.state(.hosted, id: job.id.description, job)])
        #expect(try HostedJobs(store: store)[job.id] == job)
        #expect(try HostedJobs(store: store)[JobFixture.newID()] == nil)
    }

    @Test("No more jobs run at one time than the limit, and one admitted twice counts once")
    func limit() throws {
        let jobs = HostedJobs(store: store)
        let first: JobID = JobFixture.newID()
        try jobs.admit(first, of: JobFixture.newID(), under: JobFixture.newID(), limit: 2)
        try jobs.admit(first, of: JobFixture.newID(), under: JobFixture.newID(), limit: 2)
        try jobs.admit(JobFixture.newID(), of: JobFixture.newID(), under: JobFixture.newID(), limit: 2)
        let refusal = #expect(throws: Refusal.self) {
            try jobs.admit(JobFixture.newID(), of: JobFixture.newID(), under: JobFixture.newID(), limit: 2)
        }
        #expect(refusal?.term == "jobs")
        jobs.forgetPreparation(first)
        try jobs.admit(JobFixture.newID(), of: JobFixture.newID(), under: JobFixture.newID(), limit: 2)
    }

    @Test("A borrower that does not discard its jobs gets no more of them, others do")
    func keptResults() async throws {
        let borrower: NodeID = JobFixture.newID()
        for _ in 0..<2 {
            var job = job(of: borrower)
            job.end = JobEnd(outcome: .exited(.code(0)), usage: .zero)
            try await store.commit([.state(.hosted, id: job.id.description, job)])
        }
        let jobs = HostedJobs(store: store)
        #expect(throws: Refusal.self) { try jobs.admit(JobFixture.newID(), of: borrower, under: JobFixture.newID(), limit: 2) }
        try jobs.admit(JobFixture.newID(), of: JobFixture.newID(), under: JobFixture.newID(), limit: 2)
    }

    @Test("Files of one job come in once at a time")
    func receiving() throws {
        let jobs = HostedJobs(store: store)
        let id: JobID = JobFixture.newID()
        #expect(!jobs.beginReceiving(id))
        try jobs.admit(id, of: JobFixture.newID(), under: JobFixture.newID(), limit: 2)
        #expect(jobs.beginReceiving(id))
        #expect(!jobs.beginReceiving(id))
        jobs.endReceiving(id)
        #expect(jobs.beginReceiving(id))
    }

    @Test("A job that was discarded is not brought back by news of its end")
    func discarded() async throws {
        let jobs = HostedJobs(store: store)
        let job = job()
        try await jobs.add(job)
        try await jobs.remove(job.id)
        #expect(try await jobs.change(job.id) { $0.endedAt = JobFixture.at } == nil)
        #expect(try store.states(.hosted, as: HostedJob.self).isEmpty)
    }

    @Test("A record that the disk refuses is not there, and the job's place is kept")
    func failedRecord() async throws {
        let jobs = HostedJobs(store: store)
        let job = job()
        try jobs.admit(job.id, of: job.borrower, under: job.lease, limit: 2)
        store.close()
        await #expect(throws: (any Error).self) { try await jobs.add(job) }
        #expect(try jobs[job.id] == nil)
        #expect(jobs.prepared(job.id) != nil)
    }

    @Test("Results are kept for a day after the lease has ended, and without end while it lasts")
    func retention() {
        var job = job()
        #expect(!job.isStale(at: JobFixture.at + .days(30)))
        job.leaseEndedAt = JobFixture.at
        #expect(!job.isStale(at: JobFixture.at + .hours(24) - .seconds(1)))
        #expect(job.isStale(at: JobFixture.at + .hours(24)))
    }
}

extension Timestamp {
    fileprivate static func - (a: Timestamp, b: Microseconds) -> Timestamp { a + -b }
}
