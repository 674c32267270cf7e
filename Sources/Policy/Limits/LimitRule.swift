import Resources

/// What a policy allows one subject beyond, or rather below, what it allows everyone.
///
/// All rules that match a borrower hold at the same time: the strictest bound counts. Only the price, the notice classes,
/// the network and what a node may owe are settled by one rule, that of the most specific subject.
package struct LimitRule: Hashable, Codable, Sendable {
    package var subject: Subject
    /// When the rule is in force; always when `nil`.
    package var when: Condition?
    /// Whether the subject gets nothing at all.
    package var refuses: Bool
    /// The most that is lent to the subject at one time.
    package var cpu: Millicores?
    package var memory: Bytes?
    package var disk: Bytes?
    package var leases: Int?
    package var longestTerm: Microseconds?
    /// The most the subject may owe. For a node, or each node of a role, it replaces the policy's general credit limit;
    /// for a group it bounds what its nodes owe together, for users what their unsettled leases may still come to cost.
    package var owes: Microcredits?
    /// The standing below which the subject gets nothing; see ``PeerStanding``.
    package var leastStanding: Int?
    /// What the subject pays, as a share of the price that others pay. May be above the whole.
    package var price: BasisPoints?
    /// The notice classes the subject can have.
    package var notices: Set<NoticeClass>?
    /// Whether the subject's guests may have ``LendingPolicy/network``.
    package var network: Bool?

    package init(
        _ subject: Subject, when: Condition? = nil, refuses: Bool = false, cpu: Millicores? = nil, memory: Bytes? = nil,
        disk: Bytes? = nil,
        leases: Int? = nil, longestTerm: Microseconds? = nil, owes: Microcredits? = nil, leastStanding: Int? = nil,
        price: BasisPoints? = nil,
        notices: Set<NoticeClass>? = nil, network: Bool? = nil
    ) {
        self.subject = subject
        self.when = when
        self.refuses = refuses
        self.cpu = cpu
        self.memory = memory
        self.disk = disk
        self.leases = leases
        self.longestTerm = longestTerm
        self.owes = owes
        self.leastStanding = leastStanding
        self.price = price
        self.notices = notices
        self.network = network
    }
}

extension LimitRule {
    /// What it allows, on one line, for people.
    package var text: String {
        if refuses { return "nothing" }
        var parts: [String] = []
        let most = [cpu?.text, memory?.text, disk.map { "\($0.text) of disk" }].compactMap(\.self)
        if !most.isEmpty { parts.append("at most " + most.joined(separator: " and ")) }
        if let leases { parts.append("\(leases) leases") }
        if let longestTerm { parts.append("terms of \(longestTerm.text)") }
        if let owes { parts.append("\(owes.text) owed") }
        if let leastStanding { parts.append("standing of \(leastStanding) or more") }
        if let price { parts.append("\(price.text) of the price") }
        if let notices { parts.append("notice " + notices.sorted().map(\.rawValue).joined(separator: ", ")) }
        if let network { parts.append("network \(network ? "outbound" : "none")") }
        return parts.joined(separator: "; ")
    }
}

/// What a subject has at one instant, leases and binding offers together.
package struct SubjectTally: Hashable, Codable, Sendable {
    package var amounts: Amounts
    package var leases: Int
    package var owed: Microcredits

    package init(amounts: Amounts = .zero, leases: Int = 0, owed: Microcredits = .zero) {
        self.amounts = amounts
        self.leases = leases
        self.owed = owed
    }

    package static let zero = SubjectTally()
}

/// A rule that binds a borrower, with what its subject has already.
package struct Restriction: Hashable, Codable, Sendable {
    package var rule: LimitRule
    package var tally: SubjectTally

    package init(_ rule: LimitRule, _ tally: SubjectTally = .zero) {
        self.rule = rule
        self.tally = tally
    }

    /// Whether the subject has more than the rule allows, so that it would be less without a lease of `amounts`. The last lease of
    /// exactly as much as is allowed is no excess.
    package func isExceeded(with amounts: Amounts) -> Bool {
        func isMore<Q: Quantity>(_ part: Q, _ taken: Q, _ most: Q?) -> Bool { part > .zero && taken > most ?? taken }
        return isMore(amounts.cpu, tally.amounts.cpu, rule.cpu) || isMore(amounts.memory, tally.amounts.memory, rule.memory)
            || isMore(amounts.disk, tally.amounts.disk, rule.disk) || tally.leases > rule.leases ?? tally.leases
    }
}
