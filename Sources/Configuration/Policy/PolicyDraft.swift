import Policy
import Resources

/// A policy that is being read: what its files have said so far.
struct PolicyDraft {
    var name: String?
    /// `nil` until some file says whether anything is lent.
    var lends: Bool?
    var cpu = ResourceDraft(key: "cpu")
    var memory = ResourceDraft(key: "memory")
    var disk = ResourceDraft(key: "disk", bound: "keep_free", boundText: "what is not kept free")
    var pressure = PressureRule()
    /// What is kept free of the memory, and where that was said.
    var reserve: (value: BasisPoints, place: YAMLValue)?
    var lend: YAMLValue?
    var release = ReleaseDraft()
    var stop = StopManner.takeBack
    var borrowers = Borrowers.everyone
    var longestTerm = Microseconds.minutes(15)
    var shortestTerm = Microseconds.seconds(1)
    /// Where the terms were last said.
    var termPlaces: (longest: YAMLValue?, shortest: YAMLValue?)
    var renewable = true
    var network: OutboundNetwork?
    var notices = NoticeMenu.only(.standard)
    var appetite = Appetite.usual
    var maximumLeases = 64
    var credit = CreditRule()
    var deferral = DeferralRule()
    var swap: SwapRule?
    var borrow = BorrowRule()
    /// When this node borrows by itself.
    var rules: [RuleDraft] = []
    var hooks = LeaseHooks()
    var groups: [Group] = []
    var limits: [LimitDraft] = []
    /// The whole of the policy's own file.
    var root: YAMLValue?
    private(set) var notes: [String] = []

    /// The policy, once all files are read.
    mutating func finish() throws(ConfigurationError) -> LendingPolicy {
        guard let root else { throw ConfigurationError(file: "policy", "has no file") }
        guard let name else { throw root.fault("needs the key 'name'") }
        guard let lends else { throw root.fault("needs the key 'lend'") }
        var policy = LendingPolicy(
            name: name, stop: stop, borrowers: borrowers, network: network, longestTerm: longestTerm, shortestTerm: shortestTerm,
            renewable: renewable, notices: notices, appetite: appetite, maximumLeases: maximumLeases, credit: credit,
            deferral: deferral, swap: swap, borrow: borrow, hooks: hooks)
        if lends {
            policy.cpu = try cpu.finish(&notes)
            policy.memory = try memory.finish(&notes)
            policy.disk = try disk.finish(&notes)
            policy.pressure = pressure
            if let reserve { policy.reserve = try checked(reserve, below: policy.memory) }
            policy.release = try release.finish()
            try checkLending(policy)
        } else {
            policy.borrowers = .nobody
        }
        for rule in rules { policy.borrow.rules.append(try rule.finish(borrow)) }
        policy.limits = LimitBook(rules: try finishLimits(policy), groups: groups)
        return policy
    }

    /// What is kept free must be free of what owner and guests may use: guests would end without notice before they are throttled.
    /// The usual little goes with any threshold.
    private func checked(
        _ reserve: (value: BasisPoints, place: YAMLValue), below memory: ResourceRule?
    ) throws(ConfigurationError) -> BasisPoints {
        guard let memory, reserve.value > LendingPolicy.usualReserve else { return reserve.value }
        let threshold = memory.periods.reduce(memory.threshold) { max($0, $1.threshold) }
        guard reserve.value + threshold <= .whole else {
            throw reserve.place.fault(
                "contradicts memory.threshold: owner and guests may use \(threshold.text), and \(reserve.value.text) is kept free; lower one of them"
            )
        }
        return reserve.value
    }

    private mutating func checkLending(_ policy: LendingPolicy) throws(ConfigurationError) {
        guard let lend else { return }
        guard policy.cpu != nil || policy.memory != nil || policy.disk != nil else {
            throw lend.fault("names none of cpu, memory and disk; name one, or write 'lend: nothing'")
        }
        if (policy.cpu == nil) != (policy.memory == nil) {
            notes.append(lend.note("lends only one of cpu and memory; programs need both, so none can run here"))
        }
        guard shortestTerm > longestTerm, let culprit = termPlaces.shortest ?? termPlaces.longest else { return }
        throw culprit.fault("contradicts: the shortest term, \(shortestTerm.text), is above the longest, \(longestTerm.text)")
    }

