import Policy
import Resources

/// What one run of an economy is made of. Everything that happens follows from this.
package struct EconomyPlan: Hashable, Sendable {
    /// Participants, those that join later among them; at least 4.
    package var nodes: Int
    /// How long it runs, in days of 24 steps.
    package var days: Int
    package var seed: UInt64
    /// The part of the participants that borrow and never lend.
    package var freeRiders = BasisPoints.percent(10)
    /// The part of them that do the same, and come back under another identity when nobody lends to them any more.
    package var whitewashers = BasisPoints.percent(5)
    /// The part of them that lend and never borrow.
    package var hoarders = BasisPoints.percent(5)
    /// The part of them that join while the run goes on.
    package var newcomers = BasisPoints.percent(10)
    /// About how many others each participant knows; it asks nobody else.
    package var peers = 64
    /// The most that a node may owe a peer that it has not lent anything.
    package var bootstrap: Microcredits = 250_000
    /// So many times what it has lent the peer it may owe it in addition.
    package var raise = 10
    /// The most that it may owe a peer whatever it has lent it, and that it is willing to owe; at least ``bootstrap``.
    package var limit = Microcredits.credits(10)
    /// For so many days after it was admitted the pool gives nobody another identity.
    package var admission = 30
    /// How much is wanted, as a share of what is wanted usually.
    package var demand = BasisPoints.whole

    package init(nodes: Int = 100, days: Int = 365, seed: UInt64 = 1) {
        self.nodes = nodes
        self.days = days
        self.seed = seed
    }

    /// How many participants there are of a kind; what is left over are members.
    package func count(of kind: ParticipantKind) -> Int {
        func part(_ share: BasisPoints) -> Int { Int(share.rawValue) * nodes / Int(BasisPoints.whole.rawValue) }
        return switch kind {
        case .freeRider: part(freeRiders)
        case .whitewasher: part(whitewashers)
        case .hoarder: part(hoarders)
        case .newcomer: part(newcomers)
        case .member:
            nodes - part(freeRiders) - part(whitewashers) - part(hoarders) - part(newcomers)
        }
    }

    /// What everybody lends by who lends at all: the shipped policy `blade` without its disk, which nobody trades here, for terms as
    /// long as a step, and with the limits above.
    package var policy: LendingPolicy {
        LendingPolicy(
            name: "blade", cpu: ResourceRule(threshold: .percent(80), share: .percent(75), price: .credits(1), floor: 800_000),
            memory: ResourceRule(threshold: .percent(75), share: .percent(50), price: 200_000, floor: 160_000),
            longestTerm: EconomyWorld.step,
            credit: CreditRule(granted: limit, newcomers: bootstrap, raise: raise, owes: limit))
    }
}

/// How somebody takes part.
package enum ParticipantKind: String, CaseIterable, Hashable, Codable, Sendable {
    /// Lends what it can spare and borrows what it needs, from the first day on.
    case member
    /// The same, but joins later.
    case newcomer
    /// Lends and never borrows.
    case hoarder
    /// Borrows and never lends.
    case freeRider = "free_rider"
    /// A free rider that leaves its debts behind with its identity.
    case whitewasher

    package var lends: Bool { self == .member || self == .newcomer || self == .hoarder }
    package var borrows: Bool { self != .hoarder }
    /// Whether it does both.
    package var isMutual: Bool { lends && borrows }
}
