import Policy
import Resources

// What is lent for something in kind, later or at the same time, and what this node owes in kind.

extension PolicyReader {
    private enum DeferralKey: String, CaseIterable { case share, within, premium }
    private enum InKindKey: String, CaseIterable { case from, rate, most }
    private enum RateWord: String, CaseIterable { case scarcity }
    private enum SwapKey: String, CaseIterable { case takes, from, rate }
    private enum TakesKey: String, CaseIterable { case cpu, memory, disk }
    private enum OwesKey: String, CaseIterable { case cpu, memory, disk }

    /// On which terms anything is owed to this node in kind.
    mutating func deferral(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping(of: DeferralKey.self)
        if let share = keys[.share] { draft.deferral.share = try share.quantity(BasisPoints(1)...BasisPoints.whole) }
        if let within = keys[.within] { draft.deferral.within = try within.quantity(.hours(1)...Deferral.farthest) }
        if let premium = keys[.premium] { draft.deferral.premium = try premium.quantity(.zero...BasisPoints.whole) }
    }

    /// How far a resource is lent for the same later.
    ///
    /// - Parameter amount: reads how much of it may be owed, in its base unit.
    func inKind(
        _ value: YAMLValue, _ amount: (YAMLValue) throws(ConfigurationError) -> Int64
    ) throws(ConfigurationError) -> InKindRule {
        let keys = try value.mapping(of: InKindKey.self)
        var rule = InKindRule(most: try amount(try keys.required(.most)))
        if let from = keys[.from] { rule.from = Borrowers(try admitted(from)) }
        if let rate = keys[.rate] { rule.rate = try self.rate(rate) }
        return rule
    }

    private func rate(_ value: YAMLValue) throws(ConfigurationError) -> InKindRule.Rate {
        guard try value.string().hasSuffix("%") else {
            _ = try value.choice(of: RateWord.self)
            return .scarcity
        }
        return .fixed(try value.quantity(BasisPoints(1)...Deferral.highestRate))
    }

    /// The most of processing that may be owed, in core-microseconds.
    static func coreTime(_ value: YAMLValue) throws(ConfigurationError) -> Int64 {
        try value.quantity(CoreHours.zero...CoreHours(100_000_000)).time.rawValue
    }

    /// The most of memory or disk that may be owed, in MiB-seconds.
    static func memoryTime(_ value: YAMLValue) throws(ConfigurationError) -> Int64 {
        try value.quantity(GiBHours.zero...GiBHours(100_000_000)).time.rawValue
    }

    /// What is taken in return in swaps.
    func swap(_ value: YAMLValue) throws(ConfigurationError) -> SwapRule {
        let keys = try value.mapping(of: SwapKey.self)
        let place = try keys.required(.takes)
        let amounts = try place.mapping(of: TakesKey.self)
        var rule = SwapRule(takes: .zero)
        if let cpu = amounts[.cpu] { rule.takes.cpu = try cpu.quantity(.zero...Bounds.cpu) }
        if let memory = amounts[.memory] { rule.takes.memory = try memory.quantity(.zero...Bounds.memory) }
        if let disk = amounts[.disk] { rule.takes.disk = try disk.quantity(.zero...Bounds.disk) }
        guard rule.takes.isPositive else { throw place.fault("takes nothing; name cpu, memory or disk, or leave 'swap' out") }
        if let from = keys[.from] { rule.from = Borrowers(try admitted(from)) }
        if let rate = keys[.rate] { rule.rate = try rate.quantity(BasisPoints(1)...Deferral.highestRate) }
        return rule
    }

    /// What this node is willing to owe in kind.
    mutating func owes(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping(of: OwesKey.self)
        if let cpu = keys[.cpu] { draft.borrow.owesInKind.cpu = CoreMicroseconds(try Self.coreTime(cpu)) }
        if let memory = keys[.memory] { draft.borrow.owesInKind.memory = MiBSeconds(try Self.memoryTime(memory)) }
        if let disk = keys[.disk] { draft.borrow.owesInKind.disk = MiBSeconds(try Self.memoryTime(disk)) }
    }
}
