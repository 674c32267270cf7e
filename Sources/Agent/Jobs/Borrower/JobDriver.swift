import Bookkeeping
import GRPCCore
import LedgerStore
import Resources
import Trading
import Wire

/// Why a job cannot go on.
struct JobFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Takes a job from wherever it stands to its end. Each step is recorded before what follows from it is done.
struct JobDriver: Sendable {
    let house: Household
    let engine: Engine
    let peers: PeerCaller
    let roster: MemberRoster
    let tenancy: JobTenancy

    /// How long a lender that has ended a job is waited for, to hear how the job itself ended.
    private static let lastWords = Duration.seconds(3)
    /// How long after its end a job still tries to get its outputs, and to tell the lender that it has them: as long as
    /// lenders keep them.
    static let patience = HostedJob.retention

    /// Returns when nothing is left to be done, or the task is cancelled: the job then goes on at the next start.
    func drive(_ work: JobWork) async {
        do {
            if !work.record.isFinal, let conclusion = await conclusion(of: work) {
                try await conclude(work, conclusion)
            }
            if work.record.isFinal { try await tidy(work) }
        } catch { return }  // cancelled
    }

    // MARK: To the end

    private enum Conclusion: Sendable {
        case ended(JobEnd)
        case cancelled
    }

    /// `nil` when the task was cancelled.
    private func conclusion(of work: JobWork) async -> Conclusion? {
        await withTaskGroup(of: Conclusion?.self) { group in
            group.addTask { await advance(work).map(Conclusion.ended) }
            group.addTask { await work.waitForCancellation() ? .cancelled : nil }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private func advance(_ work: JobWork) async -> JobEnd? {
        do {
            while work.record.stage != .collecting {
                if work.record.stage == .queued { try await findLease(for: work) }
                if work.record.isUnderWay {
                    let end = try await endUnderLease(of: work)
                    guard try await take(end, of: work) else { return end }
                }
                if work.record.stage == .saving { try await goOn(work) }
            }
            try await collect(work)
            return work.record.end
        } catch is CancellationError {
            return nil
        } catch {
            if Task.isCancelled { return nil }
            return .failed((error as? RPCError)?.message ?? (error as? Refusal).map(explained(_:)) ?? "\(error)")
        }
    }

    /// How a run ends, also one that is cut short.
    private func endUnderLease(of work: JobWork) async throws -> JobEnd {
        do { return try await runUnderLease(work) } catch let end as EarlyEnd {
            return JobEnd(outcome: end.outcome, usage: .zero)
        }
    }

    /// - Returns: whether there is something to be done before the job has ended.
    private func take(_ end: JobEnd, of work: JobWork) async throws -> Bool {
        let now = house.clock().utc
        let known = work.record
        if known.goesOn(after: end) {
            try await record(work) { $0.interrupt(end, at: now) }
            return true
        }
        guard end.hasRun, known.stage == .running, !known.order.yield(of: end).isEmpty else { return false }
        try await record(work) { $0.collect(after: end, at: now) }
        return true
    }

    private func conclude(_ work: JobWork, _ conclusion: Conclusion) async throws {
        let now = house.clock().utc
        // The lender deletes its copies once it is told that they are here.
        try await persistently(work) {
            try await work.stdout.synchronise()
            try await work.stderr.synchronise()
        }
        try await record(work) { job in
            switch conclusion {
            case .ended(let end): job.conclude(end, at: now)
            case .cancelled: job.cancel(at: now)
            }
        }
        tell(work, "job." + work.record.stage.rawValue, work.record.story)
    }

    // MARK: Lease

    /// Why there is no lease, and the nearest that could be had.
    private func explained(_ refusal: Refusal) -> String {
        guard let nearest = refusal.alternatives?.first else { return refusal.reason }
        let terms = nearest.terms
        let wait = terms.wait(at: house.clock().utc)
        return "\(refusal.reason); nearest: \(nearest.kind.rawValue): \(name(of: nearest.node)) lends \(terms.amounts.text) for "
            + terms.term.text + (wait > .zero ? " in \(wait.shortText)" : "")
    }

    private func findLease(for work: JobWork) async throws {
        let lease: LeaseID
        switch work.record.tenancy {
        case .given(let given): lease = given
        case .own(let want, let names, _): lease = try await borrow(want, from: names, for: work)
        }
        let lender: NodeID
        do {
            lender = try tenancy.lender(of: lease)
            try await clear(work, at: lender)
            try await record(work) { $0.place(under: lease, of: lender) }
            engine.handle(.occupied(lease, by: work.id, true))
            tell(work, "job.placed", "runs on \(name(of: lender))")
        } catch {
            if case .own = work.record.tenancy { engine.handle(.release(lease)) }
            throw error
        }
    }

    private func borrow(_ want: Want, from names: [String], for work: JobWork) async throws -> LeaseID {
        if let held = tenancy.leases(borrowedFor: work.id).first(where: work.record.needs) { return held }
        work.report(.init(text: "asking for \(want.amounts.text)"))
        var want = want
        want.job = work.id
        return try await tenancy.borrow(want, from: names, after: work.record.attempts.map(\.lender)) { refusal in
            work.report(.init(text: "waiting: \(refusal.reason)"))
        }
    }

    /// Stages, starts and attends the job as long as its lease lasts.
    private func runUnderLease(_ work: JobWork) async throws -> JobEnd {
        guard let lease = work.record.lease else { throw JobFailure("\(work.id) has no lease") }
        return try await withThrowingTaskGroup(of: JobEnd?.self) { group in
            group.addTask {
                try await tenancy.begin(of: lease) { left in
                    work.report(.init(text: "waiting: the lease begins in \(left.shortText)"))
                }
                do { return try await run(work) } catch let error as RPCError where error.code == .failedPrecondition {
                    // the lender may speak of a lease whose end is not known here yet
                    try await Task.sleep(for: Self.lastWords * 2)
                    throw error
                }
            }
            group.addTask {
                guard let end = await tenancy.end(of: lease, meantFor: work.record.meantTerm) else { throw CancellationError() }
                try await Task.sleep(for: Self.lastWords)
                throw EarlyEnd(end.outcome)
            }
            if work.record.ownsLease {
                group.addTask {
                    try await tenancy.keepRenewing(lease, for: work.record.leaseSpan)
                    return nil
                }
            }
            defer { group.cancelAll() }
            while let end = try await group.next() {
                if let end { return end }
            }
            throw CancellationError()
        }
    }

    private func run(_ work: JobWork) async throws -> JobEnd {
        let transport = transport(to: work.record.lender)
        if work.record.stage == .staging {
            try await patiently(work) { try await transport.stage(work) }
            try await record(work) { $0.staged() }
            tell(work, "job.staged", "\(transport.lenderName) has the inputs")
        }
        if work.record.stage == .starting {
            work.report(.init(text: "\(transport.lenderName): starting"))
            let info = try await patiently(work) { try await transport.start(work) }
            let now = house.clock().utc
            try await record(work) { $0.started(at: now, limitsEnforced: info.limitsEnforced) }
            tell(work, "job.started", "\(transport.lenderName) runs \(work.record.order.program)")
        }
        return try await JobPump(transport: transport, work: work).attend()
    }

    // MARK: Outputs

    private func collect(_ work: JobWork) async throws {
        let transport = transport(to: work.record.lender)
        let isEarly = work.record.end?.isEarly ?? false
        let patience = isEarly ? Self.savingPatience : Self.patience
        let missing: [String]
        do {
            missing = try await retrying(until: work.record.finishedAt.map { $0 + patience }) {
                do { return try await transport.collect(work) } catch let error as FileTransferError {
                    throw JobFailure("its outputs cannot be fetched: \(error)")
                }
            }
        } catch  where isEarly {
            try Task.checkCancellation()
            return tell(work, "job.outputs", "what it had made until then is lost: \(error)")
        }
        try await record(work) { $0.collected(missing: isEarly ? [] : missing) }
        tell(
            work, "job.outputs",
            missing.isEmpty ? "the outputs are here" : "the outputs are here, without \(missing.count) that were not made")
    }

    // MARK: Afterwards

    /// Gives back what the job held: its own lease, its files at the lender and its inputs here.
    private func tidy(_ work: JobWork) async throws {
        let record = work.record
        // Before the last receipt is asked for.
        if let lease = record.lease { engine.handle(.counted(lease, by: record.id, record.end?.reported)) }
        if let lease = record.ownLease { engine.handle(.release(lease)) }
        if let lease = record.lease { engine.handle(.occupied(lease, by: record.id, false)) }
        let folder = work.folder
        await onThread { FileTree.remove(folder.inputs) }
        var runs = record.attempts.map { ($0.lender, $0.lease) }
        if let lender = record.lender, let lease = record.lease { runs.append((lender, lease)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (lender, lease) in runs {
                group.addTask {
                    try await discard(work, under: lease, of: lender, until: record.finishedAt.map { $0 + Self.patience })
                }
            }
            try await group.waitForAll()
        }
        try await self.record(work) { $0.isTidy = true }
    }

    func discard(_ work: JobWork, under lease: LeaseID, of lender: NodeID, until end: Timestamp?) async throws {
        do {
            try await retrying(until: end) { try await transport(to: lender).discard(work.id, under: lease, of: lender) }
        } catch let error as RPCError {
            try Task.checkCancellation()
            house.log.debug("a lender keeps a job's files", metadata: ["job": "\(work.id)", "error": "\(error)"])
        }
    }

    // MARK: Steps

    func transport(to lender: NodeID?) -> JobTransport {
        JobTransport(peers: peers, limits: house.configuration.limits, lenderName: name(of: lender))
    }

    /// Repeats a call to a lender while what is in the way may pass.
    func retrying<Value: Sendable>(
        until end: Timestamp? = nil, _ body: () async throws -> Value
    ) async throws -> Value {
        var backoff = Backoff()
        while true {
            do { return try await body() } catch let error as RPCError where error.isPassing {
                try Task.checkCancellation()
                if let end, house.clock().utc > end { throw error }
                try await backoff.pause()
            }
        }
    }

    func record(_ work: JobWork, _ change: (inout JobRecord) -> Void) async throws {
        try await persistently(work) { try await work.change(in: house.store, change) }
    }

    /// Repeats what the disk of this node does not let happen.
    func persistently(_ work: JobWork, _ body: () async throws -> Void) async throws {
        var backoff = Backoff()
        while true {
            do { return try await body() } catch {
                try Task.checkCancellation()
                house.log.error("a job cannot go on", metadata: ["job": "\(work.id)", "error": "\(error)"])
                try await backoff.pause()
            }
        }
    }

    func tell(_ work: JobWork, _ kind: String, _ text: String) {
        let record = work.record
        engine.tell(
            Event(
                at: house.clock().utc, kind: kind,
                subjects: [record.id.description] + [record.lease?.description, record.lender?.description].compactMap(\.self),
                text: text, details: record.details))
    }

    func name(of node: NodeID?) -> String { node.map(roster.name(of:)) ?? "nobody" }
}

extension JobRecord {
    /// How it ended, in a sentence.
    fileprivate var story: String {
        switch (stage, end?.outcome) {
        case (.cancelled, _): "cancelled"
        case (_, .exited(let exit)?): "\(order.program) ended: \(exit.text)"
        case (_, let outcome?): "failed: \(outcome.reason ?? "")"
        case (_, nil): "ended"
        }
    }

    fileprivate var details: [Event.Detail] {
        var details = [Event.Detail("program", order.program), Event.Detail("user", user)]
        if let end { details.append(Event.Detail("cpu", "\(end.usage.cpu)")) }
        if !missingOutputs.isEmpty { details.append(Event.Detail("missing_outputs", missingOutputs.joined(separator: " "))) }
        return details
    }
}
