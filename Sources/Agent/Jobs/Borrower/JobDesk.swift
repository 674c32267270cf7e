import Bookkeeping
import GRPCCore
import LedgerStore
import Node
import Resources
import Synchronization
import Wire

/// This node's own jobs: takes them in, drives them to their end whoever watches, shows them to those who may see them.
final class JobDesk: Sendable {
    /// How long a job is remembered after its end, with its output.
    static let memory = Microseconds.days(7)
    /// Jobs that have not ended, at one time.
    static let openLimit = 1000
    private static let cleaningInterval = Duration.seconds(3600)

    let house: Household
    let engine: Engine
    let roster: MemberRoster
    let tenancy: JobTenancy
    /// The jobs of others, to say of them why they are not found here.
    private let hosted: HostedJobs
    private let driver: JobDriver
    /// Jobs that something is still to be done about; `nil` while one is on its way in.
    private let works = Mutex<[JobID: JobWork?]>([:])
    private let isRestored = Mutex(false)
    private let restored = ChangeFeed()
    private let queue: AsyncStream<JobWork>
    private let queued: AsyncStream<JobWork>.Continuation

    init(
        house: Household, engine: Engine, requests: LeaseRequests, peers: PeerCaller, roster: MemberRoster, hosted: HostedJobs
    ) {
        self.hosted = hosted
        self.house = house
        self.engine = engine
        self.roster = roster
        tenancy = JobTenancy(engine: engine, requests: requests, roster: roster)
        driver = JobDriver(house: house, engine: engine, peers: peers, roster: roster, tenancy: tenancy)
        // As many as there are open jobs, which are bounded where they come in.
        (queue, queued) = AsyncStream.makeStream()
    }

