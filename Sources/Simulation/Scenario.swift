import Node
import Policy
import Resources

/// What one simulated run is made of. Everything that happens follows from this, the seed, and the plan of faults if one is given.
package struct Scenario: Sendable {
    package var nodes: Int
    /// How long people borrow and things fail; afterwards faults stop and the pool must come to rest.
    package var busyFor: Microseconds
    /// How long coming to rest may take.
    package var restWithin: Microseconds
    /// Between two requests, on average, anywhere in the pool.
    package var requestEvery: Microseconds
    /// Between two crashes of an agent or a machine, on average, anywhere in the pool; `nil`: there are none.
    package var crashEvery: Microseconds?
    /// The same for hangs, partitions and bad weather.
    package var disturbedEvery: Microseconds?
    /// Whether clocks differ, and are set.
    package var haveClocks: Bool
    /// Share of pools in which somebody's meters show too much, and of those in which somebody forges messages.
    package var liars: BasisPoints
    /// Share of requests for a term that begins later.
    package var promises: BasisPoints
    /// Share of requests for several nodes at once.
    package var groups: BasisPoints
    /// Share of requests that would owe something in kind.
    package var deferrals: BasisPoints
    /// Share of requests that would lend something in return at the same time.
    package var swaps: BasisPoints
    /// Share of requests for disk, and of swaps for it.
    package var disks: BasisPoints
    /// Whether every second node has a rule by which it borrows itself, while its owner plays.
    package var haveRules = true
    /// What credits lose that stand idle, by the policies of most nodes; `nil`: nothing anywhere.
    package var decay: DecayRule? = DecayRule(rate: .percent(20), idle: .minutes(1))
    /// Between two looks at what is owed in kind, on average, anywhere in the pool: it is redeemed, cancelled, postponed or offset.
    package var favourEvery: Microseconds
    /// Between two looks at what was paid and what is in dispute, on average, anywhere in the pool: it is disputed, accepted or
    /// withdrawn.
    package var disputeEvery: Microseconds
    /// Between two searches for cycles of debts, on average, anywhere in the pool.
    package var netEvery: Microseconds
    /// What the network does while no storm is on.
    package var weather: Weather
    package var commitTime: ClosedRange<Microseconds>
    /// Share of commits that the disk acknowledges before it has written them: a crash loses them, up to the last that was
    /// written in time. No agent can bear that; it is there to see that the checks find it.
    package var unwritten: BasisPoints
    package var rhythm = Rhythm.usual
    package var capacity: Amounts
    package var policy: LendingPolicy

    package init(nodes: Int) {
        self.nodes = nodes
        busyFor = .minutes(6)
        restWithin = .hours(3)
        requestEvery = .seconds(4)
        crashEvery = .seconds(45)
        disturbedEvery = .seconds(60)
        haveClocks = true
        liars = .percent(25)
        promises = .percent(20)
        groups = .percent(15)
        deferrals = .percent(25)
        swaps = .percent(20)
        disks = .percent(15)
        favourEvery = .seconds(8)
        disputeEvery = .seconds(10)
        netEvery = .seconds(10)
        weather = Weather(
            loss: .percent(5), duplication: .percent(5), lateReplay: .percent(1), delay: .milliseconds(1) ... .milliseconds(150))
        commitTime = 200 ... .milliseconds(8)
        unwritten = .zero
        // So that there are forecasts while people borrow.
        rhythm.sample = .seconds(10)
        rhythm.comparing = .minutes(1)
        rhythm.comparingSettled = .seconds(10)
        capacity = Amounts(cpu: .cores(8), memory: .gibibytes(16), disk: .gibibytes(100))
        policy = LendingPolicy(
            name: "simulated",
            cpu: ResourceRule(threshold: .percent(80), share: .percent(75), price: .credits(1), floor: 800_000),
            memory: ResourceRule(threshold: .percent(80), share: .percent(50), price: 200_000),
            disk: ResourceRule(threshold: .percent(70), share: .percent(60), price: 100_000, floor: 80_000),
            longestTerm: .minutes(3),
            notices: NoticeMenu([.elastic: .percent(60), .standard: .whole, .notice: .percent(130), .firm: .percent(150)]),
            maximumLeases: 32,
            credit: CreditRule(
                granted: 600_000, newcomers: 300_000, owes: 600_000, disputes: DisputeRule(dropAfter: .minutes(20))))
        policy.cpu?.inKind = InKindRule(rate: .scarcity, most: 900_000_000)
        policy.memory?.inKind = InKindRule(rate: .fixed(.percent(110)), most: 2_000_000)
        policy.disk?.inKind = InKindRule(rate: .fixed(.percent(110)), most: 8_000_000)
        policy.deferral = DeferralRule(share: .percent(90), within: .minutes(20))
        policy.swap = SwapRule(takes: Amounts(cpu: .cores(4), memory: .gibibytes(6), disk: .gibibytes(40)))
        policy.borrow.owesInKind = Usage(cpu: 1_200_000_000, memory: 2_000_000, disk: 8_000_000)
    }
}
