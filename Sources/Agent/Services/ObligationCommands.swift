import Bookkeeping
import Node
import Resources
import Trading
import Wire

// What local users ask about what is owed in kind.

extension PoolMembership {
    /// How long a change of an obligation waits for the peer before it is said that it has not answered yet.
    private static let patience = Duration.seconds(10)

    func obligations(_ request: Surplus_V1_ListObligationsRequest) throws -> Surplus_V1_ListObligationsReply {
        let text = try Field.text(request.peer, atMost: 128, "peer")
        let peer = text.isEmpty ? nil : try roster.peer(text, of: own).node
        let known = request.all ? engine.read(\.obligations.values) : engine.read { $0.obligations.unsettled.values }
        let shown = known.filter { peer == nil || $0.creditor == peer || $0.debtor == peer }
        return .with { $0.obligations = shown.sorted { ($0.deferral.until, $0.id) < ($1.deferral.until, $1.id) }.map(info) }
    }

    /// Asks the peer to agree to a change.
    ///
    /// - Returns: the obligation as it is then; with the proposal where the peer has not answered yet.
    /// - Throws: ``Refusal`` when the peer does not agree, or nothing can be asked.
    func adjust(_ request: Surplus_V1_AdjustObligationRequest) async throws -> Surplus_V1_ObligationInfo {
        let id: ObligationID = try Field.identifier(request.obligation, "obligation")
        let wish = try wish(of: request, about: id)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.requests.adjust(id, wish) }
            group.addTask { try await Task.sleep(for: Self.patience) }
            defer { group.cancelAll() }
            try await group.next()
        }
        guard let obligation = engine.read({ $0.obligations[id] }) else {
            throw Refusal(term: "obligation", reason: "there is no open obligation \(id)")
        }
        return info(obligation)
    }

    private func wish(of request: Surplus_V1_AdjustObligationRequest, about id: ObligationID) throws -> AdjustmentWish {
        switch request.wish {
        case .cancel(let usage):
            let part = try Usage(usage, "cancel")
            return .cancel(part == .zero ? nil : part)
        case .postponeUntil(let time): return .postpone(until: try Field.timestamp(time, "postpone_until"))
        case .offsetAgainst("best"): return .offset(against: try opposite(of: id))
        case .offsetAgainst(let text): return .offset(against: try Field.identifier(text, "offset_against"))
        case nil: throw FieldError("wish", "is missing")
        }
    }

    /// What is owed in the other direction, and falls due first.
    private func opposite(of id: ObligationID) throws(Refusal) -> ObligationID {
        let all = engine.read { $0.obligations.unsettled.values }
        guard let one = all.first(where: { $0.id == id }) else {
            throw Refusal(term: "obligation", reason: "there is no open obligation \(id)")
        }
        let others = all.filter { $0.debtor == one.creditor && $0.creditor == one.debtor }
        guard let first = others.min(by: { ($0.deferral.until, $0.id) < ($1.deferral.until, $1.id) }) else {
            throw Refusal(term: "obligation", reason: "nothing is owed in kind in the other direction")
        }
        return first.id
    }

    private func info(_ obligation: Obligation) -> Surplus_V1_ObligationInfo {
        let isOurs = obligation.creditor == own
        let peer = isOurs ? obligation.debtor : obligation.creditor
        return .with {
            $0.obligation = obligation.id.description
            ($0.peer, $0.peerName, $0.owedToUs) = (peer.description, name(of: peer), isOurs)
            $0.lease = obligation.lease.description
            $0.terms = Surplus_V1_Deferral(obligation.deferral)
            $0.prices = Surplus_V1_Prices(obligation.prices)
            $0.accrued = Surplus_V1_Usage(obligation.accrued)
            $0.redeemed = Surplus_V1_Usage(obligation.redeemed)
            $0.converted = Surplus_V1_Usage(obligation.converted)
            $0.cancelled = Surplus_V1_Usage(obligation.cancelled)
            $0.offset = Surplus_V1_Usage(obligation.offset)
            $0.left = Surplus_V1_Usage(obligation.left)
            ($0.accruing, $0.refused) = (obligation.isAccruing, obligation.wasRefused)
            $0.proposal = obligation.proposed?.adjustment.story ?? ""
            $0.settledAt = obligation.settledAt?.microseconds ?? 0
            $0.worthMicrocredits = obligation.worth.rawValue
        }
    }
}
