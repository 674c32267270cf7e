import Bookkeeping
import Node
import Policy
import Resources
import Trading

// Those who borrow, those who own machines, and the machines.

extension World {
    mutating func somebodyBorrows() {
        guard isBusy else { return }
        schedule(.somebodyBorrows, after: random.span(.zero...scenario.requestEvery * 2))
        let index = Int.random(in: nodes.indices, using: &random)
        guard nodes[index].node != nil else { return }
        let amounts = Amounts(
            cpu: Millicores(Int64.random(in: 1...6000, using: &random)),
            memory: .mebibytes(Int64.random(in: 0...4096, using: &random)))
        var want = Want(
            amounts: amounts,
            least: random.chance(.percent(30)) ? Amounts(cpu: Millicores(amounts.cpu.rawValue / 2), memory: amounts.memory) : nil,
            term: random.span(.seconds(5) ... .minutes(4)),
            maxPrices: Prices(cpu: Microcredits(Int64.random(in: 700_000...2_000_000, using: &random)), memory: 350_000),
            notice: NoticeClass.allCases.randomElement(using: &random) ?? .standard,
            user: "somebody", renewsItself: random.chance(.percent(30)), start: start(at: moment(index).utc),
            nodes: random.chance(scenario.groups) ? Int.random(in: 2...max(2, nodes.count - 1), using: &random) : 1)
        if random.chance(scenario.disks) { store(&want) }
        if random.chance(scenario.deferrals) { want.means = means(at: moment(index).utc, for: want.amounts) }
        if random.chance(scenario.swaps) { swap(&want) }
        let peers = nodes.indices.filter { $0 != index }.map { nodes[$0].id }
        counts.requests += 1
        feed(.borrow(RequestID(at: moment(index).utc, using: &random), want, from: peers), to: index)
    }

    /// Makes it a wish for disk.
    private mutating func store(_ want: inout Want) {
        want.amounts = drawDisk()
        want.least = random.chance(.percent(30)) ? Amounts(disk: Bytes(want.amounts.disk.rawValue / 2)) : want.amounts
        want.maxPrices.disk = Microcredits(Int64.random(in: 70_000...200_000, using: &random))
    }

    private mutating func drawDisk() -> Amounts { Amounts(disk: .mebibytes(Int64.random(in: 1...40_960, using: &random))) }

    /// Makes it a wish for a swap.
    private mutating func swap(_ want: inout Want) {
        let amounts =
            random.chance(scenario.disks)
            ? drawDisk()
            : Amounts(
                cpu: Millicores(Int64.random(in: 1...4000, using: &random)),
                memory: .mebibytes(Int64.random(in: 0...4096, using: &random)))
        (want.start, want.several, want.renewsItself) = (nil, nil, false)
        let exchange = Exchange(amounts: amounts, term: random.span(.seconds(5) ... .minutes(4)), notice: .standard)
        want.means = Means(credits: false, swap: exchange)
    }

    /// When a lease is to begin that is asked for now; at once when `nil`.
    private mutating func start(at now: Timestamp) -> Timestamp? {
        random.chance(scenario.promises) ? now + random.span(.milliseconds(1)...Self.longestWait) : nil
    }

    static let longestWait = Microseconds.minutes(4)

    /// What somebody would owe in kind.
    private mutating func means(at now: Timestamp, for amounts: Amounts) -> Means {
        let from = now + random.span(.seconds(1) ... .minutes(1))
        let share = BasisPoints(Int64.random(in: 1000...10_000, using: &random))
        let isDisk = amounts.disk > .zero
        let deferral = Deferral(
            share: isDisk
                ? ResourceShares(cpu: .zero, memory: .zero, disk: share)
                : ResourceShares(cpu: share, memory: random.chance(.percent(50)) ? share : .zero),
            rate: ResourceShares(.percent(Int64.random(in: 100...200, using: &random))), from: from,
            until: max(from, now + .minutes(5)) + random.span(.seconds(1) ... .minutes(4)), premium: .percent(20))
        return Means(credits: random.chance(.percent(80)), deferral: deferral)
    }

