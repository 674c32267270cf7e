import Identity
import Resources
import Trading

extension Member {
    /// Why the node may not do what needs `right`; `nil` when it may.
    func refusal(lacking right: Right) -> Refusal? {
        guard !access.rights.contains(right) else { return nil }
        return Refusal(
            term: "right",
            reason: "node \(name) has the role \(access), which lacks the right '\(right)': "
                + "an operator changes it with 'surplus pool role \(name) borrower'")
    }
}

extension TradeMessage {
    /// The answer to a message with which its sender would borrow, or borrow for longer, saying that it may not; `nil` for
    /// all others. What was agreed stays: an offer binds, and a lease runs to the end of its term.
    func refused(_ refusal: Refusal) -> TradeMessage? {
        switch self {
        case .propose(let proposal):
            .answer(Answer(negotiation: proposal.negotiation, round: proposal.round, outcome: .rejected(refusal)))
        case .renew(let renewal): .renewed(renewal.answer(refusal))
        default: nil
        }
    }
}

extension PoolMembership {
    /// Takes a message of a peer that may send it; answers for the engine when it may not.
    func take(_ message: TradeMessage, from peer: NodeID) {
        if let refusal = roster[peer]?.refusal(lacking: .borrow), let answer = message.refused(refusal) {
            return links.send(answer, to: peer)
        }
        if case .reconciliation(.decline(_, .refused(let refusal))) = message { reconciliations.heard(refusal, from: peer) }
        engine.handle(.message(from: peer, message))
    }
}
