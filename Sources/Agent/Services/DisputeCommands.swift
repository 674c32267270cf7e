import Bookkeeping
import LedgerStore
import Node
import Policy
import Resources
import Trading
import Wire

// What local users ask about what they or peers do not accept of each other's bills.

extension PoolMembership {
    /// How long a dispute or a step towards its end waits for the peer before it is said that it has not answered yet.
    private static let patience = Duration.seconds(10)

    func disputes(_ request: Surplus_V1_ListDisputesRequest) throws -> Surplus_V1_ListDisputesReply {
        let text = try Field.text(request.peer, atMost: 128, "peer")
        let peer = text.isEmpty ? nil : try roster.peer(text, of: own).node
        let known = engine.read { request.all ? $0.disputes.values : $0.disputes.open.values }
        let shown = known.filter { peer == nil || $0.creditor == peer || $0.debtor == peer }
        return .with { $0.disputes = shown.sorted { ($0.opened, $0.id) < ($1.opened, $1.id) }.map(info) }
    }

    /// Disputes what was paid by a receipt.
    ///
    /// - Returns: the dispute; with what it waits for where the peer has not answered yet.
    /// - Throws: ``Refusal`` when it cannot be disputed.
    func openDispute(_ request: Surplus_V1_OpenDisputeRequest) async throws -> Surplus_V1_DisputeInfo {
        let receipt: ReceiptID = try Field.identifier(request.receipt, "receipt")
        let amount = try part(request.amountMicrocredits)
        let reason = try Field.text(request.reason, atMost: Dispute.longestReason, "reason")
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw FieldError("reason", "is empty; say what is wrong, the peer's people read it")
        }
        let store = house.store
        guard let signed = try await onThread({ try store.receipt(receipt) }) else {
            throw Refusal(
                term: "receipt",
                reason: "there is no receipt \(receipt) in this ledger: 'surplus explain LEASE' shows those of a lease")
        }
        let agreement = signed.receipt.agreement
        let recalled = try await onThread { try store.recall(.receipt(receipt, under: agreement)) }
        var random = SystemRandomNumberGenerator()
        let id = DisputeID(at: engine.now.utc, using: &random)
        return try await settle(id, .dispute(id, recalled, amount: amount, reason: reason))
    }

    /// Gives way in a dispute.
    ///
    /// - Returns: the dispute as it is then; with what it waits for where the peer has not answered yet.
    /// - Throws: ``Refusal`` when this side cannot.
    func resolveDispute(_ request: Surplus_V1_ResolveDisputeRequest) async throws -> Surplus_V1_DisputeInfo {
        let id: DisputeID = try Field.identifier(request.dispute, "dispute")
        let part = try part(request.amountMicrocredits)
        return try await settle(id, .resolve(id, request.withdraw ? .withdraw(part) : .accept(part)))
    }

    private func part(_ microcredits: Int64) throws(FieldError) -> Microcredits? {
        microcredits == 0 ? nil : try Field.money(microcredits, "amount_microcredits")
    }

    private func settle(_ id: DisputeID, _ event: NodeEvent) async throws -> Surplus_V1_DisputeInfo {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.requests.settle(id, event) }
                group.addTask { try await Task.sleep(for: Self.patience) }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch let refusal as Refusal {
            // What has long been over is not in memory.
            guard case .resolve = event else { throw refusal }
            guard let past = try engine.read({ $0.disputes[id] }) ?? house.store.dispute(id) else { throw Self.unknown(id) }
            guard !past.isOpen else { throw refusal }
            throw Refusal(term: "dispute", reason: "\(past.id) is over already; 'surplus dispute list' shows those that are open")
        }
        guard let dispute = engine.read({ $0.disputes[id] }) else { throw Self.unknown(id) }
        return info(dispute)
    }

    private static func unknown(_ id: DisputeID) -> Refusal {
        Refusal(term: "dispute", reason: "there is no dispute \(id): 'surplus dispute list' shows those there are")
    }

    private func info(_ dispute: Dispute) -> Surplus_V1_DisputeInfo {
        let peer = dispute.peer(of: own)
        return .with {
            $0.dispute = dispute.id.description
            ($0.peer, $0.peerName) = (peer.description, name(of: peer))
            ($0.cause, $0.reason) = (dispute.cause.rawValue, dispute.reason)
            ($0.receipt, $0.lease) = (dispute.receipt?.description ?? "", dispute.lease.description)
            ($0.openedByUs, $0.billedByUs) = (dispute.opener == own, dispute.creditor == own)
            $0.amountMicrocredits = dispute.amount.credits.rawValue
            $0.amountInKind = Surplus_V1_Usage(dispute.amount.inKind)
            $0.leftMicrocredits = dispute.left.credits.rawValue
            $0.leftInKind = Surplus_V1_Usage(dispute.left.inKind)
            $0.worthMicrocredits = dispute.worth.rawValue
            $0.acceptedMicrocredits = dispute.accepted.credits.rawValue
            $0.withdrawnMicrocredits = dispute.withdrawn.credits.rawValue
            $0.state = dispute.state.rawValue
            ($0.openedAt, $0.resolvedAt) = (dispute.opened.microseconds, dispute.resolved?.microseconds ?? 0)
            $0.waiting = waiting(dispute, for: name(of: peer))
            $0.next = dispute.verb(of: own)?.rawValue ?? ""
            if let metered = dispute.metered { $0.lender = Surplus_V1_DisputeInfo.LenderView(metered) }
            if let held = dispute.held { $0.borrower = Surplus_V1_DisputeInfo.BorrowerView(held) }
        }
    }

    private func waiting(_ dispute: Dispute, for peer: String) -> String {
        if let proposed = dispute.proposed { return "\(proposed.resolution.story(of: dispute)); \(peer) has not answered yet" }
        return dispute.untold == nil ? "" : "\(peer) has not taken note of it yet"
    }
}

extension Surplus_V1_DisputeInfo.LenderView {
    fileprivate init(_ evidence: LenderEvidence) {
        self = .with {
            $0.usage = Surplus_V1_Usage(evidence.usage)
            $0.elapsedMicroseconds = evidence.elapsed.rawValue
            $0.throttledMicroseconds = evidence.throttled.rawValue
        }
    }
}

extension Surplus_V1_DisputeInfo.BorrowerView {
    fileprivate init(_ evidence: BorrowerEvidence) {
        self = .with {
            $0.plausible = Surplus_V1_Usage(evidence.plausible)
            $0.elapsedMicroseconds = evidence.elapsed.rawValue
            $0.counted = evidence.counted != nil
            $0.countedCoreMicroseconds = evidence.counted?.rawValue ?? 0
        }
    }
}

extension Surplus_V1_PeerStandingInfo {
    init(_ standing: PeerStanding) {
        self = .with {
            $0.number = Int64(standing.number)
            $0.lent = standing.lent.rawValue
            $0.redeemed = standing.redeemed.rawValue
            $0.refused = standing.refused.rawValue
            $0.inDispute = standing.inDispute.rawValue
        }
    }
}
