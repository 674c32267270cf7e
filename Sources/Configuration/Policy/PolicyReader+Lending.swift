import Policy
import Resources

extension PolicyReader {
    private enum LendKey: String, CaseIterable {
        case cpu, memory, disk, pressure, reserve, when, until, stop, to, except, network, notice, appetite, renewable, leases,
            deferred, swap
        case longestTerm = "longest_term"
        case shortestTerm = "shortest_term"
    }
    private enum ResourceKey: String, CaseIterable {
        case threshold, times, share, price, floor, when, until, credits, deferred
    }
    private enum DiskKey: String, CaseIterable {
        case keepFree = "keep_free"
        case share, price, floor, when, until, credits, deferred
    }
    private enum TimeKey: String, CaseIterable { case when, threshold }
    private enum ScarcityKey: String, CaseIterable { case idle, scarce }
    private enum LendWord: String, CaseIterable { case nothing }
    private enum BorrowersWord: String, CaseIterable { case everyone, nobody }

    mutating func readLending(_ value: YAMLValue) throws(ConfigurationError) {
        guard !value.isScalar else {
            _ = try value.choice(of: LendWord.self)
            draft.lends = false
            return
        }
        let keys = try value.mapping(of: LendKey.self)
        draft.lends = true
        draft.lend = value
        if let cpu = keys[.cpu] { try resource(cpu, into: \.cpu, Self.coreTime) }
        if let memory = keys[.memory] { try resource(memory, into: \.memory, Self.memoryTime) }
        if let disk = keys[.disk] { try self.disk(disk) }
        if let deferred = keys[.deferred] { try deferral(deferred) }
        if let swap = keys[.swap] { draft.swap = try self.swap(swap) }
        if let pressure = keys[.pressure] { draft.pressure = try self.pressure(pressure, over: draft.pressure) }
        if let reserve = keys[.reserve] {
            draft.reserve = (try reserve.quantity(BasisPoints(1)...BasisPoints.percent(50)), reserve)
        }
        try release(keys[.when], keys[.until], into: \.release)
        if let stop = keys[.stop] { draft.stop = try stop.choice(of: StopManner.self) }
        if let to = keys[.to] { draft.borrowers.admitted = try admitted(to) }
        if let except = keys[.except] { draft.borrowers.except = try members(of: except) }
        if let network = keys[.network] { draft.network = try self.network(network) }
        if let notice = keys[.notice] { draft.notices = try notices(notice) }
        if let appetite = keys[.appetite] {
            draft.appetite = Appetite(takenBack: try appetite.quantity(BasisPoints(1)...BasisPoints.whole))
        }
        if let renewable = keys[.renewable] { draft.renewable = try renewable.boolean() }
        if let leases = keys[.leases] { draft.maximumLeases = try leases.integer(1...10_000) }
        let range = Self.terms
        if let longest = keys[.longestTerm] {
            draft.longestTerm = try longest.quantity(range)
            draft.termPlaces.longest = longest
        }
        if let shortest = keys[.shortestTerm] {
            draft.shortestTerm = try shortest.quantity(range)
            draft.termPlaces.shortest = shortest
        }
    }

    static var terms: ClosedRange<Microseconds> { .seconds(1)...Bounds.term }

    private mutating func release(
        _ when: YAMLValue?, _ until: YAMLValue?, into draft: WritableKeyPath<PolicyDraft, ReleaseDraft>
    ) throws(ConfigurationError) {
        if let when {
            self.draft[keyPath: draft].when = (try condition(when), when)
            // What an included file says about stopping belongs to its own 'when'.
            self.draft[keyPath: draft].until = nil
        }
        if let until { self.draft[keyPath: draft].until = (try condition(until), until) }
    }

    // MARK: Resources

    /// - Parameter amount: reads how much of the resource may be owed.
    private mutating func resource(
        _ value: YAMLValue, into draft: WritableKeyPath<PolicyDraft, ResourceDraft>,
        _ amount: (YAMLValue) throws(ConfigurationError) -> Int64
    ) throws(ConfigurationError) {
        guard !value.isScalar else { return try lendsNothing(value, of: draft) }
        let keys = try value.mapping(of: ResourceKey.self)
        self.draft[keyPath: draft].place = value
        if let threshold = keys[.threshold] { self.draft[keyPath: draft].threshold = try threshold.quantity(Self.shares) }
        if let times = keys[.times] { self.draft[keyPath: draft].periods = try periods(times) }
        try share(keys[.share], keys[.price], keys[.floor], into: draft)
        try inReturn(keys[.credits], keys[.deferred], into: draft, amount)
        try release(keys[.when], keys[.until], into: draft.appending(path: \.release))
    }

    /// What is on a disk stays there whatever the time of the week: its threshold is said as what is kept free.
    private mutating func disk(_ value: YAMLValue) throws(ConfigurationError) {
        guard !value.isScalar else { return try lendsNothing(value, of: \.disk) }
        let keys = try value.mapping(of: DiskKey.self)
        draft.disk.place = value
        if let free = keys[.keepFree] { draft.disk.threshold = .whole - (try free.quantity(.zero...BasisPoints(9_999))) }
        try share(keys[.share], keys[.price], keys[.floor], into: \.disk)
        try inReturn(keys[.credits], keys[.deferred], into: \.disk, Self.memoryTime)
        try release(keys[.when], keys[.until], into: \.disk.release)
    }

    private static let shares = BasisPoints(1)...BasisPoints.whole

