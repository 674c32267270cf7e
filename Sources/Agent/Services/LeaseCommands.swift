import Bookkeeping
import GRPCCore
import LedgerStore
import Node
import Policy
import Resources
import Trading
import Wire

// What local users do with leases.

extension PoolMembership {
    func listLeases(all: Bool) throws -> Surplus_V1_ListLeasesReply {
        let live = engine.read { $0.leases.values }
        var entries = all ? try house.store.states(.lease, as: LeaseEntry.self).filter { !$0.isLive } : []
        entries += live.filter { all || $0.lease.state != .settled }
        return .with { $0.leases = entries.map(info) }
    }

    func leaseInfo(_ text: String) throws -> Surplus_V1_LeaseInfo {
        let entry = try entry(text)
        var info = info(of: entry)
        info.receipts = try house.store.receipts(of: [entry.id])[entry.id]?.map(\.id.description) ?? []
        return info
    }

    func renewLease(_ request: Surplus_V1_RenewLeaseRequest, by user: CallingUser) async throws -> Surplus_V1_LeaseInfo {
        let entry = try borrowed(request.lease, by: user)
        let span =
            request.extensionMicroseconds == 0
            ? entry.lease.terms.term : try Field.term(request.extensionMicroseconds, "extension_microseconds")
        try await requests.renew(entry.id, by: span)
        return try leaseInfo(request.lease)
    }

    func releaseLease(_ text: String, by user: CallingUser) async throws -> Surplus_V1_LeaseInfo {
        let entry = try borrowed(text, by: user)
        engine.handle(.release(entry.id))
        // The last receipt usually follows within milliseconds; a lender that is away settles later.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = await self.requests.wait(for: entry.id) { $0?.lease.state == .settled || $0 == nil ? true : nil }
            }
            group.addTask { try await Task.sleep(for: .seconds(2)) }
            try await group.next()
            group.cancelAll()
        }
        return try leaseInfo(text)
    }

    func entry(_ text: String) throws -> LeaseEntry {
        let id: LeaseID = try Field.identifier(text, "lease")
        guard let entry = try leaseEntry(id) else {
            throw Refusal(term: "lease", reason: "there is no lease \(id) on this node: see 'surplus lease list --all'")
        }
        return entry
    }

    /// A lease of either side, also one that was settled long ago; `nil` when it was never known here, or is forgotten.
    func leaseEntry(_ id: LeaseID) throws -> LeaseEntry? {
        if let entry = engine.read({ $0.leases[id] }) { return entry }
        return try house.store.state(.lease, id: id.description, as: LeaseEntry.self)
    }

    private func borrowed(_ text: String, by user: CallingUser) throws -> LeaseEntry {
        let entry = try entry(text)
        guard entry.lease.role == .borrower else {
            throw Refusal(term: "lease", reason: "\(entry.id) is lent, not borrowed: take it back with 'surplus reclaim'")
        }
        guard user.sees(to: entry.lease.user) else {
            throw RPCError(
                code: .permissionDenied,
                message:
                    "\(entry.id) was borrowed by \(entry.lease.user), and \(user.name) has the role \(user.role), which lacks "
                    + "the right 'operate': \(Right.operate.remedy)")
        }
        guard entry.lease.isOpen else {
            throw Refusal(term: "lease", reason: "\(entry.id) has ended already: \(entry.lease.endReason?.rawValue ?? "")")
        }
        return entry
    }

    func info(of entry: LeaseEntry) -> Surplus_V1_LeaseInfo {
        let lease = entry.lease
        let isLender = lease.role == .lender
        return .with {
            $0.lease = lease.id.description
            $0.agreement = lease.agreement.description
            $0.peer = lease.peer.description
            $0.peerName = name(of: lease.peer)
            $0.role = lease.role.rawValue
            $0.user = lease.user
            $0.state = lease.isSuspect ? "suspect" : lease.state.rawValue
            $0.reason = [lease.endReason?.rawValue, lease.reason.isEmpty ? nil : lease.reason].compactMap(\.self).joined(
                separator: ": ")
            $0.terms = Surplus_V1_Terms(lease.terms)
            $0.grantedAt = lease.began.utc.microseconds
            $0.endsAt = lease.ends.utc.microseconds
            $0.usage = Surplus_V1_Usage(isLender ? entry.used(at: engine.now) : entry.bill.usage)
            $0.chargedMicrocredits = entry.bill.accepted.credits.rawValue
            $0.reservedMicrocredits = engine.read { $0.reserved(for: entry) }.credits.rawValue
            $0.compensationMicrocredits = entry.compensation.rawValue
            $0.renewsItself = !isLender && lease.isOpen && lease.renewsItself
            $0.deviation = entry.deviation ?? ""
            $0.renewalLimit = renewalLimit(of: lease)
            $0.group = lease.group?.description ?? ""
            $0.inReturnFor = lease.other?.description ?? ""
            $0.jobs = jobs.jobs(under: lease.id) + hosting.jobs(under: lease.id)
            if isLender, let state = guests.state(of: lease.id) {
                $0.ceiling = Surplus_V1_Amounts(state.ceiling)
                $0.throttled = state.isThrottled
            } else {
                $0.ceiling = Surplus_V1_Amounts(lease.amounts)
            }
        }
    }

    /// What ends a lease that renews itself and uses up what is owed.
    private func renewalLimit(of lease: Lease) -> String {
        let now = engine.now
        guard lease.role == .borrower, lease.renewsItself, case .redemption(let id) = lease.terms.consideration,
            let span = engine.read({ $0.renewableSpan(of: lease, at: now) })
        else { return "" }
        guard span >= .seconds(1) else { return "it ends with its term: all that is left of \(id) is set aside for it" }
        return "what is left of \(id) lasts for \(span.shortText) more at most"
    }

    // MARK: Offers

    /// Asks every reachable peer what it would offer now, side by side.
    func offers(_ request: Surplus_V1_ListOffersRequest) async throws -> Surplus_V1_ListOffersReply {
        let query = Surplus_V1_QuoteRequest.with {
            $0.amounts = request.amounts
            $0.termMicroseconds = request.termMicroseconds
        }
        let amounts = try Amounts(request.amounts, "amounts")
        guard !amounts.mixesDisk else { throw FieldError("amounts", "is refused: \(Amounts.mixingDisk)") }
        let members = roster.members.filter { $0.status == .active && $0.node != own }
        let offers = await withTaskGroup(of: Surplus_V1_Offer.self) { group in
            for member in members {
                group.addTask {
                    var offer = Surplus_V1_Offer.with {
                        $0.node = member.node.description
                        $0.name = member.name
                    }
                    guard amounts.disk == .zero || self.peers.mayHave(.disk, member.node) else {
                        offer.error = "it runs an older version, which lends no disk"
                        return offer
                    }
                    do {
                        let reply = try await self.peers.call(member.node) {
                            try await $0.quote(query, options: .within(.seconds(3)))
                        }
                        offer.limitsEnforced = reply.limitsEnforced
                        if reply.hasTerms { offer.terms = reply.terms }
                        if reply.hasRefusal { offer.refusal = reply.refusal }
                    } catch {
                        offer.error = (error as? RPCError)?.message ?? "\(error)"
                    }
                    return offer
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return .with { $0.offers = offers.sorted { ($0.name, $0.node) < ($1.name, $1.node) } }
    }
}
