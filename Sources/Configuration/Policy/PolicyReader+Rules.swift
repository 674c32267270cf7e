import Policy
import Resources

// When this node borrows by itself.

extension PolicyReader {
    private enum RuleKey: String, CaseIterable {
        case name, when, until, cpu, memory, least, nodes, from, notice, term, pay, budget, interval, users
        case highestPrice = "highest_price"
    }
    private enum LeastKey: String, CaseIterable { case cpu, memory }
    private enum BudgetKey: String, CaseIterable {
        case credits, per
        case atOnce = "at_once"
    }

    /// Rules of an included file that are not named again stay.
    mutating func rules(_ value: YAMLValue) throws(ConfigurationError) {
        var places: [String: YAMLValue] = [:]
        for entry in try value.list() {
            let rule = try rule(entry)
            if let earlier = places[rule.name] {
                throw entry.fault("contradicts: rule '\(rule.name)' is in \(earlier.place) already; choose another name")
            }
            places[rule.name] = entry
            draft.rules.removeAll { $0.rule.name == rule.name }
            draft.rules.append(RuleDraft(rule: rule, place: entry))
        }
        guard draft.rules.count <= AcquisitionRule.most else {
            throw value.fault("has more than \(AcquisitionRule.most) rules")
        }
    }

    private func rule(_ value: YAMLValue) throws(ConfigurationError) -> AcquisitionRule {
        let keys = try value.mapping(of: RuleKey.self)
        var gate = ReleaseDraft()
        let when = try keys.required(.when)
        gate.when = (try condition(when), when)
        if let until = keys[.until] { gate.until = (try condition(until), until) }
        guard let release = try gate.finish(doing: "borrowed", "borrowing") else { throw when.fault("says nothing") }
        let amounts = Amounts(
            cpu: try keys.required(.cpu).quantity(Millicores(1)...Bounds.cpu),
            memory: try keys.required(.memory).quantity(.mebibytes(1)...Bounds.memory))
        var rule = AcquisitionRule(name: try Label.read(try keys.required(.name)), release: release, amounts: amounts)
        if let least = keys[.least] { rule.least = try self.least(least, of: amounts) }
        if let nodes = keys[.nodes] { rule.nodes = try nodes.integer(1...16) }
        if let from = keys[.from] { rule.from = Borrowers(try admitted(from)) }
        if let notice = keys[.notice] { rule.leastNotice = try notice.choice(of: NoticeClass.self) }
        if let price = keys[.highestPrice] { rule.maximumPrices = try highestPrices(price, over: draft.borrow.maximumPrices) }
        if let term = keys[.term] { rule.term = try term.quantity(AcquisitionRule.shortestTerm...Bounds.term) }
        if let interval = keys[.interval] { rule.interval = try interval.quantity(.seconds(1) ... .days(1)) }
        if let pay = keys[.pay] { rule.pays = try payments(pay) }
        if let users = keys[.users] { rule.users = try names(of: users) }
        rule.budget = try keys[.budget].map { value throws(ConfigurationError) in try budget(value) }
        guard rule.budget != nil || rule.pays == [.obligations] else {
            throw value.fault("may cost credits and needs the key 'budget'; or write 'pay: [obligations]'")
        }
        return rule
    }

    private func least(_ value: YAMLValue, of amounts: Amounts) throws(ConfigurationError) -> Amounts {
        let keys = try value.mapping(of: LeastKey.self)
        var least = amounts
        if let cpu = keys[.cpu] { least.cpu = try cpu.quantity(Millicores(1)...amounts.cpu) }
        if let memory = keys[.memory] { least.memory = try memory.quantity(.mebibytes(1)...amounts.memory) }
        return least
    }

    private func names(of value: YAMLValue) throws(ConfigurationError) -> Set<String> {
        var names: Set<String> = []
        for entry in value.isScalar ? [value] : try value.list() {
            guard names.insert(try entry.string(longest: 256)).inserted else { throw entry.fault("is there twice") }
        }
        guard !names.isEmpty else { throw value.fault("is an empty list; name somebody, or leave it out for everybody") }
        return names
    }

    private func payments(_ value: YAMLValue) throws(ConfigurationError) -> [AcquisitionRule.Payment] {
        var pays: [AcquisitionRule.Payment] = []
        for entry in value.isScalar ? [value] : try value.list() {
            let payment = try entry.choice(of: AcquisitionRule.Payment.self)
            guard !pays.contains(payment) else { throw entry.fault("is there twice") }
            pays.append(payment)
        }
        guard !pays.isEmpty else { throw value.fault("is an empty list; name a way to pay") }
        return pays
    }

    private func budget(_ value: YAMLValue) throws(ConfigurationError) -> AcquisitionRule.Budget {
        let keys = try value.mapping(of: BudgetKey.self)
        var budget = AcquisitionRule.Budget(
            credits: try keys.required(.credits).quantity(Microcredits(1)...Bounds.money),
            period: try keys.required(.per).choice(of: AcquisitionRule.Period.self))
        guard let atOnce = keys[.atOnce] else { return budget }
        let most: Microcredits = try atOnce.quantity(Microcredits(1)...Bounds.money)
        guard most <= budget.credits else {
            throw atOnce.fault("is \(most.text), above the \(budget.credits.text) of the whole budget; lower one of them")
        }
        budget.atOnce = most
        return budget
    }
}

/// A rule and where it was set.
struct RuleDraft {
    let rule: AcquisitionRule
    let place: YAMLValue

    /// Checks it against the rest of the policy.
    func finish(_ borrow: BorrowRule) throws(ConfigurationError) -> AcquisitionRule {
        guard !rule.pays.contains(.deferred) || borrow.owesInKind != .zero else {
            throw place.fault("pays 'deferred', but this node owes nothing in kind; add 'borrow.owes'")
        }
        return rule
    }
}
