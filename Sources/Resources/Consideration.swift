/// What is given in return for a lease, other than credits for all of it.
package enum Consideration: Hashable, Codable, Sendable {
    /// A part is paid in credits, and a part is owed in kind, to be given back later.
    case deferred(Deferral)
    /// What is used is taken off what the lender owes the borrower in kind.
    case redemption(of: ObligationID)
    /// The borrower lends something at the same time.
    case swap(Exchange)
}

extension Consideration {
    /// For people.
    package var text: String {
        switch self {
        case .deferred(let deferral):
            "\(deferral.share.cpu.text) of the processing and \(deferral.share.memory.text) of the memory owed in kind"
        case .redemption(let obligation): "taken off \(obligation)"
        case .swap(let exchange): "\(exchange.amounts.text) lent in return for \(exchange.term.text)"
        }
    }
}

/// A share or factor of each resource.
package struct ResourceShares: Hashable, Codable, Sendable {
    package var cpu: BasisPoints
    package var memory: BasisPoints

    package init(cpu: BasisPoints, memory: BasisPoints) {
        self.cpu = cpu
        self.memory = memory
    }

    package init(_ both: BasisPoints) { self.init(cpu: both, memory: both) }

    /// Whether neither is above the other's.
    package func atMost(_ other: ResourceShares) -> Bool { cpu <= other.cpu && memory <= other.memory }
}

/// On which terms something is owed in kind.
package struct Deferral: Hashable, Codable, Sendable {
    /// The part of what is used that is owed in kind, resource by resource; the rest is paid in credits. Some of it is above zero.
    package var share: ResourceShares
    /// How much is owed for each unit that is used of that part.
    package var rate: ResourceShares
    /// From when on the creditor may ask for it.
    package var from: Timestamp
    /// What is left at this time is converted into credits, at the prices of the agreement.
    package var until: Timestamp
    /// What is added where the debtor did not give what it was asked for in time.
    package var premium: BasisPoints

    package init(
        share: ResourceShares, rate: ResourceShares = ResourceShares(.whole), from: Timestamp, until: Timestamp,
        premium: BasisPoints
    ) {
        self.share = share
        self.rate = rate
        self.from = from
        self.until = until
        self.premium = premium
    }

    /// The bounds within which a deferral makes sense: what falls due falls due before it is over, within a year, at no more than ten
    /// times what was used, and with a premium of no more than the whole.
    package var isWithinBounds: Bool {
        let factors = [rate.cpu, rate.memory]
        return share.atMost(ResourceShares(.whole)) && share.cpu >= .zero && share.memory >= .zero
            && (share.cpu > .zero || share.memory > .zero) && factors.allSatisfy { (1...Self.highestRate).contains($0) }
            && (BasisPoints.zero...BasisPoints.whole).contains(premium) && Bounds.accepts(start: from)
            && Bounds.accepts(start: until)
            && from < until
    }

    /// What is written where nothing else is said: due from and until, counted from now, and the premium.
    package static let usual = (from: Microseconds.hours(1), until: Microseconds.days(7), premium: BasisPoints.percent(20))
    /// Ten units for one.
    package static let highestRate = BasisPoints.percent(1000)
    /// The latest that something may fall due, after the agreement.
    package static let farthest = Microseconds.days(366)

    /// The part of usage that is not paid in credits; rounded down, resource by resource.
    package func unpaid(of usage: Usage) -> Usage { usage.scaled(by: share) }

    /// What is owed in kind for usage: rounded down, so that it only grows as usage does.
    package func owed(for usage: Usage) -> Usage { unpaid(of: usage).scaled(by: rate) }
}

extension Usage {
    /// Each figure times its factor, rounded down.
    package func scaled(by factor: ResourceShares) -> Usage {
        Usage(cpu: factor.cpu.of(cpu), memory: factor.memory.of(memory))
    }

    package static func - (a: Usage, b: Usage) -> Usage { Usage(cpu: a.cpu - b.cpu, memory: a.memory - b.memory) }

    /// Negative figures become zero.
    package var clampedToZero: Usage { Usage(cpu: max(cpu, .zero), memory: max(memory, .zero)) }

    /// How long it lasts while all of `amounts` is used; a year where it is used up by none of them.
    package func lasting(_ amounts: Amounts) -> Microseconds {
        func span(_ left: Int64, _ perHour: Int64) -> Microseconds {
            perHour > 0 ? Microseconds.hours(1).scaled(by: max(0, left), over: perHour) : Deferral.farthest
        }
        let hour = Usage(of: amounts, for: .hours(1))
        return min(span(cpu.rawValue, hour.cpu.rawValue), span(memory.rawValue, hour.memory.rawValue))
    }

    /// No figure is negative.
    package var isNatural: Bool { cpu >= .zero && memory >= .zero }
}
