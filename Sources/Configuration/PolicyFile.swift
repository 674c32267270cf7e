import Policy
import Resources
import ShippedPolicies

/// A policy as its owner wrote it down.
package struct PolicyFile: Hashable, Sendable {
    package let policy: LendingPolicy
    /// What is allowed but probably not meant, each with its place in the file.
    package let notes: [String]

    /// Reads a policy file.
    package static func load(path: String) throws(ConfigurationError) -> PolicyFile {
        try PolicyFile(bytes: try SourceFile.read(path), file: path)
    }

    /// The policy that comes with the program under that name.
    package static func shipped(_ policy: ShippedPolicy) throws(ConfigurationError) -> PolicyFile {
        try PolicyFile(bytes: policy.bytes, file: "\(policy.rawValue).yaml")
    }

    /// - Parameter file: the name that errors mention.
    package init(bytes: [UInt8], file: String) throws(ConfigurationError) {
        var reader = PolicyReader()
        policy = try reader.policy(from: try YAMLDocument.root(of: bytes, file: file))
        notes = reader.notes
    }
}

/// Reads a policy out of a document, key by key. The first error wins.
private struct PolicyReader {
    private(set) var notes: [String] = []

    private enum Key: String, CaseIterable { case name, lend, credit, borrow }
    private enum LendKey: String, CaseIterable {
        case cpu, memory, to, except, notice, renewable, leases
        case longestTerm = "longest_term"
        case shortestTerm = "shortest_term"
    }
    private enum ResourceKey: String, CaseIterable { case threshold, share, price, floor }
    private enum CreditKey: String, CaseIterable { case grants, owes }
    private enum BorrowKey: String, CaseIterable { case highestPrice = "highest_price" }
    private enum PriceKey: String, CaseIterable { case cpu, memory }
    private enum LendWord: String, CaseIterable { case nothing }
    private enum BorrowersWord: String, CaseIterable { case everyone, nobody }

    mutating func policy(from root: YAMLValue) throws(ConfigurationError) -> LendingPolicy {
        let keys = try root.mapping(of: Key.self)
        var policy = LendingPolicy(name: try Label.read(try keys.required(.name)))
        let lend = try keys.required(.lend)
        if lend.isScalar {
            _ = try lend.choice(of: LendWord.self)
            policy.borrowers = .nobody
        } else {
            try readLending(lend, into: &policy)
        }
        if let credit = keys[.credit] { policy.credit = try Self.credit(credit) }
        if let borrow = keys[.borrow] { policy.borrow = try Self.borrow(borrow) }
        return policy
    }

    private mutating func readLending(_ value: YAMLValue, into policy: inout LendingPolicy) throws(ConfigurationError) {
        let keys = try value.mapping(of: LendKey.self)
        if let cpu = keys[.cpu] { policy.cpu = try rule(cpu) }
        if let memory = keys[.memory] { policy.memory = try rule(memory) }
        guard policy.cpu != nil || policy.memory != nil else {
            throw value.fault("names neither cpu nor memory; name one, or write 'lend: nothing'")
        }
        if policy.cpu == nil || policy.memory == nil {
            notes.append(value.note("lends only one of cpu and memory; programs need both, so none can run here"))
        }
        if let to = keys[.to] { policy.borrowers = try borrowers(to) }
        if let except = keys[.except] { policy.borrowers.except = try members(of: except) }
        if let notice = keys[.notice] { policy.notice = try notice.choice(of: NoticeClass.self) }
        if let renewable = keys[.renewable] { policy.renewable = try renewable.boolean() }
        if let leases = keys[.leases] { policy.maximumLeases = try leases.integer(1...10_000) }
        try readTerms(keys, into: &policy)
    }

    private func readTerms(
        _ keys: YAMLMapping<LendKey>, into policy: inout LendingPolicy
    ) throws(ConfigurationError) {
        let range = Microseconds.seconds(1)...Bounds.term
        if let longest = keys[.longestTerm] { policy.longestTerm = try longest.quantity(range) }
        if let shortest = keys[.shortestTerm] { policy.shortestTerm = try shortest.quantity(range) }
        guard policy.shortestTerm > policy.longestTerm, let culprit = keys[.shortestTerm] ?? keys[.longestTerm] else { return }
        throw culprit.fault(
            "contradicts: the shortest term, \(policy.shortestTerm.text), is above the longest, \(policy.longestTerm.text)")
    }

    private mutating func rule(_ value: YAMLValue) throws(ConfigurationError) -> ResourceRule {
        let keys = try value.mapping(of: ResourceKey.self)
        let share = BasisPoints(1)...BasisPoints.whole
        let price = Microcredits.zero...Bounds.price
        let rule = ResourceRule(
            threshold: try keys.required(.threshold).quantity(share),
            share: try keys.required(.share).quantity(share),
            price: try keys.required(.price).quantity(price),
            floor: try keys[.floor]?.quantity(price))
        if rule.floor > rule.price, let floor = keys[.floor] {
            throw floor.fault("is \(rule.floor.text), above the price of \(rule.price.text); lower one of them")
        }
        if rule.share > rule.threshold, let share = keys[.share] {
            notes.append(
                share.note(
                    "is \(rule.share.text), above the threshold: never more than \(rule.threshold.text) will be lent"))
        }
        return rule
    }

    private func borrowers(_ value: YAMLValue) throws(ConfigurationError) -> Borrowers {
        guard value.isScalar else {
            let list = try members(of: value)
            guard !list.isEmpty else { throw value.fault("is an empty list; write nobody, or name somebody") }
            return Borrowers(.only(list))
        }
        return switch try value.choice(of: BorrowersWord.self) {
        case .everyone: .everyone
        case .nobody: .nobody
        }
    }

    private func members(of value: YAMLValue) throws(ConfigurationError) -> [String] {
        let list = try value.list()
        guard list.count <= 10_000 else { throw value.fault("has more than 10000 entries") }
        var names: [String] = []
        for entry in list { names.append(try Label.read(entry)) }
        return names
    }

    private static func credit(_ value: YAMLValue) throws(ConfigurationError) -> CreditRule {
        let keys = try value.mapping(of: CreditKey.self)
        let range = Microcredits.zero...Bounds.money
        var rule = CreditRule()
        if let grants = keys[.grants] { rule.granted = try grants.quantity(range) }
        if let owes = keys[.owes] { rule.owes = try owes.quantity(range) }
        return rule
    }

    private static func borrow(_ value: YAMLValue) throws(ConfigurationError) -> BorrowRule {
        var rule = BorrowRule()
        guard let prices = try value.mapping(of: BorrowKey.self)[.highestPrice] else { return rule }
        let keys = try prices.mapping(of: PriceKey.self)
        let range = Microcredits.zero...Bounds.price
        if let cpu = keys[.cpu] { rule.maximumPrices.cpu = try cpu.quantity(range) }
        if let memory = keys[.memory] { rule.maximumPrices.memory = try memory.quantity(range) }
        return rule
    }
}
