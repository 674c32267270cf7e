import Resources

/// Processing that was wanted, and the part of it that somebody lent.
package struct Demand: Hashable, Sendable {
    package internal(set) var wanted = CoreMicroseconds.zero
    package internal(set) var served = CoreMicroseconds.zero

    package init() {}

    /// Served of what was wanted.
    package var share: PartsPerMillion { PartsPerMillion(served.rawValue, of: wanted.rawValue) }

    mutating func add(_ other: Demand) {
        wanted += other.wanted
        served += other.served
    }
}

/// What became of what somebody, or several, wanted to borrow.
package struct Served: Hashable, Sendable {
    package internal(set) var all = Demand()
    /// Of the steps in which all together wanted more than all together could spare.
    package internal(set) var contended = Demand()
    /// Steps in which something was wanted, each participant's counted.
    package internal(set) var requests = 0
    /// Those in which all of it was served.
    package internal(set) var met = 0

    package init() {}

    mutating func note(wanted: CoreMicroseconds, missing: CoreMicroseconds, isContended: Bool) {
        var demand = Demand()
        (demand.wanted, demand.served) = (wanted, wanted - missing)
        all.add(demand)
        if isContended { contended.add(demand) }
        requests += 1
        met += missing < EconomyLease.smallest ? 1 : 0
    }

    mutating func add(_ other: Served) {
        all.add(other.all)
        contended.add(other.contended)
        requests += other.requests
        met += other.met
    }
}

/// So many out of so many, over some time.
package struct Portion: Hashable, Sendable {
    package internal(set) var count = 0
    package internal(set) var total = 0

    package init(_ count: Int = 0, of total: Int = 0) {
        self.count = count
        self.total = total
    }

    package var share: PartsPerMillion { PartsPerMillion(Int64(count), of: Int64(total)) }

    mutating func note(_ isTrue: Bool) {
        count += isTrue ? 1 : 0
        total += 1
    }
}

/// A twelfth of a year of a run.
package struct EconomyMonth: Hashable, Sendable {
    package internal(set) var served: [ParticipantKind: Served] = [:]
    package internal(set) var hours = 0
    /// Hours in which all together wanted more than all together could spare.
    package internal(set) var contendedHours = 0
    /// Of those that lend and borrow, and of which some peer had something to lend: who got less than it wanted although there was
    /// more, as nobody who had it let it owe more. Hour by hour.
    package internal(set) var cannotPay = Portion()
    /// Of those that lend: to whom its borrowers owe all that it lets them, to a twentieth. Day by day.
    package internal(set) var needNotEarn = Portion()
    /// Credits that leases came to.
    package internal(set) var moved = Microcredits.zero
    /// Of the balances of all that are in the pool at its end.
    package internal(set) var gini = PartsPerMillion.zero

    package init(cannotPay: Portion = Portion(), needNotEarn: Portion = Portion()) {
        self.cannotPay = cannotPay
        self.needNotEarn = needNotEarn
    }

    /// What became of the demand of those that both lend and borrow.
    package var mutual: Served {
        ParticipantKind.allCases.filter(\.isMutual).reduce(into: Served()) { $0.add(served[$1] ?? Served()) }
    }
}

/// How an economy of mutual credit stops.
package enum Collapse: String, CaseIterable, Hashable, Codable, Sendable {
    /// In some month at least half of those that asked could not pay for what there was.
    case nobodyCanPay = "nobody_can_pay"
    /// In some month at least half of those that lend were owed as much as they let others owe.
    case nobodyNeedsToEarn = "nobody_needs_to_earn"

    /// From this share on.
    package static let threshold = PartsPerMillion(500_000)

    /// What a month comes to; empty where the economy goes on.
    package static func found(in month: EconomyMonth) -> [Collapse] {
        allCases.filter { collapse in
            switch collapse {
            case .nobodyCanPay: month.cannotPay.share >= threshold
            case .nobodyNeedsToEarn: month.needNotEarn.share >= threshold
            }
        }
    }
}
