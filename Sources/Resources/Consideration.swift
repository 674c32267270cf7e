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
            "\(deferral.share.text) owed in kind"
        case .redemption(let obligation): "taken off \(obligation)"
        case .swap(let exchange): "\(exchange.amounts.text) lent in return for \(exchange.term.text)"
        }
    }
}

/// A share or factor of each resource.
package struct ResourceShares: Hashable, Sendable {
    package var cpu: BasisPoints
    package var memory: BasisPoints
    package var disk: BasisPoints

    package init(cpu: BasisPoints, memory: BasisPoints, disk: BasisPoints = .zero) {
        self.cpu = cpu
        self.memory = memory
        self.disk = disk
    }

    /// The same of each resource.
    package init(_ all: BasisPoints) { self.init(cpu: all, memory: all, disk: all) }

    /// Whether none is above the other's.
    package func atMost(_ other: ResourceShares) -> Bool { cpu <= other.cpu && memory <= other.memory && disk <= other.disk }

    /// The same with nothing of disk unless that has a share: what is signed, and was before disk was lent, says nothing of what it
    /// does not have.
    fileprivate func ofDisk(where share: ResourceShares) -> ResourceShares {
        share.disk == .zero ? ResourceShares(cpu: cpu, memory: memory) : self
    }

    /// `50% of the processing and 0% of the memory`, or where disk has a share `50% of the disk`.
    package var text: String {
        disk == .zero ? "\(cpu.text) of the processing and \(memory.text) of the memory" : "\(disk.text) of the disk"
    }
}

/// On which terms something is owed in kind.
package struct Deferral: Hashable, Codable, Sendable {
    /// The part of what is used that is owed in kind, resource by resource; the rest is paid in credits. Some of it is above zero.
    package var share: ResourceShares { didSet { rate = rate.ofDisk(where: share) } }
    /// How much is owed for each unit that is used of that part; of disk zero where none of it is owed.
    package var rate: ResourceShares { didSet { rate = rate.ofDisk(where: share) } }
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
        self.rate = rate.ofDisk(where: share)
        self.from = from
        self.until = until
        self.premium = premium
    }

    /// The bounds within which a deferral makes sense: what falls due falls due before it is over, within a year, at no more than ten
    /// times what was used, and with a premium of no more than the whole.
    package var isWithinBounds: Bool {
        let factors = [rate.cpu, rate.memory] + (share.disk == .zero ? [] : [rate.disk])
        let shares = [share.cpu, share.memory, share.disk]
        return share.atMost(ResourceShares(.whole)) && shares.allSatisfy { $0 >= .zero } && shares.contains { $0 > .zero }
            && factors.allSatisfy { (1...Self.highestRate).contains($0) } && (share.disk > .zero || rate.disk == .zero)
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
        Usage(cpu: factor.cpu.of(cpu), memory: factor.memory.of(memory), disk: factor.disk.of(disk))
    }

    /// How long it lasts while all of `amounts` is used; a year where it is used up by none of them.
    package func lasting(_ amounts: Amounts) -> Microseconds {
        func span(_ left: Int64, _ perHour: Int64) -> Microseconds {
            perHour > 0 ? Microseconds.hours(1).scaled(by: max(0, left), over: perHour) : Deferral.farthest
        }
        let hour = Usage(of: amounts, for: .hours(1))
        return min(
            span(cpu.rawValue, hour.cpu.rawValue), span(memory.rawValue, hour.memory.rawValue),
            span(disk.rawValue, hour.disk.rawValue))
    }
}
