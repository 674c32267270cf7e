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
        if let terms = less(than: ask, for: borrower, at: now) { found.append(Alternative(.less, terms)) }
        if let terms = later(than: ask, for: borrower, at: now) { found.append(Alternative(.later, terms)) }
        return found
    }

    /// The terms of a refusal that other figures may mend.
    private static let negotiable: Set = ["cpu", "memory", "condition", "price", "term", "credit", "start"]
    /// Less than this is of no use to a program.
    private static let smallest = Amounts(cpu: 50, memory: .mebibytes(32))

    private func less(than ask: Ask, for borrower: Borrower, at now: Moment) -> Terms? {
        var smaller = ask
        smaller.least = ask.least.limited(to: Self.smallest)
        guard smaller.least != ask.least else { return nil }
        smaller.round = ask.rounds
        guard case .offer(let terms) = decide(smaller, from: borrower, at: now), !ask.least.fits(in: terms.amounts) else {
            return nil
        }
        return terms
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
        postponed.round = ask.rounds
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
