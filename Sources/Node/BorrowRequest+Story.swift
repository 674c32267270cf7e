import Bookkeeping
import Resources
import Trading

// What a request came to, in words.

extension BorrowRequest {
    /// Why nobody lends, or too few do, peer by peer, the earliest time to try again, and what would be lent instead.
    func refusal(naming name: (NodeID) -> String, at now: Moment) -> Refusal {
        var retryAfter: Microseconds?
        var alternatives: [Alternative] = []
        let reasons = talks.map { talk in
            switch talk.state {
            case .rejected(let refusal):
                if let after = refusal.retryAfter { retryAfter = min(retryAfter ?? after, after) }
                for var alternative in refusal.alternatives ?? [] {
                    alternative.node = talk.peer
                    alternatives.append(alternative)
                }
                return "\(name(talk.peer)): \(refusal.reason)"
            case .silent: return "\(name(talk.peer)): no answer in \(Negotiating.roundTime.text)"
            case .offered(_, let until):
                return "\(name(talk.peer)): " + (until.hasPassed(at: now) ? "its offer lapsed" : "would lend")
            case .proposed: return "\(name(talk.peer)): not answered yet"
            }
        }
        var shown = reasons.prefix(5).joined(separator: "; ")
        if reasons.count > 5 { shown += "; and \(reasons.count - 5) more" }
        let offers = standingOffers(at: now)
        if want.nodes > 1 { shown = "\(offers.count) of \(want.nodes) nodes would lend: \(shown)" }
        if let terms = offers.last { alternatives.append(Alternative(.less, terms, nodes: offers.count)) }
        let terms = Set(talks.compactMap { talk in if case .rejected(let refusal) = talk.state { refusal.term } else { nil } })
        return Refusal(
            term: terms.count == 1 ? terms.first ?? "peers" : "peers", reason: shown, retryAfter: retryAfter,
            alternatives: alternatives.isEmpty ? nil : Alternative.nearest(of: alternatives))
    }

    /// What every peer said, for the story of a choice.
    func offers(naming name: (NodeID) -> String, at now: Moment) -> [Event.Detail] {
        talks.indices.map { index in
            let text =
                switch talks[index].state {
                case .offered(let terms, _): "\(terms.amounts.text) at \(terms.mainPrice)"
                case .rejected(let refusal): "no: \(refusal.reason)"
                case .silent, .proposed: "no answer"
                }
            return Event.Detail("asked_\(name(talks[index].peer))", text)
        }
    }
}

extension Terms {
    /// What is told of the prices where there is room for one.
    fileprivate var mainPrice: String {
        amounts.disk == .zero ? "\(prices.cpu.text) per core-hour" : "\(prices.disk.text) per GiB-hour"
    }
}
