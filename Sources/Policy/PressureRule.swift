import Resources

/// For which share of the time the owner's work may have to wait before guests get less (pressure-stall information).
package struct PressureRule: Hashable, Codable, Sendable {
    /// One bound for each kind of waiting; the whole where waiting moves nothing, for it is never exceeded.
    package struct Shares<Share: Hashable & Codable & Sendable>: Hashable, Codable, Sendable {
        package var cpu: Share
        package var memory: Share
        package var io: Share

        package init(cpu: Share, memory: Share, io: Share) {
            self.cpu = cpu
            self.memory = memory
            self.io = io
        }
    }

    /// A time of the week with bounds of its own; what is not bounded differently is `nil`.
    package struct Period: Hashable, Codable, Sendable {
        package var window: Window
        package var shares: Shares<BasisPoints?>

        package init(window: Window, shares: Shares<BasisPoints?>) {
            self.window = window
            self.shares = shares
        }
    }

    package var shares: Shares<BasisPoints>
    /// No two that overlap say different things about the same kind.
    package var periods: [Period]

    package init(shares: Shares<BasisPoints> = Self.usual, periods: [Period] = []) {
        self.shares = shares
        self.periods = periods
    }

    /// The bounds that hold at a time of the week.
    package func shares(at time: CivilMinute) -> Shares<BasisPoints> {
        var result = shares
        for period in periods where period.window.contains(time) {
            result.cpu = period.shares.cpu ?? result.cpu
            result.memory = period.shares.memory ?? result.memory
            result.io = period.shares.io ?? result.io
        }
        return result
    }

    package static let usual = Shares<BasisPoints>(cpu: .percent(50), memory: .percent(10), io: .percent(30))
    /// Waiting moves nothing.
    package static let ignored = BasisPoints.whole
}
