import Resources

/// What an owner lends, to whom, at which price and within which bounds; and on which terms this node may borrow.
package struct LendingPolicy: Hashable, Codable, Sendable {
    /// A label for people; it has no meaning in decisions.
    package var name: String
    /// How processing is lent; `nil` when it is not.
    package var cpu: ResourceRule?
    /// How memory is lent; `nil` when it is not.
    package var memory: ResourceRule?
    /// How disk is lent; `nil` when it is not.
    package var disk: ResourceRule?
    /// For how long the owner's work may have to wait.
    package var pressure: PressureRule
    /// When less than this part of the memory could be had at once, guests are stopped and ended without notice.
    package var reserve: BasisPoints
    /// When anything is lent at all; always when `nil`.
    package var release: ReleaseRule?
    /// What becomes of running leases when a condition stops the lending.
    package var stop: StopManner
    package var borrowers: Borrowers
    package var limits: LimitBook
    /// What guests may reach beyond the machine, where no limit says otherwise; `nil` for nothing.
    package var network: OutboundNetwork?
    /// The longest term of one lease; longer wishes are countered with it.
    package var longestTerm: Microseconds
    /// The shortest term worth a lease.
    package var shortestTerm: Microseconds
    /// Whether a lease may be renewed at its end, each time for at most ``longestTerm``.
    package var renewable: Bool
    /// The warning that borrowers can get before a lease is ended early, and what it costs.
    package var notices: NoticeMenu
    /// How much of what is promised firmly may be taken back.
    package var appetite: Appetite
    /// The most leases lent at one time.
    package var maximumLeases: Int
    package var credit: CreditRule
    /// On which terms anything is owed to this node in kind.
    package var deferral: DeferralRule
    /// What is taken in return in swaps; nothing when `nil`.
    package var swap: SwapRule?
    package var borrow: BorrowRule
    package var hooks: LeaseHooks

    package init(
        name: String, cpu: ResourceRule? = nil, memory: ResourceRule? = nil, disk: ResourceRule? = nil,
        pressure: PressureRule = PressureRule(),
        reserve: BasisPoints = Self.usualReserve, release: ReleaseRule? = nil,
        stop: StopManner = .takeBack, borrowers: Borrowers = .everyone, limits: LimitBook = LimitBook(),
        network: OutboundNetwork? = nil,
        longestTerm: Microseconds = .minutes(15), shortestTerm: Microseconds = .seconds(1), renewable: Bool = true,
        notices: NoticeMenu = .only(.standard), appetite: Appetite = .usual, maximumLeases: Int = 64,
        credit: CreditRule = CreditRule(), deferral: DeferralRule = DeferralRule(), swap: SwapRule? = nil,
        borrow: BorrowRule = BorrowRule(), hooks: LeaseHooks = LeaseHooks()
    ) {
        self.name = name
        self.cpu = cpu
        self.memory = memory
        self.disk = disk
        self.pressure = pressure
        self.reserve = reserve
        self.release = release
        self.stop = stop
        self.borrowers = borrowers
        self.limits = limits
        self.network = network
        self.longestTerm = longestTerm
        self.shortestTerm = shortestTerm
        self.renewable = renewable
        self.notices = notices
        self.appetite = appetite
        self.maximumLeases = maximumLeases
        self.credit = credit
        self.deferral = deferral
        self.swap = swap
        self.borrow = borrow
        self.hooks = hooks
    }

    package static let usualReserve = BasisPoints.percent(2)

    /// Whether some threshold, or what the owner's work may have to wait, depends on the time of the week.
    package var hasPeriods: Bool { !pressure.periods.isEmpty || [cpu, memory, disk].contains { $0?.periods.isEmpty == false } }

    /// The policy with the thresholds that hold at a time of the week, and at no other.
    package func inForce(at time: CivilMinute) -> LendingPolicy {
        func adjusted(_ rule: ResourceRule?) -> ResourceRule? {
            guard var rule else { return nil }
            rule.threshold = rule.threshold(at: time)
            rule.periods = []
            return rule
        }
        var policy = self
        (policy.cpu, policy.memory, policy.disk) = (adjusted(cpu), adjusted(memory), adjusted(disk))
        policy.pressure = PressureRule(shares: pressure.shares(at: time))
        return policy
    }

    /// Whether anything is lent to anybody.
    package var lendsAnything: Bool { (cpu != nil || memory != nil || disk != nil) && borrowers.admitted != .nobody }

    /// The bound below which owner and guests together are kept, zero for what is not lent.
    package func thresholds(of capacity: Amounts) -> Amounts {
        Amounts(
            cpu: cpu?.threshold.of(capacity.cpu) ?? .zero, memory: memory?.threshold.of(capacity.memory) ?? .zero,
            disk: disk?.threshold.of(capacity.disk) ?? .zero)
    }

    /// The most that is ever lent of `capacity`, when the owner is idle and nothing is promised.
    package func most(of capacity: Amounts) -> Amounts {
        func most<Q: Quantity>(_ rule: ResourceRule?, _ capacity: Q) -> Q {
            rule.map { min($0.share.of(capacity), $0.threshold.of(capacity)) } ?? .zero
        }
        return Amounts(
            cpu: most(cpu, capacity.cpu), memory: most(memory, capacity.memory), disk: most(disk, capacity.disk))
    }

    /// Every condition in it.
    package var conditions: [Condition] {
        ([release, cpu?.release, memory?.release, disk?.release].compactMap(\.self) + borrow.rules.map(\.release))
            .flatMap { [$0.when, $0.until].compactMap(\.self) } + limits.rules.compactMap(\.when)
    }

    /// The programs whose running some condition asks about.
    package var watchedPrograms: Set<String> { conditions.reduce(into: []) { $0.formUnion($1.programs) } }
}

