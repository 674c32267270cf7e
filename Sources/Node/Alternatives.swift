import Policy
import Resources
import Trading

// What would be lent instead of what is refused.

extension Node {
    /// The nearest that would be offered where `ask` is refused: less of it, or the same later. Nothing to who may not borrow
    /// at all.
    func alternatives(to ask: Ask, for borrower: Borrower, refused refusal: Refusal, at now: Moment) -> [Alternative] {
        guard Self.negotiable.contains(refusal.term), hindrance == nil else { return [] }
        var found = refusal.alternatives ?? []
        if let less = less(than: ask, for: borrower, at: now) { found.append(less) }
        if let terms = later(than: ask, for: borrower, at: now) { found.append(Alternative(.later, terms)) }
        return found
    }

    /// The terms of a refusal that other figures may mend.
    private static let negotiable: Set = ["cpu", "memory", "disk", "condition", "price", "term", "credit", "start"]
    /// Less than this is of no use to a program, or to who stores something.
    private static let smallest = Amounts(cpu: 50, memory: .mebibytes(32), disk: .mebibytes(64))

    private func less(than ask: Ask, for borrower: Borrower, at now: Moment) -> Alternative? {
        var smaller = ask
        smaller.least = ask.least.limited(to: Self.smallest)
        guard smaller.least != ask.least else { return nil }
        smaller.round = ask.rounds
        let nearest: Alternative?
        switch decide(smaller, from: borrower, at: now) {
        case .offer(let terms), .counter(let terms, _): nearest = Alternative(.less, terms)
        // Where the term or the price is too much as well, this is what the lender would come down to.
        case .refuse(let refusal): nearest = refusal.alternatives?.first
        }
        return nearest.flatMap { ask.least.fits(in: $0.terms.amounts) ? nil : $0 }
    }

    /// The earliest time at which all that would do is free, by what is promised now.
    private func later(than ask: Ask, for borrower: Borrower, at now: Moment) -> Terms? {
        let earliest = now.instant + max(.zero, ask.wait(at: now))
        let term = min(ask.term, policy.longestTerm)
        let most = policy.most(of: capacity)
        let schedule = schedule(at: now)
        guard let free = schedule.room(for: ask.least, of: most, lasting: term + Timing.turnover, at: earliest) else {
            return nil
        }
        var postponed = ask
        let second: Int64 = 1_000_000
        // Whole seconds, and time enough to ask for it.
        let start = max(now.utc + (free - now.instant), now.utc + .seconds(10)).microseconds
        postponed.start = Timestamp(microseconds: (start + second - 1) / second * second)
        (postponed.term, postponed.round) = (term, ask.rounds)
        guard postponed.start != ask.start, case .offer(let terms) = decide(postponed, from: borrower, at: now) else {
            return nil
        }
        return terms
    }
}

extension Ask {
    /// How long after now the term is to begin.
    func wait(at now: Moment) -> Microseconds { start.map { $0 - now.utc } ?? .zero }
}
