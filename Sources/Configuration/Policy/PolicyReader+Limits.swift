import Policy
import Resources

extension PolicyReader {
    private enum LimitKey: String, CaseIterable {
        case `for`, when, refuse, most, leases, owes, standing, price, notice, network
        case longestTerm = "longest_term"
    }
    private enum SubjectKey: String, CaseIterable { case peer, user, group, role }
    private enum SubjectWord: String, CaseIterable {
        case everyone
        case eachPeer = "each peer"
        case eachUser = "each user"
    }
    private enum MostKey: String, CaseIterable { case cpu, memory, disk }

    private static let mostLimits = 10_000

    mutating func limits(_ value: YAMLValue) throws(ConfigurationError) {
        var places: [Key: YAMLValue] = [:]
        var added: [LimitDraft] = []
        for entry in try value.list() {
            let keys = try entry.mapping(of: LimitKey.self)
            let place = try keys.required(.for)
            let condition = try keys[.when].map { value throws(ConfigurationError) in try self.condition(value) }
            for subject in try subjects(place) {
                let key = Key(subject: subject, when: condition)
                if let earlier = places[key] {
                    throw place.fault(
                        "contradicts: \(subject.text) is limited in \(earlier.place) already; make one limit of both")
                }
                places[key] = place
                added.append(LimitDraft(rule: try rule(for: subject, condition, keys, entry), place: entry))
            }
        }
        // What an included file says of the same subject is replaced.
        draft.limits.removeAll { places[Key(subject: $0.rule.subject, when: $0.rule.when)] != nil }
        draft.limits += added
        guard draft.limits.count <= Self.mostLimits else { throw value.fault("has more than \(Self.mostLimits) entries") }
    }

    /// Whom a limit is about and when: two of the same would contradict each other or say the same.
    private struct Key: Hashable {
        let subject: Subject
        let when: Condition?
    }

    private func rule(
        for subject: Subject, _ condition: Condition?, _ keys: YAMLMapping<LimitKey>, _ entry: YAMLValue
    ) throws(ConfigurationError) -> LimitRule {
        var rule = LimitRule(subject, when: condition)
        if let refuse = keys[.refuse] { rule.refuses = try refuse.boolean() }
        if let most = keys[.most] {
            let amounts = try most.mapping(of: MostKey.self)
            rule.cpu = try amounts[.cpu]?.quantity(Millicores.zero...Bounds.cpu)
            rule.memory = try amounts[.memory]?.quantity(Bytes.zero...Bounds.memory)
            rule.disk = try amounts[.disk]?.quantity(Bytes.zero...Bounds.disk)
        }
        rule.leases = try keys[.leases]?.integer(0...10_000)
        rule.longestTerm = try keys[.longestTerm]?.quantity(Self.terms)
        rule.owes = try keys[.owes]?.quantity(Microcredits.zero...Bounds.money)
        rule.leastStanding = try keys[.standing]?.integer(PeerStanding.numbers)
        rule.price = try keys[.price]?.quantity(Self.factors)
        rule.network = try keys[.network].map { value throws(ConfigurationError) in try isNetworkAllowed(value) }
        if let notice = keys[.notice] {
            var classes: Set<NoticeClass> = []
            for entry in notice.isScalar ? [notice] : try notice.list() { classes.insert(try entry.choice(of: NoticeClass.self)) }
            guard !classes.isEmpty else { throw notice.fault("names no class; name one") }
            rule.notices = classes
        }
        let plain = LimitRule(subject, when: condition)
        if let refuse = keys[.refuse], rule.refuses, rule != LimitRule(subject, when: condition, refuses: true) {
            throw refuse.fault("contradicts: what is refused needs no other limit; remove this or the others")
        }
        guard rule != plain else {
            throw entry.fault(
                "limits nothing; add one of most, leases, longest_term, owes, standing, price, notice, network or refuse")
        }
        return rule
    }

    // MARK: Subjects

    private func subjects(_ value: YAMLValue) throws(ConfigurationError) -> [Subject] {
        guard !value.isScalar else {
            return switch try value.choice(of: SubjectWord.self) {
            case .everyone: [.everyone]
            case .eachPeer: [.eachPeer]
            case .eachUser: [.eachUser]
            }
        }
        let keys = try value.mapping(of: SubjectKey.self)
        let given = SubjectKey.allCases.compactMap { key in keys[key].map { (key, $0) } }
        guard given.count == 1 else { throw value.fault("should name one of peer, user, group and role") }
        let (key, names) = given[0]
        var subjects: [Subject] = []
        for name in names.isScalar ? [names] : try names.list() { subjects.append(try subject(key, name)) }
        guard !subjects.isEmpty else { throw names.fault("is an empty list; name somebody") }
        return subjects
    }

    private func subject(_ key: SubjectKey, _ value: YAMLValue) throws(ConfigurationError) -> Subject {
        switch key {
        case .peer: return .peer(try Label.read(value))
        case .role: return .role(try Label.read(value))
        case .user:
            let user = try user(value)
            return .user(user.name, at: user.node)
        case .group:
            let name = try Label.read(value)
            guard groupNames.contains(name) else {
                let known = groupNames.sorted()
                let hint = known.isEmpty ? "; define it under 'groups'" : Spelling.hint(for: name, among: known)
                throw value.fault("is the unknown group '\(name)'" + hint)
            }
            return .group(name)
        }
    }
}