    /// Somebody looks at what is owed in kind: asks for it, or for a change of it.
    mutating func somebodyRedeems() {
        guard isBusy else { return }
        schedule(.somebodyRedeems, after: random.span(.zero...scenario.favourEvery * 2))
        let index = Int.random(in: nodes.indices, using: &random)
        guard let node = nodes[index].node, let obligation = node.obligations.unsettled.values.randomElement(using: &random)
        else {
            return
        }
        let id = obligation.id
        switch Int.random(in: 0..<8, using: &random) {
        case 0: feed(.adjust(id, .cancel(random.chance(.percent(50)) ? nil : obligation.left.halved)), to: index)
        case 1:
            feed(.adjust(id, .postpone(until: obligation.deferral.until + random.span(.seconds(1) ... .minutes(5)))), to: index)
        case 2:
            let opposite = node.obligations.unsettled.values.first {
                $0.debtor == obligation.creditor && $0.creditor == obligation.debtor
            }
            if let opposite { feed(.adjust(id, .offset(against: opposite.id)), to: index) }
        default: redeem(obligation, index)
        }
    }

    private mutating func redeem(_ obligation: Obligation, _ index: Int) {
        let amounts =
            obligation.left.disk > .zero
            ? drawDisk()
            : Amounts(
                cpu: Millicores(Int64.random(in: 100...3000, using: &random)),
                memory: obligation.left.memory > .zero ? .mebibytes(Int64.random(in: 0...1024, using: &random)) : .zero)
        var want = Want(
            amounts: amounts, term: random.span(.seconds(5) ... .minutes(2)),
            maxPrices: Prices(cpu: .credits(2), memory: .credits(1), disk: .credits(1)),
            user: "somebody")
        want.means = Means(redemption: obligation.id)
        counts.requests += 1
        feed(.borrow(RequestID(at: moment(index).utc, using: &random), want, from: [obligation.debtor]), to: index)
    }

    mutating func use(_ leases: [LeaseID], _ index: Int) {
        if leases.count > 1 { counts.groups += 1 }
        for lease in leases { use(lease, index) }
    }

    private mutating func use(_ lease: LeaseID, _ index: Int) {
        counts.leases += 1
        if nodes[index].node?.leases[lease]?.lease.state == .promised { counts.promises += 1 }
        if nodes[index].node?.leases[lease]?.lease.isOfDisk == true { counts.disks += 1 }
        note("lease", index, "\(lease)")
        // Who has gone home gives back what comes too late.
        guard isBusy else { return schedule(.done(node: index, lease), after: .zero) }
        if random.chance(.percent(70)) {
            schedule(.done(node: index, lease), after: random.span(.milliseconds(10) ... .minutes(5)))
        }
        if random.chance(.percent(20)) { schedule(.extend(node: index, lease), after: random.span(.seconds(1) ... .minutes(2))) }
    }

    mutating func changeOwner(_ index: Int) {
        guard isBusy else {
            nodes[index].machine.setOwner(.zero)
            return lookAround(index)
        }
        schedule(.ownerChanges(node: index), after: random.span(.seconds(1) ... .seconds(60)))
        let files = Amounts(disk: Bytes(Int64.random(in: 0...scenario.capacity.disk.rawValue / 2, using: &random)))
        nodes[index].machine.setOwner(drawUse(by: nodes[index].usual) + files)
        if random.chance(.percent(4)) { feed(.policy(otherPolicy(index)), to: index) }
        if random.chance(.percent(2)) {
            feed(.lending(Refusal(term: "warden", reason: "it does not answer", retryAfter: .seconds(30))), to: index)
            schedule(
                .event(node: index, life: nodes[index].life, .lending(nil)), after: random.span(.seconds(1) ... .seconds(30)))
        }
        nodes[index].plays = random.chance(.percent(15))
        if random.chance(.percent(2)) {
            let span = random.span(.seconds(1) ... .minutes(1))
            feed(.pause(by: "owner", for: span, atOnce: random.chance(.percent(30))), to: index)
        }
        guard random.chance(.percent(10)), let lent = lentLeases(index).randomElement(using: &random) else { return }
        feed(.reclaim(lent, atOnce: random.chance(.percent(30)), reason: "the owner needs the machine"), to: index)
    }