    private func finishLimits(_ policy: LendingPolicy) throws(ConfigurationError) -> [LimitRule] {
        for limit in limits {
            if let term = limit.rule.longestTerm, term < policy.shortestTerm {
                throw limit.place.fault(
                    "contradicts: its longest term, \(term.text), is below the policy's shortest, \(policy.shortestTerm.text)")
            }
            if limit.rule.network == true, policy.network == nil {
                throw limit.place.fault(
                    "contradicts: its guests may have a network, but lend.network is none; write 'network: outbound' under lend")
            }
            if let notices = limit.rule.notices, notices.isDisjoint(with: policy.notices.classes) {
                let offered = policy.notices.entries.map(\.notice.rawValue).joined(separator: ", ")
                throw limit.place.fault("contradicts: none of its notice classes is offered; offered are \(offered)")
            }
        }
        return limits.map(\.rule)
    }
}

/// How one resource is lent, as far as it was said.
struct ResourceDraft {
    let key: String
    /// The key that says how much owner and guests may have together, and what that is called.
    var bound = "threshold"
    var boundText = "the threshold"
    /// Where it was last spoken of; `nil` while it is not lent.
    var place: YAMLValue?
    var threshold: BasisPoints?
    var periods: [ResourceRule.Period] = []
    var share: (value: BasisPoints, place: YAMLValue)?
    var price: (whenIdle: Microcredits, whenScarce: Microcredits)?
    var floor: (value: Pricing.Floor, place: YAMLValue)?
    var release = ReleaseDraft()
    var takesCredits: (value: Bool, place: YAMLValue)?
    var inKind: InKindRule?

    /// The same while nothing has been said of it.
    var unsaid: ResourceDraft { ResourceDraft(key: key, bound: bound, boundText: boundText) }

    func finish(_ notes: inout [String]) throws(ConfigurationError) -> ResourceRule? {
        guard let place else { return nil }
        guard let threshold else { throw place.fault("needs the key '\(bound)'") }
        guard let share else { throw place.fault("needs the key 'share'") }
        guard let price else { throw place.fault("needs the key 'price'") }
        if let floor, case .amount(let amount) = floor.value, amount > price.whenIdle {
            throw floor.place.fault("is \(amount.text), above the price of \(price.whenIdle.text); lower one of them")
        }
        if share.value > threshold {
            notes.append(
                share.place.note("is \(share.value.text), above \(boundText): never more than \(threshold.text) will be lent"))
        }
        let pricing = Pricing(
            whenIdle: price.whenIdle, whenScarce: price.whenScarce, floor: floor?.value ?? .share(.whole))
        if let takesCredits, !takesCredits.value, inKind == nil {
            throw takesCredits.place.fault("leaves nothing to be had in return; add 'deferred' beside it, or write true")
        }
        var rule = ResourceRule(
            threshold: threshold, periods: periods, share: share.value, pricing: pricing, release: try release.finish())
        rule.takesCredits = takesCredits?.value ?? true
        rule.inKind = inKind
        return rule
    }
}

/// When something is released, as far as it was said.
struct ReleaseDraft {
    var when: (condition: Condition, place: YAMLValue)?
    var until: (condition: Condition, place: YAMLValue)?

    /// - Parameters:
    ///   - done: what it lets be done with something, for errors.
    ///   - doing: the same of the doing.
    func finish(doing done: String = "lent", _ doing: String = "lending") throws(ConfigurationError) -> ReleaseRule? {
        guard let when else {
            guard let until else { return nil }
            throw until.place.fault("says when to stop, but nothing says when to start; add 'when' beside it")
        }
        if let until, until.condition.isCertain {
            throw until.place.fault(
                "contradicts 'when': it always holds, so nothing would ever be \(done); leave it out, or say when to stop")
        }
        if let until, let (gauge, reading) = when.condition.overlap(with: until.condition) {
            let value = gauge.kind.text(of: reading)
            throw until.place.fault(
                "contradicts 'when': at '\(gauge.rawValue)' of \(value) both hold, so \(doing) would start and stop in turn")
        }
        return ReleaseRule(when: when.condition, until: until?.condition)
    }
}

/// A limit and where it was set.
struct LimitDraft {
    let rule: LimitRule
    let place: YAMLValue
}
