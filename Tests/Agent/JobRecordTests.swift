import Foundation
import Resources
import Sandbox
import Testing
import Wire

@testable import Agent

@Suite("The record of a job")
struct JobRecordTests {
    @Test("A job needs the lease that it runs under, or any that it has not run under yet while it has none")
    func needed() {
        var record = JobFixture.record(own: true, retry: JobRetry(limit: 1, patience: .minutes(1)))
        let (first, second): (LeaseID, LeaseID) = (JobFixture.newID(), JobFixture.newID())
        #expect(record.needs(first) && record.needs(second))
        record.place(under: first, of: JobFixture.newID())
        #expect(record.needs(first) && !record.needs(second))
        record.interrupt(.failed("taken back"), at: JobFixture.at)
        record.goOn(withInputs: nil, output: OutputStart())
        #expect(!record.needs(first) && record.needs(second))
        record.cancel(at: JobFixture.at)
        #expect(!record.needs(second))
        #expect(!JobFixture.record().needs(first))
    }

    @Test("A job without inputs has nothing to stage")
    func stages() {
        var plain = JobFixture.record()
        var loaded = JobFixture.record(inputs: 3)
        #expect(plain.stage == .queued)
        plain.place(under: JobFixture.newID(), of: JobFixture.newID())
        loaded.place(under: JobFixture.newID(), of: JobFixture.newID())
        #expect(plain.stage == .starting)
        #expect(loaded.stage == .staging)
        loaded.staged()
        #expect(loaded.stage == .starting)
    }

    @Test("The program's end decides whether a job finished or failed")
    func ends() {
        var finished = JobFixture.record()
        finished.conclude(JobEnd(outcome: .exited(.code(3)), usage: .zero), at: JobFixture.at)
        #expect(finished.stage == .finished)
        var failed = JobFixture.record()
        failed.conclude(.failed("the lease ended"), at: JobFixture.at)
        #expect(failed.stage == .failed)
        #expect(Surplus_V1_JobInfo(failed).failure == "the lease ended")
    }

    @Test("A program that ended but whose outputs are lost keeps what it used")
    func lostOutputs() {
        var job = JobFixture.record(outputs: ["a"])
        let usage = Usage(cpu: 1_500_000)
        job.collect(after: JobEnd(outcome: .exited(.code(0)), usage: usage), at: JobFixture.at)
        job.conclude(.failed("its outputs cannot be fetched"), at: JobFixture.at + .seconds(9))
        #expect(job.stage == .failed)
        #expect(job.end?.usage == usage)
        #expect(job.finishedAt == JobFixture.at)
        #expect(!job.outputsReady)
    }

    @Test("Only a lease that the job borrowed itself is given back at its end")
    func ownLease() {
        var given = JobFixture.record()
        var own = JobFixture.record(own: true)
        let lease: LeaseID = JobFixture.newID()
        given.place(under: lease, of: JobFixture.newID())
        own.place(under: lease, of: JobFixture.newID())
        #expect(given.ownLease == nil)
        #expect(own.ownLease == lease)
    }

