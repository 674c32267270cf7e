import Policy
import Resources

extension PolicyOutline {
    /// The settings of a rule by which this node borrows, each with its path below the rule.
    static func settings(of rule: AcquisitionRule, from: String) -> [(path: [String], value: String)] {
        var all: [(path: [String], value: String)] = [(["when"], rule.release.when.text)]
        if let until = rule.release.until { all.append((["until"], until.text)) }
        all += [(["cpu"], rule.amounts.cpu.text), (["memory"], rule.amounts.memory.text)]
        if rule.least != rule.amounts {
            all += [(["least", "cpu"], rule.least.cpu.text), (["least", "memory"], rule.least.memory.text)]
        }
        all += [(["nodes"], "\(rule.nodes)"), (["from"], from)]
        if let notice = rule.leastNotice { all.append((["notice"], notice.rawValue)) }
        if let prices = rule.maximumPrices {
            all += [(["highest_price", "cpu"], prices.cpu.text), (["highest_price", "memory"], prices.memory.text)]
        }
        all += [
            (["term"], rule.term.text), (["interval"], rule.interval.text),
            (["pay"], "[" + rule.pays.map(\.rawValue).joined(separator: ", ") + "]"),
        ]
        if let users = rule.users {
            all.append((["users"], "[" + users.sorted().map(PolicyText.quoted).joined(separator: ", ") + "]"))
        }
        guard let budget = rule.budget else { return all }
        all += [(["budget", "credits"], budget.credits.text), (["budget", "per"], budget.period.rawValue)]
        if let atOnce = budget.atOnce { all.append((["budget", "at_once"], atOnce.text)) }
        return all
    }
}