    /// Drives all jobs until cancelled, those of earlier runs first.
    func run() async {
        await restore()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.clean() }
            for await work in queue {
                group.addTask {
                    await self.driver.drive(work)
                    if work.record.isTidy { self.disclaim(work.id) }
                }
            }
            group.cancelAll()
        }
    }

    // MARK: Jobs on disk

    /// Takes up what was left when the agent last ended.
    private func restore() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                let records = try house.store.states(.job, as: JobRecord.self)
                tenancy.releaseUnneeded(by: records)
                for record in records where !record.isTidy { try adopt(record) }
                isRestored.withLock { $0 = true }
                return restored.notify()
            } catch {
                house.log.error("jobs cannot be taken up again", metadata: ["error": "\(error)"])
                // a pause that is cut short ends the loop
                try? await backoff.pause()
            }
        }
    }

    private func adopt(_ record: JobRecord) throws {
        // One that was submitted meanwhile is driven already.
        guard claim(record.id) else { return }
        do {
            let folder = folder(of: record.id)
            try folder.create()
            enlist(try JobWork(record, in: folder))
        } catch {
            disclaim(record.id)
            throw error
        }
    }

    /// Makes sure that nobody else takes the job up; false when somebody has.
    func claim(_ id: JobID) -> Bool {
        works.withLock { works in
            guard works[id] == nil else { return false }
            works.updateValue(nil, forKey: id)
            return true
        }
    }

    /// Gives up a claim on a job that did not come in.
    func disclaim(_ id: JobID) { works.withLock { _ = $0.removeValue(forKey: id) } }

    func enlist(_ work: JobWork) {
        works.withLock { $0[work.id] = work }
        queued.yield(work)
    }

    /// Forgets jobs that ended long ago, and removes folders that belong to none.
    private func clean() async {
        while !Task.isCancelled {
            do {
                let oldest = house.clock().utc + -Self.memory
                let records = try house.store.states(.job, as: JobRecord.self)
                let old = records.filter { $0.isTidy && ($0.finishedAt ?? $0.submittedAt) < oldest }.map(\.id)
                if !old.isEmpty { try await engine.commit(old.map { .state(.job, id: $0.description, nil) }) }
                let kept = Set(records.map(\.id)).subtracting(old)
                await onThread { [home = JobFolder.home(in: house.configuration.dataDirectory)] in
                    for name in FileTree.names(in: home) {
                        // One that was made a moment ago may be that of a job on its way in.
                        guard let id = JobID(name), !kept.contains(id), id.madeAt < oldest || old.contains(id) else { continue }
                        FileTree.remove("\(home)/\(name)")
                    }
                }
            } catch {
                house.log.warning("old jobs cannot be removed", metadata: ["error": "\(error)"])
            }
            await Task.rest(for: Self.cleaningInterval)
        }
    }

    func folder(of job: JobID) -> JobFolder {
        JobFolder(path: "\(JobFolder.home(in: house.configuration.dataDirectory))/\(job)")
    }

    // MARK: Finding

    /// The job, if `user` may see it.
    ///
    /// - Throws: `RPCError` otherwise: who may not see a job does not learn that there is one.
    func find(_ text: String, by user: CallingUser) async throws -> JobWork {
        let id: JobID = try Field.identifier(text, "job")
        if let work = try await work(id), user.maySee(work.record) { return work }
        guard user.may(.own), let guest = try hosted[id] else { throw RPCError.noJob(id) }
        throw RPCError.notNow(
            "\(id) runs here for \(roster[guest.borrower]?.name ?? "a peer"), where it can be attached to and cancelled; "
                + "'surplus reclaim \(guest.lease)' takes back what it runs on")
    }

    private func work(_ id: JobID) async throws -> JobWork? {
        if let live = works.withLock({ $0[id] ?? nil }) { return live }
        guard let record = try house.store.state(.job, id: id.description, as: JobRecord.self) else { return nil }
        if record.isTidy { return try JobWork(record, in: folder(of: id)) }
        // The agent has just started: the job is about to be taken up.
        for await _ in restored.announcements() where isRestored.withLock({ $0 }) { return try await work(id) }
        throw CancellationError()
    }

    private var live: [JobRecord] { works.withLock { $0.values.compactMap { $0?.record } }.sorted { $0.id < $1.id } }

    /// Jobs that have not ended.
    var open: Int { live.count { !$0.isFinal } }
    var running: Int { live.count { $0.stage == .running } }

    /// The jobs under a lease that something is still to be done about.
    func jobs(under lease: LeaseID) -> [String] { live.filter { $0.lease == lease }.map(\.id.description) }

    // MARK: Showing

    /// - Parameter all: also those that have ended.
    func list(all: Bool, by user: CallingUser) async throws -> [Surplus_V1_JobInfo] {
        let live = live
        let known = Set(live.map(\.id))
        let others = try house.store.states(.job, as: JobRecord.self).filter { !known.contains($0.id) }
        return (live + others).filter { (all || !$0.isFinal) && user.maySee($0) }.sorted { $0.id < $1.id }.map(info)
    }

    func info(_ job: String, by user: CallingUser) async throws -> Surplus_V1_JobInfo {
        let view = try await find(job, by: user).view
        var info = info(view.record)
        if let standing = view.standing { info.standing = Surplus_V1_JobStanding(standing) }
        return info
    }

    func attach(
        _ input: RPCAsyncSequence<Surplus_V1_JobInput, any Error>, by user: CallingUser,
        _ write: @escaping @Sendable (Surplus_V1_JobOutput) async throws -> Void
    ) async throws {
        try await AttachCall.serve(input) { [self] attach in
            JobWatch(work: try await find(attach.job, by: user), describe: info)
        } take: { message, watch in
            try await watch.take(message)
        } show: { attach, watch in
            try await watch.show(attach, write)
        }
    }

    /// Ends a job, whatever it is doing; answered once it has. One that has ended already stays as it is.
    func cancel(_ job: String, by user: CallingUser) async throws -> Surplus_V1_JobInfo {
        let work = try await find(job, by: user)
        if !work.record.isFinal {
            work.cancel()
            await work.waitForEnd()
        }
        return info(work.record)
    }

    func fetchOutputs(
        of job: String, by user: CallingUser, _ write: (Surplus_V1_FilePart) async throws -> Void
    ) async throws {
        let work = try await find(job, by: user)
        let record = work.record
        guard record.outputsReady else {
            let isNone = record.order.yield(of: record.end).isEmpty
            throw RPCError.notNow(isNone ? "\(work.id) has no outputs" : "the outputs of \(work.id) are not here")
        }
        try await OutputFiles(
            directory: work.folder.outputs, names: record.order.yield(of: record.end), limits: FileLimits()
        ).send(write)
        if !record.outputsFetched { try await work.change(in: house.store) { $0.outputsFetched = true } }
    }

    func info(_ record: JobRecord) -> Surplus_V1_JobInfo {
        var info = Surplus_V1_JobInfo(record)
        info.borrower = engine.read { $0.id.description }
        info.lenderName = record.lender.map(name(of:)) ?? ""
        for index in info.attempts.indices { info.attempts[index].lenderName = name(of: record.attempts[index].lender) }
        info.chargeMicrocredits = charge(for: record).rawValue
        info.remark = remark(on: record) ?? ""
        return info
    }

    /// Why a job's own lease is not what was asked for, where something was to be given in return for it.
    private func remark(on record: JobRecord) -> String? {
        guard case .own(let want, _, _) = record.tenancy, want.means != nil else { return nil }
        return record.lease.flatMap(entry(of:))?.deviation
    }

    private func name(of node: NodeID) -> String { roster.name(of: node) }

    /// What the job cost: the whole bill of leases of its own; under another, its processing at that lease's price.
    private func charge(for record: JobRecord) -> Microcredits {
        let earlier = record.attempts.reduce(Microcredits.zero) { $0 + (entry(of: $1.lease)?.bill.accepted.credits ?? .zero) }
        guard let entry = record.lease.flatMap(entry(of:)) else { return earlier }
        guard record.ownLease == nil else { return earlier + entry.bill.accepted.credits }
        return entry.lease.terms.tariff.charge(for: record.end?.usage ?? .zero).credits
    }

    /// A bill that cannot be read is not shown; the ledger's own figures are in 'surplus credits'.
    private func entry(of lease: LeaseID) -> LeaseEntry? {
        engine.read { $0.leases[lease] } ?? (try? house.store.state(.lease, id: lease.description, as: LeaseEntry.self))
    }
}

extension CallingUser {
    /// Users see their own jobs, operators those of all.
    fileprivate func maySee(_ record: JobRecord) -> Bool {
        if may(.operate) { return true }
        switch identity {
        case .local(let caller): return record.uid == caller.uid
        case .user, .node: return record.remote == remoteID
        }
    }
}
