import Resources

/// The limits of a policy, found by borrower without looking at each of them.
package struct LimitBook: Hashable, Codable, Sendable {
    /// In the order of the policy file.
    package let rules: [LimitRule]
    package let groups: [Group]

    /// Indices into ``rules``, ascending.
    private var general: [Int] = []
    private var byPeer: [String: [Int]] = [:]
    private var byUser: [String: [Int]] = [:]
    private var byRole: [String: [Int]] = [:]
    private var byGroup: [String: [Int]] = [:]
    /// Indices into ``groups`` by a node's name or id, and by a user's name.
    private var groupsOfPeer: [String: [Int]] = [:]
    private var groupsOfUser: [String: [Int]] = [:]
    private var groupNamed: [String: Int] = [:]

    package init(rules: [LimitRule] = [], groups: [Group] = []) {
        self.rules = rules
        self.groups = groups
        for (index, rule) in rules.enumerated() {
            switch rule.subject {
            case .everyone, .eachPeer, .eachUser: general.append(index)
            case .peer(let name): byPeer[name, default: []].append(index)
            case .user(let name, _): byUser[name, default: []].append(index)
            case .group(let name): byGroup[name, default: []].append(index)
            case .role(let name): byRole[name, default: []].append(index)
            }
        }
        for (index, group) in groups.enumerated() {
            groupNamed[group.name] = index
            for peer in group.peers { groupsOfPeer[peer, default: []].append(index) }
            for user in group.users { groupsOfUser[user.name, default: []].append(index) }
        }
    }

    /// The rules that bind a borrower, as ascending indices into ``rules``, whether in force now or not.
    package func rules(for borrower: Borrower) -> [Int] {
        var found = general
        for name in borrower.nodeNames { found += byPeer[name] ?? [] }
        for index in byUser[borrower.user] ?? [] where applies(rules[index].subject, to: borrower) { found.append(index) }
        for role in borrower.roles { found += byRole[role] ?? [] }
        for group in groups(of: borrower) { found += byGroup[group.name] ?? [] }
        return found.sorted()
    }

    package func group(named name: String) -> Group? { groupNamed[name].map { groups[$0] } }

    private func groups(of borrower: Borrower) -> [Group] {
        let candidates = borrower.nodeNames.flatMap { groupsOfPeer[$0] ?? [] } + (groupsOfUser[borrower.user] ?? [])
        return Set(candidates).sorted().map { groups[$0] }.filter { $0.contains(borrower) }
    }

    private func applies(_ subject: Subject, to borrower: Borrower) -> Bool {
        guard case .user(let name, let node) = subject else { return false }
        return name == borrower.user && (node.map(borrower.isNode) ?? true)
    }

    /// Whether what `other` has counts towards a rule's amounts when `borrower` asks.
    package func counts(_ other: Borrower, towards rule: LimitRule, for borrower: Borrower) -> Bool {
        switch rule.subject {
        case .everyone: true
        case .eachPeer, .peer, .role: other.id == borrower.id
        case .eachUser: other.id == borrower.id && other.user == borrower.user
        case .user: applies(rule.subject, to: other)
        case .group(let name): group(named: name)?.contains(other) ?? false
        }
    }
}

extension [Restriction] {
    /// The most specific rule that says something, the earlier one of two alike.
    func settling<Value>(_ value: (LimitRule) -> Value?) -> Value? {
        var best: (rank: Int, value: Value)?
        for restriction in self {
            guard let value = value(restriction.rule), restriction.rule.subject.rank > best?.rank ?? -1 else { continue }
            best = (restriction.rule.subject.rank, value)
        }
        return best?.value
    }

    /// The smallest of what the rules say.
    func strictest<Value: Comparable>(_ value: (Restriction) -> Value?) -> (value: Value, by: LimitRule)? {
        compactMap { restriction in value(restriction).map { ($0, restriction.rule) } }.min { $0.0 < $1.0 }
    }
}
