import GRPCCore
import Identity
import Node
import Policy
import Resources
import Trading
import Wire

/// What a job does about its lease.
struct JobTenancy: Sendable {
    let engine: Engine
    let requests: LeaseRequests
    let roster: MemberRoster

    /// How long a job waits for what is lent to others, or was a moment ago.
    private static let patience = Duration.seconds(5)

    /// How long one that was interrupted waits for another machine, whatever the reason is that there is none.
    private static let longPatience = Duration.seconds(3600)

    /// Borrows; asks again for a while when that may help.
    ///
    /// - Parameters:
    ///   - former: those that lent before and could not go on. They are asked again only when nobody else lends.
    ///   - onWaiting: told why it waits.
    /// - Throws: ``Refusal``; `CancellationError`.
    func borrow(
        _ want: Want, from names: [String], after former: [NodeID] = [], onWaiting: (Refusal) -> Void
    ) async throws -> LeaseID {
        var backoff = Backoff()
        let deadline = ContinuousClock.now + (former.isEmpty ? Self.patience : Self.longPatience)
        while true {
            do { return try await borrow(want, from: names, after: former) } catch let refusal as Refusal {
                let mayHelp = refusal.retryAfter != nil || !former.isEmpty
                guard mayHelp, ContinuousClock.now < deadline else { throw refusal }
                onWaiting(refusal)
                try await backoff.pause()
            }
        }
    }

    private func borrow(_ want: Want, from names: [String], after former: [NodeID]) async throws -> LeaseID {
        let candidates = try engine.candidates(for: want, on: names, among: roster)
        let others = candidates.filter { !former.contains($0) }
        guard !others.isEmpty, others.count < candidates.count else { return try await borrow(want, from: candidates) }
        do { return try await borrow(want, from: others) } catch is Refusal {
            return try await borrow(want, from: candidates)
        }
    }

    /// The leases that hold and were borrowed for a job, also where the agent died before the job's record could name them.
    func leases(borrowedFor job: JobID) -> [LeaseID] { leasesOfJobs.filter { $0.job == job }.map(\.lease) }

    /// Gives back what was borrowed for jobs that do not need it, as after an agent that died before it could do so.
    ///
    /// - Parameter records: every job that is remembered.
    func releaseUnneeded(by records: [JobRecord]) {
        let records = Dictionary(records.map { ($0.id, $0) }) { first, _ in first }
        for (job, lease) in leasesOfJobs where records[job]?.needs(lease) != true { engine.handle(.release(lease)) }
    }

    private var leasesOfJobs: [(job: JobID, lease: LeaseID)] {
        engine.read { node in
            node.leases.unsettled.values.compactMap { entry in
                entry.lease.isOpen ? entry.lease.job.map { ($0, entry.id) } : nil
            }
        }
    }

    func borrow(_ want: Want, from candidates: [NodeID]) async throws -> LeaseID {
        let leases = try await requests.borrow(want, from: candidates)
        guard let lease = leases.first else { throw Refusal(term: "lease", reason: "no lease was given") }
        return lease
    }

    /// The lender of a lease that can be used.
    ///
    /// - Throws: ``Refusal`` when it cannot.
    func lender(of id: LeaseID) throws -> NodeID {
        guard let lease = engine.read({ $0.leases[id]?.lease }), lease.role == .borrower else {
            throw Refusal(term: "lease", reason: "there is no borrowed lease \(id) on this node")
        }
        guard lease.isOpen else { throw Refusal(term: "lease", reason: lease.endStory) }
        guard !lease.isOfDisk else {
            throw Refusal(term: "lease", reason: "\(id) lends disk, on which nothing runs: use a lease of processing and memory")
        }
        return lease.peer
    }

