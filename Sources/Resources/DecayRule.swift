/// What credits lose that nobody uses: of what a peer owed all through a time, a share, and again after each such time (demurrage;
/// S. Gesell, The Natural Economic Order, 1916).
package struct DecayRule: Hashable, Codable, Sendable {
    /// What is lost of it.
    package var rate: BasisPoints
    /// For how long credits stand before they lose anything.
    package var idle: Microseconds

    package static let rates = BasisPoints(1)...BasisPoints.percent(50)
    package static let spans = Microseconds.minutes(1)...Microseconds.days(366)
    /// A month, as in prices of money.
    package static let usualIdle = Microseconds.days(30)

    package init(rate: BasisPoints, idle: Microseconds = Self.usualIdle) {
        self.rate = rate
        self.idle = idle
    }

    package var isWithinBounds: Bool { Self.rates.contains(rate) && Self.spans.contains(idle) }

    /// What so much loses when it has stood idle; rounded down.
    package func loss(of idle: Microcredits) -> Microcredits { rate.of(idle) }

    /// Whether a creditor that has this rule agrees to lose by the other one: by no more, and after no less.
    package func allows(_ other: DecayRule) -> Bool { other.rate <= rate && other.idle >= idle }

    /// What two rules have in common: no more, and no sooner, than by either.
    package func common(with other: DecayRule?) -> DecayRule {
        guard let other else { return self }
        return DecayRule(rate: min(rate, other.rate), idle: max(idle, other.idle))
    }

    /// For people: `2% of what stood idle for 30 d`.
    package var text: String { "\(rate.text) of what stood idle for \(idle.text)" }
}