/// How one resource is lent.
package struct ResourceRule: Hashable, Codable, Sendable {
    /// The part of the capacity below which owner and guests together stay.
    package var threshold: BasisPoints
    /// Times of the week at which it is another; no two of them overlap.
    package var periods: [Period]
    /// The most of the capacity that is lent at all, however idle the owner is.
    package var share: BasisPoints
    package var pricing: Pricing
    /// When this resource is lent, in addition to ``LendingPolicy/release``; always when `nil`.
    package var release: ReleaseRule?
    /// Whether credits alone will do for it.
    package var takesCredits = true
    /// How far it is lent for the same later; not at all when `nil`.
    package var inKind: InKindRule?

    /// A time of the week with a threshold of its own.
    package struct Period: Hashable, Codable, Sendable {
        package var window: Window
        package var threshold: BasisPoints

        package init(window: Window, threshold: BasisPoints) {
            self.window = window
            self.threshold = threshold
        }
    }

    package init(
        threshold: BasisPoints, periods: [Period] = [], share: BasisPoints, pricing: Pricing, release: ReleaseRule? = nil
    ) {
        self.threshold = threshold
        self.periods = periods
        self.share = share
        self.pricing = pricing
        self.release = release
    }

    /// The bound that holds at a time of the week.
    package func threshold(at time: CivilMinute) -> BasisPoints {
        periods.first { $0.window.contains(time) }?.threshold ?? threshold
    }

    /// At one price at all times.
    ///
    /// - Parameter floor: no haggling when it is left out.
    package init(threshold: BasisPoints, share: BasisPoints, price: Microcredits, floor: Microcredits? = nil) {
        self.init(threshold: threshold, share: share, pricing: .fixed(price, floor: floor))
    }
}

/// What becomes of running leases when a condition stops the lending.
package enum StopManner: String, Hashable, Codable, Sendable, CaseIterable {
    /// They end after the notice of their class.
    case takeBack = "take_back"
    /// They run to the end of their term and are not renewed.
    case letRun = "let_run"
}

/// How far this node trusts others to pay, and how far it goes into debt itself.
package struct CreditRule: Hashable, Codable, Sendable {
    /// The most any one peer may owe this node, where no limit says otherwise.
    package var granted: Microcredits
    /// The most a peer without any standing may owe; as much as any when `nil`.
    package var newcomers: Microcredits?
    /// What a newcomer may owe rises by so many times what its standing is worth.
    package var raise: Int
    /// The most this node owes any one peer.
    package var owes: Microcredits
    /// Whether debts that go round in a cycle are netted.
    package var nets: NettingManner
    /// What credits lose that stand idle; nothing when `nil`.
    package var decay: DecayRule?
    /// What it disputes, and when it gives way, by itself.
    package var disputes: DisputeRule

    /// With 0 a newcomer remains one; with 1 it may owe in addition just what it has given.
    package static let raises = 0...1000

    package init(
        granted: Microcredits = .credits(10), newcomers: Microcredits? = nil, raise: Int = 10, owes: Microcredits = .credits(10),
        nets: NettingManner = .asked, decay: DecayRule? = nil, disputes: DisputeRule = DisputeRule()
    ) {
        self.granted = granted
        self.newcomers = newcomers
        self.raise = raise
        self.owes = owes
        self.nets = nets
        self.decay = decay
        self.disputes = disputes
    }

    /// The most a peer of this standing may owe: little while it is unknown, for an identity that costs nothing
    /// must not be worth anything (Friedman and Resnick, The social cost of cheap pseudonyms, 2001), and more as it gives.
    package func limit(for standing: PeerStanding) -> Microcredits {
        guard let newcomers else { return granted }
        let raised = standing.worth.scaled(by: Int64(raise), over: 1)
        return raised > granted ? granted : min(granted, newcomers + raised)
    }
}

/// Whether a node takes part when debts that go round in a cycle are netted.
package enum NettingManner: String, Hashable, Codable, Sendable, CaseIterable {
    case never
    /// When a peer, or somebody here, asks for it.
    case asked
    /// Also without being asked: it looks for cycles once a day.
    case daily
}

/// On which terms this node borrows when the request does not say.
package struct BorrowRule: Hashable, Codable, Sendable {
    /// The highest prices that are accepted.
    package var maximumPrices: Prices
    /// The most that this node owes any one peer in kind.
    package var owesInKind: Usage
    /// When this node borrows by itself; no two have the same name.
    package var rules: [AcquisitionRule]

    package init(
        maximumPrices: Prices = Prices(cpu: .credits(2), memory: 500_000, disk: 5_000), owesInKind: Usage = .zero,
        rules: [AcquisitionRule] = []
    ) {
        self.maximumPrices = maximumPrices
        self.owesInKind = owesInKind
        self.rules = rules
    }
}

/// Programs of the owner's that run when a lease is lent and when it ends.
package struct LeaseHooks: Hashable, Codable, Sendable {
    /// A program with its arguments; nothing runs when empty.
    package var started: [String]
    package var ended: [String]
    /// After so long a hook is ended.
    package var timeout: Microseconds

    package init(started: [String] = [], ended: [String] = [], timeout: Microseconds = .seconds(30)) {
        self.started = started
        self.ended = ended
        self.timeout = timeout
    }
}
