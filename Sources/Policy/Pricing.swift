import Resources

/// What a lender asks for one resource, in microcredits per core-hour or GiB-hour.
package struct Pricing: Hashable, Codable, Sendable {
    /// Asked while everything that may be lent is free.
    package var whenIdle: Microcredits
    /// Asked when nothing is left. Between the two the price rises in proportion to what is taken.
    package var whenScarce: Microcredits
    package var floor: Floor

    /// The lowest price accepted in the last round of haggling.
    package enum Floor: Hashable, Codable, Sendable {
        /// A fixed one; what is asked is never below it.
        case amount(Microcredits)
        /// A part of what is asked.
        case share(BasisPoints)
    }

    package init(whenIdle: Microcredits, whenScarce: Microcredits, floor: Floor = .share(.whole)) {
        self.whenIdle = whenIdle
        self.whenScarce = whenScarce
        self.floor = floor
    }

    /// One price at all times.
    package static func fixed(_ price: Microcredits, floor: Microcredits? = nil) -> Pricing {
        Pricing(whenIdle: price, whenScarce: price, floor: floor.map(Floor.amount) ?? .share(.whole))
    }

    /// What is asked and the least that is accepted.
    ///
    /// - Parameters:
    ///   - scarcity: the part of what may be lent that is not free.
    ///   - factors: shares of the price, such as a notice class's or a borrower's; each is applied to both.
    package func quote(at scarcity: BasisPoints, factors: [BasisPoints] = []) -> (asked: Microcredits, least: Microcredits) {
        let rise = (whenScarce - whenIdle).scaled(by: scarcity.rawValue, over: BasisPoints.whole.rawValue)
        var asked = whenIdle + rise
        var least =
            switch floor {
            case .amount(let amount): min(amount, asked)
            case .share(let share): share.of(asked)
            }
        for factor in factors { (asked, least) = (factor.of(asked), factor.of(least)) }
        asked = min(asked, Bounds.price)
        return (asked, min(least, asked))
    }
}

/// The notice classes a lender offers, each with its price as a share of the plain one. Never empty.
package struct NoticeMenu: Hashable, Codable, Sendable {
    /// By class, in ascending order.
    package let entries: [Entry]

    package struct Entry: Hashable, Codable, Sendable {
        package let notice: NoticeClass
        package let price: BasisPoints
    }

    /// - Precondition: `prices` is not empty.
    package init(_ prices: [NoticeClass: BasisPoints]) {
        precondition(!prices.isEmpty, "a menu without notice classes")
        entries = NoticeClass.allCases.compactMap { notice in prices[notice].map { Entry(notice: notice, price: $0) } }
    }

    /// One class at the plain price.
    package static func only(_ notice: NoticeClass) -> NoticeMenu { NoticeMenu([notice: .whole]) }

    /// The weakest class on offer that is at least as good as the one asked for, the best when none is as good.
    ///
    /// - Parameter allowed: the classes a borrower can have; those of the menu when `nil` or when none is in both.
    package func choose(asked: NoticeClass, allowed: Set<NoticeClass>?) -> Entry {
        let common = entries.filter { allowed?.contains($0.notice) ?? true }
        let choice = common.isEmpty ? entries : common
        return choice.first { $0.notice >= asked } ?? choice[choice.count - 1]
    }

    /// The menu without a class; `nil` when there is no other.
    func without(_ notice: NoticeClass) -> NoticeMenu? {
        let others = entries.filter { $0.notice != notice }
        return others.isEmpty ? nil : NoticeMenu(Dictionary(uniqueKeysWithValues: others.map { ($0.notice, $0.price) }))
    }

    package var classes: Set<NoticeClass> { Set(entries.map(\.notice)) }
}
