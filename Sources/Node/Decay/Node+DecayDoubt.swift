import Bookkeeping
import Resources
import Trading

// What decay comes to with a ledger that was restored, or a peer that cannot read of it.

extension DecayEntry {
    /// As the creditor: whether the last answer was given to this very proposal.
    func hasAnswered(_ number: Int64, _ document: [UInt8]) -> Bool {
        guard number == self.number else { return false }
        guard case .agreed(let signed) = answer else { return true }
        return signed.offered == document
    }
}

extension Node {
    /// What a creditor says to a number that it has answered otherwise, or to one before its last.
    static let wasNumbered = Refusal(term: "number", reason: "has answered later numbers than this ledger knows of")
    /// By how much a debtor goes on behind a number that was taken: more than a ledger loses that is restored to what it was days ago.
    private static let numbersLost: Int64 = 1000

    /// A debtor whose ledger has lost what it proposed before goes on behind that.
    ///
    /// - Returns: whether that is what was said.
    mutating func renumber(_ number: Int64, _ refusal: Refusal, by peer: NodeID, _ step: inout Step) -> Bool {
        guard refusal.term == Self.wasNumbered.term, var entry = decays[DecayEntry.Side(peer, isOwed: false)],
            let proposed = entry.proposed, proposed.decay.number == number
        else { return false }
        entry.number = number + Self.numbersLost
        rest(&entry, for: Timing.longestRetry, &step)
        step.tell(
            "decay.refused", [proposed.decay.transfer, peer], "\(name(of: peer)) \(refusal.reason): it is proposed anew")
        return true
    }

    /// A message was not sent, for the peer has said that it could not read it: what waits for an answer to it waits no longer.
    mutating func withheldDecay(from peer: NodeID, _ step: inout Step) {
        guard var entry = decays[DecayEntry.Side(peer, isOwed: false)], let proposed = entry.proposed else { return }
        rest(&entry, for: max(.days(1), proposed.decay.rule.idle), &step)
        step.tell(
            "decay.refused", [proposed.decay.transfer, peer],
            "the program of \(name(of: peer)) is older and knows nothing of decay")
    }

    private mutating func rest(_ entry: inout DecayEntry, for span: Microseconds, _ step: inout Step) {
        entry.proposed = nil
        entry.rests = Deadline(span, after: step.now)
        decays[entry.side] = entry
        step.record(.state(.decay, id: entry.side.description, entry))
    }
}