    private mutating func lendsNothing(
        _ value: YAMLValue, of draft: WritableKeyPath<PolicyDraft, ResourceDraft>
    ) throws(ConfigurationError) {
        _ = try value.choice(of: LendWord.self)
        self.draft[keyPath: draft] = self.draft[keyPath: draft].unsaid
    }

    private mutating func share(
        _ share: YAMLValue?, _ price: YAMLValue?, _ floor: YAMLValue?,
        into draft: WritableKeyPath<PolicyDraft, ResourceDraft>
    ) throws(ConfigurationError) {
        if let share { self.draft[keyPath: draft].share = (try share.quantity(Self.shares), share) }
        if let price {
            self.draft[keyPath: draft].price = try self.price(price)
            self.draft[keyPath: draft].floor = nil
        }
        if let floor { self.draft[keyPath: draft].floor = (try self.floor(floor), floor) }
    }

    private mutating func inReturn(
        _ credits: YAMLValue?, _ deferred: YAMLValue?, into draft: WritableKeyPath<PolicyDraft, ResourceDraft>,
        _ amount: (YAMLValue) throws(ConfigurationError) -> Int64
    ) throws(ConfigurationError) {
        if let credits { self.draft[keyPath: draft].takesCredits = (try credits.boolean(), credits) }
        if let deferred { self.draft[keyPath: draft].inKind = try inKind(deferred, amount) }
    }

    /// Times of the week with thresholds of their own.
    private func periods(_ value: YAMLValue) throws(ConfigurationError) -> [ResourceRule.Period] {
        var periods: [(period: ResourceRule.Period, place: YAMLValue)] = []
        for entry in try value.list() {
            let keys = try entry.mapping(of: TimeKey.self)
            let threshold: BasisPoints = try keys.required(.threshold).quantity(BasisPoints(1)...BasisPoints.whole)
            let place = try keys.required(.when)
            for window in try windows(try condition(place), place) {
                if let other = periods.first(where: { $0.period.window.overlap(with: window) != nil }),
                    let minute = other.period.window.overlap(with: window), other.period.threshold != threshold
                {
                    throw place.fault(
                        "contradicts '\(other.period.window.text)': on \(minute.text) both hold, with \(other.period.threshold.text) and \(threshold.text)"
                    )
                }
                periods.append((ResourceRule.Period(window: window, threshold: threshold), place))
            }
        }
        return periods.map(\.period)
    }

    /// A threshold holds without an agent, too: it can depend on the time of the week only.
    func windows(_ condition: Condition, _ place: YAMLValue) throws(ConfigurationError) -> [Window] {
        switch condition {
        case .within(let window): return [window]
        case .named(_, _, let inner): return try windows(inner, place)
        case .any(let parts):
            var all: [Window] = []
            for part in parts { all += try windows(part, place) }
            return all
        default:
            throw place.fault(
                "is no time of the week; write one such as 'between 08:00 and 18:00 on weekdays', or several with 'or'")
        }
    }

    /// One price, or the two between which it follows scarcity.
    private func price(
        _ value: YAMLValue
    ) throws(ConfigurationError) -> (whenIdle: Microcredits, whenScarce: Microcredits) {
        let range = Microcredits.zero...Bounds.price
        guard !value.isScalar else {
            let price = try value.quantity(range)
            return (price, price)
        }
        let keys = try value.mapping(of: ScarcityKey.self)
        let idle: Microcredits = try keys.required(.idle).quantity(range)
        let scarce: Microcredits = try keys.required(.scarce).quantity(range)
        guard idle <= scarce else {
            throw value.fault("contradicts: what is plentiful would cost \(idle.text), what is scarce \(scarce.text)")
        }
        return (idle, scarce)
    }

    private func floor(_ value: YAMLValue) throws(ConfigurationError) -> Pricing.Floor {
        guard try value.string().hasSuffix("%") else { return .amount(try value.quantity(.zero...Bounds.price)) }
        return .share(try value.quantity(.zero...BasisPoints.whole))
    }

    /// One class at the plain price, or classes with their prices.
    private func notices(_ value: YAMLValue) throws(ConfigurationError) -> NoticeMenu {
        guard !value.isScalar else { return .only(try value.choice(of: NoticeClass.self)) }
        let keys = try value.mapping(of: NoticeClass.self)
        var prices: [NoticeClass: BasisPoints] = [:]
        for notice in NoticeClass.allCases {
            if let price = keys[notice] { prices[notice] = try price.quantity(Self.factors) }
        }
        guard !prices.isEmpty else { throw value.fault("names no class; name one") }
        return NoticeMenu(prices)
    }

    /// Prices as shares of a price.
    static var factors: ClosedRange<BasisPoints> { .zero ... .percent(1000) }

    // MARK: Borrowers

    func admitted(_ value: YAMLValue) throws(ConfigurationError) -> Borrowers.Admitted {
        guard value.isScalar else {
            let list = try members(of: value)
            guard !list.isEmpty else { throw value.fault("is an empty list; write nobody, or name somebody") }
            return .only(list)
        }
        return switch try value.choice(of: BorrowersWord.self) {
        case .everyone: .everyone
        case .nobody: .nobody
        }
    }

    func members(of value: YAMLValue) throws(ConfigurationError) -> Set<String> {
        let list = try value.list()
        guard list.count <= 10_000 else { throw value.fault("has more than 10000 entries") }
        var names: Set<String> = []
        for entry in list { names.insert(try Label.read(entry)) }
        return names
    }
}