    @Test("What was cut short goes on elsewhere as often as was asked for, with what it saved and behind what it wrote")
    func goesOn() throws {
        var job = JobFixture.record(own: true, retry: JobRetry(limit: 2))
        let cut = JobEnd(outcome: .interrupted("taken back"), usage: Usage(cpu: 7))
        for attempt in 1...2 {
            let (lease, lender): (LeaseID, NodeID) = (JobFixture.newID(), JobFixture.newID())
            job.place(under: lease, of: lender)
            job.started(at: JobFixture.at, limitsEnforced: true)
            #expect(job.goesOn(after: cut))
            #expect(!job.goesOn(after: .failed("out of memory")))
            #expect(!job.goesOn(after: JobEnd(outcome: .exited(.code(1)), usage: .zero)))
            job.interrupt(cut, at: JobFixture.at + .seconds(9))
            #expect(job.stage == .saving && !job.isFinal && job.lease == lease)
            job.goOn(withInputs: 100, output: OutputStart(stdout: 5, stderr: 6))
            #expect(job.stage == .queued && job.lease == nil && job.lender == nil && job.end == nil && job.finishedAt == nil)
            #expect(job.inputs == 1 && job.inputBytes == 100)
            #expect(job.outputStart == OutputStart(stdout: 5, stderr: 6))
            #expect(
                job.attempts.last
                    == JobAttempt(
                        lender: lender, lease: lease, reason: "taken back", endedAt: JobFixture.at + .seconds(9),
                        usage: Usage(cpu: 7)))
            #expect(job.attempts.count == attempt)
        }
        #expect(!job.goesOn(after: cut), "that was the last time")
        #expect(!JobFixture.record(own: true).goesOn(after: cut), "nobody asked for it")
        #expect(!JobFixture.record(retry: JobRetry(limit: 2)).goesOn(after: cut), "a given lease is of one node")
    }

    @Test("Records of orders and jobs from before there were retries are read")
    func older() throws {
        func without(_ keys: String..., in value: some Encodable) throws -> Data {
            let data = try JSONEncoder().encode(value)
            var fields = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            for key in keys { #expect(fields.removeValue(forKey: key) != nil || key != "checkpoints") }
            return try JSONSerialization.data(withJSONObject: fields)
        }
        let order = try JSONDecoder().decode(JobOrder.self, from: try without("checkpoints", in: JobOrder(program: "sort")))
        #expect(order == JobOrder(program: "sort"))
        let job = try JSONDecoder().decode(
            JobRecord.self, from: try without("retry", "interrupted", "outputStart", in: JobFixture.record()))
        #expect(job.attempts.isEmpty && job.retry == nil && job.outputStart == nil)
    }

    @Test("A signal reaches a job only once its program runs; until then the job is shown as on its way")
    func startingIsNotRunning() {
        var job = JobFixture.record()
        job.place(under: JobFixture.newID(), of: JobFixture.newID())
        #expect(Surplus_V1_JobInfo(job).state == .staging)
        job.started(at: JobFixture.at, limitsEnforced: true)
        #expect(Surplus_V1_JobInfo(job).state == .running)
    }

    @Test("A restart of the agent does not move the time when the program was started")
    func startedOnce() {
        var job = JobFixture.record()
        job.started(at: JobFixture.at, limitsEnforced: true)
        job.started(at: JobFixture.at + .hours(1), limitsEnforced: true)
        #expect(job.startedAt == JobFixture.at)
    }

    @Test("A record reads back as it was written")
    func roundTrip() throws {
        var job = JobFixture.record(outputs: ["out"], own: true)
        job.place(under: JobFixture.newID(), of: JobFixture.newID())
        job.started(at: JobFixture.at, limitsEnforced: true)
        job.collect(after: JobEnd(outcome: .exited(.signal(9)), usage: Usage(cpu: 7)), at: JobFixture.at)
        job.collected(missing: ["out"])
        let copy = try JSONDecoder().decode(JobRecord.self, from: try JSONEncoder().encode(job))
        #expect(Surplus_V1_JobInfo(copy) == Surplus_V1_JobInfo(job))
        #expect(copy.ownLease == job.ownLease)
        #expect(copy.ownsLease && copy.leaseSpan == nil)
    }
}

@Suite("What a lender says of a job's end")
struct JobEndTests {
    private func info(_ body: (inout Surplus_V1_JobInfo) -> Void) -> Surplus_V1_JobInfo { .with { body(&$0) } }

    @Test(
        "Every end comes over as it was",
        arguments: [
            ProgramExit.code(0), .code(255), .signal(9), .notStarted(status: 127, reason: "no such file"),
            .notStarted(status: 126, reason: "permission denied"),
        ])
    func roundTrip(exit: ProgramExit) throws {
        let end = JobEnd(outcome: .exited(exit), usage: Usage(cpu: 12))
        let wire = info { end.describe(in: &$0) }
        #expect(try JobEnd(wire) == end)
    }

