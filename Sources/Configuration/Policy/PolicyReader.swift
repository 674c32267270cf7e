import Policy
import Resources
import ShippedPolicies

/// Reads a policy out of a file and those it includes, key by key. The first error wins.
///
/// What is included is read first, so that the including file can change it: single values replace, a limit replaces one for
/// the same subject, and conditions, schedules and groups can be used under their names.
struct PolicyReader {
    private(set) var source = PolicySource()
    var draft = PolicyDraft()
    var names = ConditionNames()
    var groupNames: Set<String> = []
    /// Where each condition, schedule and group was named.
    var definitions: [String: YAMLValue] = [:]
    /// Of those that are being read, outermost first.
    private var open: [String] = []

    private static let deepest = 8

    private enum Key: String, CaseIterable {
        case name, include, schedules, conditions, groups, lend, limits, credit, borrow, hooks
    }

    mutating func read(
        _ name: String, with read: (String) throws(ConfigurationError) -> [UInt8]
    ) throws(ConfigurationError) {
        let bytes = try read(name)
        source.add(name, bytes)
        guard source.size <= SourceFile.largestSize else {
            throw ConfigurationError(file: name, "makes the policy larger than \(SourceFile.largestSize >> 20) MiB in all")
        }
        open.append(name)
        defer { open.removeLast() }
        let root = try YAMLDocument.root(of: bytes, file: name)
        let keys = try root.mapping(of: Key.self)
        if let include = keys[.include] { try self.include(include, from: name, with: read) }
        if let name = keys[.name] { draft.name = try Label.read(name) }
        try define(schedules: keys[.schedules], conditions: keys[.conditions])
        if let groups = keys[.groups] { try self.groups(groups) }
        if let lend = keys[.lend] { try readLending(lend) }
        if let limits = keys[.limits] { try self.limits(limits) }
        if let credit = keys[.credit] { try self.credit(credit) }
        if let borrow = keys[.borrow] { try self.borrow(borrow) }
        if let hooks = keys[.hooks] { try self.hooks(hooks) }
        if open.count == 1 { draft.root = root }
    }

    // MARK: Includes

    private mutating func include(
        _ value: YAMLValue, from name: String, with read: (String) throws(ConfigurationError) -> [UInt8]
    ) throws(ConfigurationError) {
        for entry in value.isScalar ? [value] : try value.list() {
            let path = try entry.string()
            guard path.contains("/") || path.contains(".") else {
                try includeShipped(try entry.choice(of: ShippedPolicy.self), entry)
                continue
            }
            let included = Self.resolve(path, beside: name)
            try check(entry, included)
            try self.read(included) { file throws(ConfigurationError) in
                // A file that is not there is the fault of the line that names it.
                do throws(ConfigurationError) { return try read(file) } catch {
                    throw file == included && error.position == nil ? entry.fault("cannot be included: \(error)") : error
                }
            }
        }
    }

    private mutating func includeShipped(_ policy: ShippedPolicy, _ entry: YAMLValue) throws(ConfigurationError) {
        try check(entry, policy.rawValue)
        try read(policy.rawValue) { _ throws(ConfigurationError) in policy.bytes }
    }

    private func check(_ entry: YAMLValue, _ name: String) throws(ConfigurationError) {
        guard !open.contains(name) else {
            throw entry.fault("goes in a circle: " + (open + [name]).joined(separator: " includes "))
        }
        guard open.count < Self.deepest else { throw entry.fault("is the \(Self.deepest)th level of includes; use fewer") }
        guard source.files.count < PolicySource.mostFiles else {
            throw entry.fault("is one of more than \(PolicySource.mostFiles) files; use fewer")
        }
    }

    /// By their text alone, so that the same names come out where the files are not.
    private static func resolve(_ path: String, beside file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    // MARK: Credit, borrowing, hooks

    private enum CreditKey: String, CaseIterable { case grants, newcomers, raise, owes, net, decay, disputes }
    private enum BorrowKey: String, CaseIterable {
        case owes, rules
        case highestPrice = "highest_price"
    }
    private enum PriceKey: String, CaseIterable { case cpu, memory, disk }
    private enum RulePriceKey: String, CaseIterable { case cpu, memory }
    private enum HookKey: String, CaseIterable { case started, ended, timeout }

    private mutating func credit(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping(of: CreditKey.self)
        let range = Microcredits.zero...Bounds.money
        if let grants = keys[.grants] { draft.credit.granted = try grants.quantity(range) }
        if let newcomers = keys[.newcomers] {
            let limit: Microcredits = try newcomers.quantity(range)
            guard limit <= draft.credit.granted else {
                throw newcomers.fault(
                    "is \(limit.text), above the \(draft.credit.granted.text) that anyone may owe; lower one of them")
            }
            draft.credit.newcomers = limit
        }
        if let raise = keys[.raise] { draft.credit.raise = try raise.integer(CreditRule.raises) }
        if let owes = keys[.owes] { draft.credit.owes = try owes.quantity(range) }
        if let net = keys[.net] { draft.credit.nets = try net.choice(of: NettingManner.self) }
        if let decay = keys[.decay] { draft.credit.decay = try self.decay(decay) }
        if let disputes = keys[.disputes] { try self.disputes(disputes) }
    }

    private mutating func borrow(_ value: YAMLValue) throws(ConfigurationError) {
        let all = try value.mapping(of: BorrowKey.self)
        if let owes = all[.owes] { try self.owes(owes) }
        if let prices = all[.highestPrice] {
            let keys = try prices.mapping(of: PriceKey.self)
            if let cpu = keys[.cpu] { draft.borrow.maximumPrices.cpu = try cpu.quantity(Self.prices) }
            if let memory = keys[.memory] { draft.borrow.maximumPrices.memory = try memory.quantity(Self.prices) }
            if let disk = keys[.disk] { draft.borrow.maximumPrices.disk = try disk.quantity(Self.prices) }
        }
        if let rules = all[.rules] { try self.rules(rules) }
    }

    private static let prices = Microcredits.zero...Bounds.price

    /// What a rule pays at the most, which borrows no disk.
    func highestPrices(_ value: YAMLValue, over usual: Prices) throws(ConfigurationError) -> Prices {
        let keys = try value.mapping(of: RulePriceKey.self)
        var prices = usual
        if let cpu = keys[.cpu] { prices.cpu = try cpu.quantity(Self.prices) }
        if let memory = keys[.memory] { prices.memory = try memory.quantity(Self.prices) }
        return prices
    }

    private mutating func hooks(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping(of: HookKey.self)
        if let started = keys[.started] { draft.hooks.started = try program(started) }
        if let ended = keys[.ended] { draft.hooks.ended = try program(ended) }
        if let timeout = keys[.timeout] { draft.hooks.timeout = try timeout.quantity(.seconds(1) ... .minutes(10)) }
    }

    private func program(_ value: YAMLValue) throws(ConfigurationError) -> [String] {
        var words: [String] = []
        for word in value.isScalar ? [value] : try value.list() { words.append(try word.string()) }
        guard words.count <= 64 else { throw value.fault("has more than 64 arguments") }
        guard let program = words.first, program.hasPrefix("/") else {
            throw value.fault("should be a program by its absolute path, alone or as the first of a list with its arguments")
        }
        return words
    }
}
