import Resources

/// What an owner makes lending depend on, as it was understood from the policy's text.
///
///     condition  = and { "or" and }
///     and        = held { "and" held }
///     held       = unary [ "for" duration ]
///     unary      = "not" unary | primary
///     primary    = "(" condition ")" | gauge ( "<" | "<=" | ">" | ">=" | "=" | "!=" ) value
///                | "between" time "and" time [ "on" days ] | "on" days | "during" schedule
///                | "running" program | name | "always" | "never"
///     days       = day [ "to" day ] { "," day [ "to" day ] }
package indirect enum Condition: Hashable, Codable, Sendable {
    case always
    case never
    case compare(Gauge, Comparison, Int64)
    /// A program of the owner's that goes by this name, as the kernel knows it.
    case running(String)
    case within(Window)
    /// Whether the inner one has held without a break for so long.
    case lasting(Condition, Microseconds)
    case not(Condition)
    case all([Condition])
    case any([Condition])
    /// One the policy has given a name; `during` tells schedules from conditions.
    case named(String, during: Bool, Condition)

    package enum Comparison: String, Hashable, Codable, Sendable, CaseIterable {
        case less = "<"
        case atMost = "<="
        case more = ">"
        case atLeast = ">="
        case equal = "="
        case unequal = "!="
    }
}

extension Condition.Comparison {
    func holds(_ reading: Int64, _ bound: Int64) -> Bool {
        switch self {
        case .less: reading < bound
        case .atMost: reading <= bound
        case .more: reading > bound
        case .atLeast: reading >= bound
        case .equal: reading == bound
        case .unequal: reading != bound
        }
    }

    /// The bound up to which what has begun to hold goes on holding: a tenth beyond the one that it began at. What is
    /// compared for equality has no such margin.
    func relaxed(_ bound: Int64) -> Int64 {
        let margin = Microseconds(Int64(clamping: bound.magnitude)).scaled(by: 1, over: 10).rawValue
        return switch self {
        case .less, .atMost: bound.addingReportingOverflow(margin).overflow ? .max : bound + margin
        case .more, .atLeast: bound.subtractingReportingOverflow(margin).overflow ? .min : bound - margin
        case .equal, .unequal: bound
        }
    }
}

extension Condition {
    /// How many parts a condition may have once names are replaced by what they stand for.
    package static let mostParts = 512

    /// Parts, itself included, with names replaced by what they stand for.
    package var parts: Int {
        switch self {
        case .always, .never, .compare, .running, .within: 1
        case .lasting(let inner, _), .not(let inner), .named(_, _, let inner): 1 + inner.parts
        case .all(let inner), .any(let inner): inner.reduce(1) { $0 + $1.parts }
        }
    }

    /// Calls `body` with this condition and every part of it, from the outside in.
    package func walk(_ body: (Condition) -> Void) {
        body(self)
        switch self {
        case .always, .never, .compare, .running, .within: break
        case .lasting(let inner, _), .not(let inner), .named(_, _, let inner): inner.walk(body)
        case .all(let inner), .any(let inner): for part in inner { part.walk(body) }
        }
    }

    /// The same from the inside out.
    package func walkInsideOut(_ body: (Condition) -> Void) {
        switch self {
        case .always, .never, .compare, .running, .within: break
        case .lasting(let inner, _), .not(let inner), .named(_, _, let inner): inner.walkInsideOut(body)
        case .all(let inner), .any(let inner): for part in inner { part.walkInsideOut(body) }
        }
        body(self)
    }

    /// The programs whose running it asks about.
    package var programs: Set<String> {
        var names: Set<String> = []
        walk { if case .running(let name) = $0 { names.insert(name) } }
        return names
    }

    /// Whether only the clock and the calendar decide it.
    package var isSchedule: Bool {
        var onlyTime = true
        walk { part in
            switch part {
            case .compare, .running, .lasting: onlyTime = false
            case .always, .never, .within, .not, .all, .any, .named: break
            }
        }
        return onlyTime
    }

    // MARK: As text

    /// As it can be read back; names are kept as names.
    package var text: String { text(within: 0) }

    /// How tightly the outermost part binds: 1 or, 2 and, 3 for, 4 not, 5 the rest.
    private var rank: Int {
        switch self {
        case .any: 1
        case .all: 2
        case .lasting: 3
        case .not: 4
        case .always, .never, .compare, .running, .within, .named: 5
        }
    }

    private func text(within rank: Int) -> String {
        let text = plainText
        return self.rank < rank ? "(\(text))" : text
    }

    private var plainText: String {
        switch self {
        case .always: "always"
        case .never: "never"
        case .compare(let gauge, let comparison, let value):
            "\(gauge.rawValue) \(comparison.rawValue) \(gauge.kind.text(of: value))"
        case .running(let name): "running \(ConditionScanner.isWord(name) ? name : "\"\(name)\"")"
        case .within(let window): window.text
        case .lasting(let inner, let span): "\(inner.text(within: 4)) for \(span.text)"
        case .not(let inner): "not \(inner.text(within: 4))"
        case .all(let parts): parts.map { $0.text(within: 3) }.joined(separator: " and ")
        case .any(let parts): parts.map { $0.text(within: 2) }.joined(separator: " or ")
        case .named(let name, let during, _): during ? "during \(name)" : name
        }
    }
}