    /// Waits until the term of a lease begins, or it is over.
    ///
    /// - Parameter onWaiting: told when that will be.
    /// - Throws: `CancellationError`.
    func begin(of id: LeaseID, onWaiting: @escaping @Sendable (Microseconds) -> Void) async throws {
        @Sendable func left() -> Microseconds? {
            guard let lease = engine.read({ $0.leases[id]?.lease }), lease.state == .promised else { return nil }
            return lease.began.remaining(at: engine.now)
        }
        guard left() != nil else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = await requests.wait(for: id) { $0?.lease.state == .promised ? nil : true }
            }
            group.addTask {
                while let left = left() {
                    onWaiting(left)
                    guard await Task.rest(for: Self.reminder) else { return }
                }
            }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    /// How often whoever waits for a lease is told how long it takes.
    private static let reminder = Duration.seconds(1)

    /// Waits for the end of a lease.
    ///
    /// - Parameter whole: the term that it was to have, if it is a job's own.
    /// - Returns: why it ended; `nil` when the task was cancelled.
    func end(of id: LeaseID, meantFor whole: Microseconds?) async -> LeaseEnd? {
        await requests.wait(for: id) { entry in
            guard let lease = entry?.lease else { return LeaseEnd(reason: "the lease is over", isLenders: false) }
            return lease.isOpen ? nil : lease.end(of: whole, at: engine.now)
        }
    }

    /// Renews a lease whenever little of its term is left, until it ends or the lender will not.
    ///
    /// - Parameter span: its longest time in all; `nil`: without end. A lender whose longest term is shorter is asked again.
    func keepRenewing(_ id: LeaseID, for span: Microseconds?) async throws {
        while let lease = engine.read({ $0.leases[id]?.lease }), lease.isOpen, lease.state != .reclaiming {
            let spare = lease.ends.remaining(at: engine.now) - Timing.renewWhenLeft.of(lease.terms.term)
            let missing = span.map { $0 - lease.wholeTerm(at: engine.now) } ?? lease.terms.term
            guard missing > .zero else { return }
            if spare > .zero {
                try await Task.sleep(for: .microseconds(spare.rawValue))
                continue
            }
            do {
                try await requests.renew(id, by: min(missing, lease.terms.term))
            } catch let refusal as Refusal {
                guard let pause = refusal.retryAfter else { return }
                try await Task.sleep(for: .microseconds(max(pause, .seconds(1)).rawValue))
            }
        }
    }
}

extension Want {
    /// The term of a lease whose request names none.
    static let usualTerm = Microseconds.minutes(15)

    /// What a request asks for; prices it leaves open are the policy's.
    ///
    /// - Parameter renewsItself: whether the lease goes on until it is released.
    init(
        _ request: Surplus_V1_LeaseRequest, user: String, policy: BorrowRule, renewsItself: Bool = false
    ) throws {
        let amounts = try Amounts(positive: request.amounts, "request.amounts")
        let least = request.hasLeast ? try Amounts(request.least, "request.least") : amounts
        guard least.fits(in: amounts) else { throw FieldError("request.least", "is more than is asked for") }
        try Field.count(request.on, atMost: Negotiating.fanOut, "request.on")
        var prices = policy.maximumPrices
        if request.maxCpuPrice != 0 { prices.cpu = try Field.money(request.maxCpuPrice, "request.max_cpu_price") }
        if request.maxDiskPrice != 0 { prices.disk = try Field.money(request.maxDiskPrice, "request.max_disk_price") }
        let term = request.termMicroseconds
        let start = try Terms.start(request.startAt, "request.start_at")
        let nodes = try Field.integer(Int64(request.nodes), in: 0...Int64(Negotiating.mostNodes), "request.nodes")
        let leastNotice = try NoticeClass(least: request.leastNotice, "request.least_notice")
        self.init(
            amounts: amounts, least: least,
            term: term == 0 ? Self.usualTerm : try Field.term(term, "request.term_microseconds"), maxPrices: prices,
            notice: leastNotice ?? .standard, leastNotice: leastNotice, user: user, renewsItself: renewsItself, start: start,
            nodes: max(1, Int(nodes)))
        means = request.hasMeans ? try Means(request.means, "request.means") : nil
        lasting = means?.redemption != nil && term != 0 ? self.term : nil
    }
}