    /// What a calm owner uses, more or less, of whom alone much can be foretold; `nil` for an owner of the other half.
    mutating func drawUsual() -> Amounts? {
        guard random.chance(.percent(50)) else { return nil }
        let cpu = BasisPoints.percent(Int64.random(in: 0...30, using: &random)).of(scenario.capacity.cpu)
        return Amounts(
            cpu: cpu, memory: BasisPoints.percent(Int64.random(in: 0...30, using: &random)).of(scenario.capacity.memory))
    }

    private mutating func drawUse(by usual: Amounts?) -> Amounts {
        if let usual {
            let more = BasisPoints.percent(Int64.random(in: 0...2, using: &random))
            return usual + Amounts(cpu: more.of(scenario.capacity.cpu), memory: more.of(scenario.capacity.memory))
        }
        let cpu = Millicores(Int64.random(in: 0...scenario.capacity.cpu.rawValue, using: &random))
        let memory = Bytes(Int64.random(in: 0...scenario.capacity.memory.rawValue / 2, using: &random))
        return Amounts(cpu: random.chance(.percent(60)) ? Millicores(cpu.rawValue / 8) : cpu, memory: memory)
    }

    /// What an owner lends by after a change of mind: never more than at first.
    private mutating func otherPolicy(_ index: Int) -> LendingPolicy {
        var policy = policy(of: index)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: break
        case 4: policy.disk?.share = .percent(Int64.random(in: 10...50, using: &random))
        case 1: policy.cpu?.share = .percent(Int64.random(in: 10...60, using: &random))
        case 2:
            policy.release = ReleaseRule(when: .not(.running(Self.game)))
            if random.chance(.percent(30)) { policy.stop = .letRun }
        default:
            let minute = civil(index).minute
            let window = Window(
                from: ClockTime(minute: minute), to: ClockTime(minute: (minute + 2) % 1440), days: Set(Weekday.allCases))
            policy.cpu?.periods = [.init(window: window, threshold: .percent(40))]
        }
        return policy
    }

    /// What owners sometimes do with their machines.
    static let game = "game"

    private func civil(_ index: Int) -> CivilMinute {
        let minutes = moment(index).utc.microseconds / 60_000_000
        let day = Weekday(rawValue: Int((minutes / 1440 + 3) % 7) + 1) ?? .monday  // 1970 began on a Thursday
        return CivilMinute(day: day, minute: Int(minutes % 1440))
    }

    /// What an owner looks at now and then.
    mutating func lookAround(_ index: Int) {
        feed(.surroundings(Surroundings(civil: civil(index), programs: nodes[index].plays ? [Self.game] : [])), to: index)
    }

    mutating func tickMachine(_ index: Int) {
        if isBusy || !nodes[index].machine.guests.isEmpty { schedule(.machine(node: index), after: .seconds(1)) }
        let ticked = nodes[index].machine.tick(at: now)
        for move in ticked.moves { note("ladder", index, move) }
        checkMachine(index, ticked.usage)
        for end in ticked.ends where nodes[index].node != nil {
            feed(.reclaim(end.lease, atOnce: end.atOnce, reason: end.reason), to: index)
        }
        for lease in ticked.expired {
            let reading = nodes[index].machine.close(lease)
            if nodes[index].node != nil { feed(.guestClosed(lease, reading), to: index) }
        }
        guard nodes[index].node != nil, now.microseconds / 1_000_000 % 2 == 0 else { return }
        lookAround(index)
        feed(.readings(owner: nodes[index].machine.owner, guests: nodes[index].machine.readings), to: index)
    }

    func lentLeases(_ index: Int) -> [LeaseID] {
        (nodes[index].node?.leases.values ?? []).filter { $0.lease.role == .lender && $0.lease.isOpen }.map(\.id)
    }
}
