/// Something that POSIX or a manual page says of files, and how it is seen.
struct Rule: Sendable {
    enum Place: Sendable, Hashable {
        /// Everywhere: what fails on a file system of this machine is not a rule.
        case anywhere
        /// On a volume alone, where it is different on purpose.
        case volume
        /// On file systems of this machine alone, where it is different on purpose.
        case local
    }

    let name: String
    /// For whom it holds.
    let accounts: [Account]
    let place: Place
    let check: @Sendable (Scene) throws -> Void
}

/// Rules about one thing.
struct RuleTable: Sendable, CustomStringConvertible {
    let description: String
    let rules: [Rule]

    init(_ description: String, _ fill: (Rules) -> Void) {
        self.description = description
        let rules = Rules()
        fill(rules)
        self.rules = rules.all
    }

    /// What each rule is for each account.
    var count: Int { rules.reduce(0) { $0 + $1.accounts.count } }
}

/// Collects the rules of a table.
final class Rules {
    fileprivate(set) var all: [Rule] = []

    static let both = [Account.root, .owner]
    static let root = [Account.root]
    static let user = [Account.owner]

    /// Adds a rule.
    ///
    /// - Parameter check: throws when the rule does not hold; its scene is an empty directory of the account's own.
    func callAsFunction(
        _ name: String, by accounts: [Account] = Rules.both, on place: Rule.Place = .anywhere,
        _ check: @escaping @Sendable (Scene) throws -> Void
    ) {
        all.append(Rule(name: name, accounts: accounts, place: place, check: check))
    }

    /// Adds the rule that a call is refused.
    ///
    /// - Parameters:
    ///   - numbers: one of them is the error.
    ///   - given: makes what there has to be before.
    func refused(
        _ numbers: Set<Int32>, _ name: String, by accounts: [Account] = Rules.both, on place: Rule.Place = .anywhere,
        _ call: @escaping @Sendable (Scene) throws -> Void, given: @escaping @Sendable (Scene) throws -> Void = { _ in }
    ) {
        self("\(name): \(Fault.names(of: numbers))", by: accounts, on: place) { scene in
            try given(scene)
            try scene.refused(numbers) { try call(scene) }
        }
    }

    func refused(
        _ number: Int32, _ name: String, by accounts: [Account] = Rules.both, on place: Rule.Place = .anywhere,
        _ call: @escaping @Sendable (Scene) throws -> Void, given: @escaping @Sendable (Scene) throws -> Void = { _ in }
    ) { refused([number], name, by: accounts, on: place, call, given: given) }
}
