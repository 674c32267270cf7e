import Accounting
import GRPCCore
import LedgerStore
import Node
import Resources
import Trading
import Wire

// What local users and peers ask of the history.

extension Agent {
    /// The history of this node, of another, of a lease or of a job, from whoever measured it.
    func usage(_ request: Surplus_V1_UsageRequest, by user: CallingUser) async throws -> Surplus_V1_UsageReply {
        let query = try UsageQuery(request, at: house.clock().utc)
        let target = try Field.text(request.target, atMost: 128, "target")
        if let lease = LeaseID(target) { return try await usage(of: lease, query) }
        if let job = JobID(target) { return try await usage(of: job, query, by: user) }
        guard !target.isEmpty, target != house.configuration.name else { return try await ownUsage(query) }
        let pool = try pool()
        let member = try pool.roster.find(target)
        return member.node == pool.own ? try await ownUsage(query) : try await pool.usage(of: member.node, "", query)
    }

    private func ownUsage(_ query: UsageQuery) async throws -> Surplus_V1_UsageReply {
        var reply = try await accountant.usage(of: .machine, query)
        reply.target = poolIfAny?.own.description ?? house.configuration.name
        reply.kind = "node"
        return reply
    }

    private func usage(of lease: LeaseID, _ query: UsageQuery) async throws -> Surplus_V1_UsageReply {
        let entry = try poolIfAny?.leaseEntry(lease)
        let query = query.isUnbounded ? query.over(lifetime(of: entry, lease)) : query
        var reply: Surplus_V1_UsageReply
        if let pool = poolIfAny, let entry, entry.lease.role == .borrower {
            reply = try await pool.usage(of: entry.lease.peer, lease.description, query)
        } else {
            guard await onThread({ [accountant] in accountant.knows(lease) }) || entry != nil else {
                throw Refusal(term: "lease", reason: "there is no lease \(lease) on this node: see 'surplus lease list --all'")
            }
            reply = try await accountant.usage(of: .lease(lease), query)
        }
        reply.target = lease.description
        reply.kind = "lease"
        return reply
    }

    private func usage(of id: JobID, _ query: UsageQuery, by user: CallingUser) async throws -> Surplus_V1_UsageReply {
        let pool = try pool()
        let hosted = try pool.hosting.info(id.description, by: user)
        let job: Surplus_V1_JobInfo
        if let hosted { job = hosted } else { job = try await pool.jobs.info(id.description, by: user) }
        guard let lease = LeaseID(job.lease), job.startedAt > 0 else {
            throw Refusal(term: "job", reason: "\(id) did not start yet: there is nothing to show")
        }
        let start = Timestamp(microseconds: job.startedAt)
        let end = job.finishedAt > 0 ? Timestamp(microseconds: job.finishedAt) : house.clock().utc
        // what began within a second is in that second
        let life = start..<max(end, start + .seconds(1))
        let range = query.isUnbounded ? life : life.clamped(to: query.range)
        guard !range.isEmpty else { throw Refusal(term: "from", reason: "\(id) did not run in that time") }
        var reply = try await usage(of: lease, query.over(range))
        reply.target = id.description
        reply.kind = "job"
        return reply
    }

    /// From its beginning to its end, or to now.
    private func lifetime(of entry: LeaseEntry?, _ lease: LeaseID) -> Range<Timestamp> {
        let now = house.clock().utc
        let begin = min(entry?.lease.began.utc ?? lease.madeAt, now)
        let end = min(entry?.lease.closedAt?.utc ?? entry?.lease.ends.utc ?? now, now)
        return begin..<max(end, begin + .seconds(1))
    }
}

extension Accountant {
    /// What was measured here.
    func usage(of subject: Subject, _ query: UsageQuery) async throws -> Surplus_V1_UsageReply {
        let empty = try query.emptyChart()
        // reading the disk blocks: it gets a thread of its own
        let chart = await onThread { [self] in self.chart(of: subject, empty, query.metrics) ?? empty }
        var reply = Surplus_V1_UsageReply(chart, query.metrics)
        reply.node = nodeName
        reply.intervalMicroseconds = interval.rawValue
        return reply
    }
}

extension PoolMembership {
    /// Asks the node that measured it.
    fileprivate func usage(of node: NodeID, _ target: String, _ query: UsageQuery) async throws -> Surplus_V1_UsageReply {
        _ = try query.emptyChart()
        do {
            var reply = try await peers.call(node) { [request = query.request(for: target)] in
                try await $0.getUsage(request, options: .within(.seconds(10)))
            }
            try reply.check()
            reply.node = name(of: node)
            reply.target = node.description
            reply.kind = "node"
            return reply
        } catch let error as RPCError where error.code == .unimplemented {
            throw Refusal(term: "node", reason: "\(name(of: node)) keeps this history and is too old to tell it: upgrade it")
        } catch let error as RPCError where !error.isAnswer {
            throw Refusal(
                term: "node", reason: "\(name(of: node)) keeps this history and cannot be reached now: \(error.message)",
                retryAfter: .seconds(30))
        }
    }

    /// What a peer may know: the history of this node, and of leases that it holds or held.
    func usage(_ request: Surplus_V1_UsageRequest, for peer: NodeID) async throws -> Surplus_V1_UsageReply {
        let query = try UsageQuery(request, at: house.clock().utc)
        guard !request.target.isEmpty else { return try await accountant.usage(of: .machine, query) }
        let lease: LeaseID = try Field.identifier(request.target, "target")
        guard let entry = try leaseEntry(lease), entry.lease.role == .lender, entry.lease.peer == peer else {
            throw RPCError(code: .permissionDenied, message: "you hold no lease \(lease) of this node")
        }
        return try await accountant.usage(of: .lease(lease), query)
    }
}