    @Test("A status or signal out of range is refused, and so is a job that has not ended")
    func refusals() {
        #expect(throws: FieldError.self) {
            try JobEnd(info { ($0.state, $0.exit.code) = (.finished, 256) })
        }
        #expect(throws: FieldError.self) {
            try JobEnd(info { ($0.state, $0.exit.signal) = (.finished, 0) })
        }
        #expect(throws: FieldError.self) {
            try JobEnd(info { ($0.state, $0.exit.code, $0.exit.notStarted) = (.finished, 1, "made up") })
        }
        #expect(throws: FieldError.self) { try JobEnd(info { $0.state = .finished }) }
        #expect(throws: FieldError.self) { try JobEnd(info { $0.state = .running }) }
        #expect(throws: FieldError.self) {
            try JobEnd(info { ($0.state, $0.usage.cpuCoreMicroseconds, $0.exit.code) = (.finished, -1, 0) })
        }
    }

    @Test("A program killed with its lease failed for the lease's reason; one that ended by itself did not")
    func leaseEnd() {
        func record(_ reason: ExitReason) -> ExitRecord {
            .init(reason: reason, cpu: 5, peakMemory: 0, started: JobFixture.at, finished: JobFixture.at, output: .init())
        }
        let (expired, revoked) = (
            LeaseEnd(reason: "its term is over", isLenders: false), LeaseEnd(reason: "revoked", isLenders: true)
        )
        func outcome(_ reason: ExitReason, _ end: LeaseEnd?) -> JobEnd.Outcome { JobEnd(record(reason), leaseEnd: end).outcome }
        #expect(outcome(.signalled(9), expired) == .stopped("its term is over"))
        #expect(outcome(.stopped(reason: "expired"), expired) == .stopped("its term is over"))
        #expect(outcome(.stopped(reason: "revoked"), revoked) == .interrupted("revoked"))
        #expect(outcome(.signalled(9), nil) == .exited(.signal(9)))
        #expect(outcome(.exited(0), expired) == .exited(.code(0)))
        #expect(outcome(.interrupted(reason: "shut down"), nil) == .interrupted("shut down"))
    }

    @Test("A program that had notice was cut short, however it then ends, unless it says that its work is done")
    func noticed() {
        let notice = Notice(ends: JobFixture.at, reason: "its owner needs the machine")
        func outcome(_ reason: ExitReason) -> JobEnd.Outcome {
            let record = ExitRecord(
                reason: reason, cpu: 5, peakMemory: 0, started: JobFixture.at, finished: JobFixture.at, output: .init())
            return JobEnd(record, leaseEnd: nil, notice: notice).outcome
        }
        let taken = "its machine was taken back: its owner needs the machine"
        #expect(outcome(.exited(0)) == .exited(.code(0)))
        #expect(outcome(.exited(143)) == .interrupted(taken + "; the program ended: exit status 143"))
        #expect(outcome(.signalled(15)) == .interrupted(taken + "; the program ended: signal 15"))
        #expect(outcome(.stopped(reason: "the lease has ended")) == .interrupted(taken))
        let reason = "failed to execute the program"
        #expect(outcome(.notStarted(status: 126, reason: reason)) == .exited(.notStarted(status: 126, reason: reason)))
    }

    @Test("That a run was cut short, or ended by a limit, comes over")
    func earlyEnds() throws {
        for outcome in [JobEnd.Outcome.interrupted("taken back"), .stopped("out of time"), .failed("no sandbox")] {
            let end = JobEnd(outcome: outcome, usage: Usage(cpu: 12))
            let wire = info { end.describe(in: &$0) }
            #expect(wire.state == .failed)
            #expect(try JobEnd(wire) == end)
        }
    }
}
