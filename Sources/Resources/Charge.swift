/// What is due for the use of a lease: credits, and resources in kind.
package struct Charge: Hashable, Sendable {
    package var credits: Microcredits
    package var inKind: Usage

    package init(credits: Microcredits = .zero, inKind: Usage = .zero) {
        self.credits = credits
        self.inKind = inKind
    }

    package static let zero = Charge()

    package static func + (a: Charge, b: Charge) -> Charge { Charge(credits: a.credits + b.credits, inKind: a.inKind + b.inKind) }
    package static func - (a: Charge, b: Charge) -> Charge { Charge(credits: a.credits - b.credits, inKind: a.inKind - b.inKind) }
    package static func += (a: inout Charge, b: Charge) { a = a + b }

    /// Whether no part is above the other's.
    package func fits(in other: Charge) -> Bool { credits <= other.credits && inKind.fits(in: other.inKind) }

    /// The smaller of both, part by part.
    package func limited(to other: Charge) -> Charge {
        Charge(credits: min(credits, other.credits), inKind: inKind.limited(to: other.inKind))
    }

    /// Negative parts become zero.
    package var clampedToZero: Charge { Charge(credits: max(.zero, credits), inKind: inKind.clampedToZero) }

    /// No part is negative.
    package var isNatural: Bool { credits >= .zero && inKind.isNatural }

    /// For people: `0.5 credits`, `0.5 credits and 2 core-hours in kind`.
    package var text: String {
        guard inKind != .zero else { return credits.text }
        let inKind = "\(inKind.text) in kind"
        return credits == .zero ? inKind : "\(credits.text) and \(inKind)"
    }
}

extension Charge: Codable {
    private enum Key: CodingKey { case credits, inKind }

    /// Reads also a number alone, which are credits: so it is written where nothing is due in kind, and was before anything could be.
    package init(from decoder: any Decoder) throws {
        if let credits = try? decoder.singleValueContainer().decode(Microcredits.self) {
            self.init(credits: credits)
        } else {
            let container = try decoder.container(keyedBy: Key.self)
            self.init(
                credits: try container.decode(Microcredits.self, forKey: .credits),
                inKind: try container.decode(Usage.self, forKey: .inKind))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        guard inKind != .zero else { return try credits.encode(to: encoder) }
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(credits, forKey: .credits)
        try container.encode(inKind, forKey: .inKind)
    }
}

/// How usage becomes a charge.
package struct Tariff: Hashable, Sendable {
    package var prices: Prices
    package var consideration: Consideration?
    /// Of a swap: all that one half of it gives.
    package var whole: Usage?

    package init(_ prices: Prices, _ consideration: Consideration? = nil, whole: Usage? = nil) {
        self.prices = prices
        self.consideration = consideration
        self.whole = whole
    }

    /// What cumulative usage comes to. No part falls while usage grows.
    package func charge(for usage: Usage) -> Charge {
        switch consideration {
        case nil: Charge(credits: prices.cost(of: usage))
        case .deferred(let deferral):
            Charge(credits: prices.cost(of: usage - deferral.unpaid(of: usage)), inKind: deferral.owed(for: usage))
        case .redemption: Charge(inKind: usage)
        case .swap(let exchange): Charge(credits: share(of: exchange.worth, for: usage))
        }
    }

    /// As much of a worth as usage is of the whole, weighed by the prices; rounded down.
    private func share(of worth: Microcredits, for usage: Usage) -> Microcredits {
        let most = whole.map(prices.cost(of:)) ?? .zero
        guard most > .zero else { return .zero }
        return worth.scaled(by: min(most, prices.cost(of: usage)).rawValue, over: most.rawValue)
    }

    /// The most that a lease of `amounts` for `term` can come to; credits are rounded up.
    package func ceiling(for amounts: Amounts, term: Microseconds) -> Charge {
        let usage = Usage(of: amounts, for: term)
        switch consideration {
        case nil: return Charge(credits: prices.ceiling(for: amounts, term: term))
        case .redemption: return Charge(inKind: usage)
        case .swap: return charge(for: usage)
        case .deferred(let deferral):
            let most = charge(for: usage)
            let isAllInKind = deferral.unpaid(of: usage) == usage
            return Charge(credits: isAllInKind ? .zero : most.credits + 1, inKind: most.inKind)
        }
    }
}
