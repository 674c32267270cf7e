import Policy
import Resources

/// A policy spelled out: every setting that is in force, defaults and included files too, with its path.
package struct PolicyOutline: Hashable, Sendable {
    /// One setting. Where a policy lists several things of a kind, each has its name in brackets: `limits[peer node1].leases`.
    package struct Setting: Hashable, Sendable {
        package let path: [String]
        package let value: String

        /// As it is shown: `lend.cpu.share`.
        package var key: String {
            path.reduce("") { $1.hasPrefix("[") || $0.isEmpty ? $0 + $1 : "\($0).\($1)" }
        }
    }

    /// In the order of a policy file.
    package private(set) var settings: [Setting] = []

    package init(_ policy: LendingPolicy) {
        add(["name"], policy.name)
        addNames(policy)
        for group in policy.limits.groups { add(["groups", group.name], Self.list(group.members)) }
        addLending(policy)
        addLimits(policy.limits.rules)
        add(["credit", "grants"], policy.credit.granted.text)
        if let newcomers = policy.credit.newcomers {
            add(["credit", "newcomers"], newcomers.text)
            add(["credit", "raise"], "\(policy.credit.raise)")
        }
        add(["credit", "owes"], policy.credit.owes.text)
        add(["credit", "net"], policy.credit.nets.rawValue)
        if let decay = policy.credit.decay {
            add(["credit", "decay", "rate"], decay.rate.text)
            add(["credit", "decay", "idle"], decay.idle.text)
        } else {
            add(["credit", "decay"], "never")
        }
        let disputes = policy.credit.disputes
        add(["credit", "disputes", "tolerance"], disputes.tolerance.text)
        add(["credit", "disputes", "drop_after"], disputes.dropAfter?.text ?? PolicyReader.never)
        add(["credit", "disputes", "give_back_after"], disputes.giveBackAfter?.text ?? PolicyReader.never)
        let owes = policy.borrow.owesInKind
        if owes.cpu > .zero { add(["borrow", "owes", "cpu"], CoreHours(owes.cpu).text) }
        if owes.memory > .zero { add(["borrow", "owes", "memory"], GiBHours(owes.memory).text) }
        if owes.disk > .zero { add(["borrow", "owes", "disk"], GiBHours(owes.disk).text) }
        add(["borrow", "highest_price", "cpu"], policy.borrow.maximumPrices.cpu.text)
        add(["borrow", "highest_price", "memory"], policy.borrow.maximumPrices.memory.text)
        add(["borrow", "highest_price", "disk"], policy.borrow.maximumPrices.disk.text)
        for rule in policy.borrow.rules {
            for (path, value) in Self.settings(of: rule, from: rule.from.text) {
                add(["borrow", "rules", "[\(rule.name)]"] + path, value)
            }
        }
        if !policy.hooks.started.isEmpty { add(["hooks", "started"], Self.list(policy.hooks.started)) }
        if !policy.hooks.ended.isEmpty { add(["hooks", "ended"], Self.list(policy.hooks.ended)) }
        if policy.hooks != LeaseHooks() { add(["hooks", "timeout"], policy.hooks.timeout.text) }
    }

    private mutating func add(_ path: [String], _ value: String) { settings.append(Setting(path: path, value: value)) }

    // MARK: Names

    /// The schedules and conditions that are used, each before what uses it.
    private mutating func addNames(_ policy: LendingPolicy) {
        var names: [(section: String, name: String, text: String)] = []
        func collect(_ condition: Condition) {
            condition.walkInsideOut { part in
                guard case .named(let name, let during, let inner) = part, !names.contains(where: { $0.name == name }) else {
                    return
                }
                names.append((during ? "schedules" : "conditions", name, inner.text))
            }
        }
        for condition in policy.conditions { collect(condition) }
        for section in ["schedules", "conditions"] {
            for name in names where name.section == section { add([section, name.name], name.text) }
        }
    }

    // MARK: Lending

    private mutating func addLending(_ policy: LendingPolicy) {
        let rules = [policy.cpu, policy.memory, policy.disk].compactMap(\.self)
        guard policy.lendsAnything || !rules.isEmpty else { return add(["lend"], "nothing") }
        add(policy.release, below: ["lend"])
        if policy.release != nil || rules.contains(where: { $0.release != nil }) {
            add(["lend", "stop"], policy.stop.rawValue)
        }
        add(policy.cpu, below: ["lend", "cpu"]) { CoreHours(CoreMicroseconds($0)).text }
        add(policy.memory, below: ["lend", "memory"]) { GiBHours(MiBSeconds($0)).text }
        add(policy.disk, below: ["lend", "disk"], keptFree: true) { GiBHours(MiBSeconds($0)).text }
        if rules.contains(where: { $0.inKind != nil }) {
            add(["lend", "deferred", "share"], policy.deferral.share.text)
            add(["lend", "deferred", "within"], policy.deferral.within.text)
            add(["lend", "deferred", "premium"], policy.deferral.premium.text)
        }
        if let swap = policy.swap {
            add(["lend", "swap", "takes", "cpu"], swap.takes.cpu.text)
            add(["lend", "swap", "takes", "memory"], swap.takes.memory.text)
            if swap.takes.disk > .zero { add(["lend", "swap", "takes", "disk"], swap.takes.disk.text) }
            add(["lend", "swap", "from"], swap.from.text)
            add(["lend", "swap", "rate"], swap.rate.text)
        }
        add(policy.pressure)
        add(["lend", "reserve"], policy.reserve.text)
        add(["lend", "to"], policy.borrowers.text)
        if !policy.borrowers.except.isEmpty { add(["lend", "except"], Self.list(policy.borrowers.except.sorted())) }
        add(["lend", "longest_term"], policy.longestTerm.text)
        add(["lend", "shortest_term"], policy.shortestTerm.text)
        add(["lend", "renewable"], "\(policy.renewable)")
        if policy.notices.entries.count == 1, policy.notices.entries[0].price == .whole {
            add(["lend", "notice"], policy.notices.entries[0].notice.rawValue)
        } else {
            for entry in policy.notices.entries { add(["lend", "notice", entry.notice.rawValue], entry.price.text) }
        }
        if policy.notices.classes.contains(.firm) { add(["lend", "appetite"], policy.appetite.takenBack.text) }
        add(["lend", "leases"], "\(policy.maximumLeases)")
        add(policy.network)
    }

    private mutating func add(_ pressure: PressureRule) {
        func add(_ path: [String], _ shares: [(name: String, bound: BasisPoints?)]) {
            for (name, bound) in shares { if let bound { self.add(path + [name], PressureRule.text(bound)) } }
        }
        let path = ["lend", "pressure"]
        add(path, pressure.shares.named)
        for period in pressure.periods { add(path + ["times", "[\(period.window.text)]"], period.shares.named) }
    }

    private mutating func add(_ network: OutboundNetwork?) {
        guard let network else { return add(["lend", "network"], "none") }
        add(["lend", "network", "rate"], network.rate.text)
        if !network.allow.isEmpty { add(["lend", "network", "allow"], Self.list(network.allow.map(\.text))) }
    }

    private mutating func add(_ rule: ReleaseRule?, below path: [String]) {
        guard let rule else { return }
        add(path + ["when"], rule.when.text)
        if let until = rule.until { add(path + ["until"], until.text) }
    }

    /// - Parameters:
    ///   - isKeptFree: whether the threshold is said as what is left above it.
    ///   - amount: says how much may be owed of the resource.
    private mutating func add(
        _ rule: ResourceRule?, below path: [String], keptFree isKeptFree: Bool = false, _ amount: (Int64) -> String
    ) {
        guard let rule else { return }
        add(rule.release, below: path)
        if isKeptFree {
            add(path + ["keep_free"], (.whole - rule.threshold).text)
        } else {
            add(path + ["threshold"], rule.threshold.text)
        }
        for period in rule.periods { add(path + ["times", "[\(period.window.text)]", "threshold"], period.threshold.text) }
        add(path + ["share"], rule.share.text)
        let pricing = rule.pricing
        if pricing.whenIdle == pricing.whenScarce {
            add(path + ["price"], pricing.whenIdle.text)
        } else {
            add(path + ["price", "idle"], pricing.whenIdle.text)
            add(path + ["price", "scarce"], pricing.whenScarce.text)
        }
        switch pricing.floor {
        case .amount(let amount): add(path + ["floor"], amount.text)
        case .share(.whole): break
        case .share(let share): add(path + ["floor"], share.text)
        }
        if !rule.takesCredits { add(path + ["credits"], "false") }
        guard let inKind = rule.inKind else { return }
        add(path + ["deferred", "from"], inKind.from.text)
        switch inKind.rate {
        case .fixed(let rate): add(path + ["deferred", "rate"], rate.text)
        case .scarcity: add(path + ["deferred", "rate"], "scarcity")
        }
        add(path + ["deferred", "most"], amount(inKind.most))
    }

    // MARK: Limits

    private mutating func addLimits(_ rules: [LimitRule]) {
        for rule in rules {
            let when = rule.when.map { " when \($0.text)" } ?? ""
            let path = ["limits", "[\(rule.subject.text)\(when)]"]
            if rule.refuses { add(path + ["refuse"], "true") }
            if let cpu = rule.cpu { add(path + ["most", "cpu"], cpu.text) }
            if let memory = rule.memory { add(path + ["most", "memory"], memory.text) }
            if let disk = rule.disk { add(path + ["most", "disk"], disk.text) }
            if let leases = rule.leases { add(path + ["leases"], "\(leases)") }
            if let term = rule.longestTerm { add(path + ["longest_term"], term.text) }
            if let owes = rule.owes { add(path + ["owes"], owes.text) }
            if let standing = rule.leastStanding { add(path + ["standing"], "\(standing)") }
            if let price = rule.price { add(path + ["price"], price.text) }
            if let notices = rule.notices { add(path + ["notice"], Self.list(notices.sorted().map(\.rawValue))) }
            if let network = rule.network { add(path + ["network"], network ? "outbound" : "none") }
        }
    }

    private static func list(_ words: [String]) -> String { "[" + words.map(PolicyText.quoted).joined(separator: ", ") + "]" }

    // MARK: Differences

    /// A setting that is not the same in two policies; `nil` where one does not have it.
    package struct Difference: Hashable, Sendable {
        package let key: String
        package let before: String?
        package let after: String?

        package init(key: String, before: String?, after: String?) {
            self.key = key
            self.before = before
            self.after = after
        }
    }

    /// What changes from this policy to `other`, in the order of a policy file.
    package func differences(to other: PolicyOutline) -> [Difference] {
        let before = Dictionary(settings.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(other.settings.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        var keys = settings.map(\.key)
        keys += other.settings.map(\.key).filter { before[$0] == nil }
        return keys.compactMap { key in
            before[key] == after[key] ? nil : Difference(key: key, before: before[key], after: after[key])
        }
    }
}

extension PressureRule.Shares<BasisPoints> {
    fileprivate var named: [(name: String, bound: BasisPoints?)] { [("cpu", cpu), ("memory", memory), ("io", io)] }
}

extension PressureRule.Shares<BasisPoints?> {
    fileprivate var named: [(name: String, bound: BasisPoints?)] { [("cpu", cpu), ("memory", memory), ("io", io)] }
}

extension Group {
    fileprivate var members: [String] { peers + users.map { "\($0.name)@\($0.node ?? "*")" } }
}

extension Borrowers {
    fileprivate var text: String {
        switch admitted {
        case .everyone: "everyone"
        case .nobody: "nobody"
        case .only(let names): "[" + names.sorted().joined(separator: ", ") + "]"
        }
    }
}
