import Resources

/// The names that conditions of one policy may use.
package struct ConditionNames: Sendable {
    private var conditions: [String: Condition] = [:]
    private var schedules: [String: Condition] = [:]
    /// Named further down, for a better error.
    private var later: Set<String> = []

    package init() {}

    /// Names that will be defined; until they are, using them is told apart from using what nobody defines.
    package mutating func expect(_ names: Set<String>) { later.formUnion(names) }

    /// Makes a condition usable by its name from here on.
    package mutating func define(_ name: String, as condition: Condition, isSchedule: Bool) {
        later.remove(name)
        if isSchedule { schedules[name] = condition } else { conditions[name] = condition }
    }

    func condition(_ name: String) -> Condition? { conditions[name] }
    func schedule(_ name: String) -> Condition? { schedules[name] }
    func isLater(_ name: String) -> Bool { later.contains(name) }
    var knownConditions: [String] { conditions.keys.sorted() }
    var knownSchedules: [String] { schedules.keys.sorted() }

    /// Why a condition or schedule cannot have this name; `nil` when it can.
    package static func objection(to name: String) -> String? {
        guard ConditionScanner.isWord(name), name.utf8.count <= 63 else {
            return ConditionParser.keywords.contains(name)
                ? "'\(name)' is a word of the language; choose another name"
                : "'\(name.prefix(64))' cannot be a name; write a letter, then letters, digits, points, dashes and underscores"
        }
        return Gauge(rawValue: name) == nil ? nil : "'\(name)' is a reading of the machine; choose another name"
    }
}

/// Understands the text of conditions; the grammar stands at ``Condition``.
package struct ConditionParser {
    static let keywords: Set<String> = [
        "and", "or", "not", "for", "between", "on", "to", "during", "running", "always", "never", "every",
    ]
    private static let deepest = 32

    private let tokens: [ConditionScanner.Token]
    private let names: ConditionNames
    private var position = 0
    private var depth = 0

    /// Reads one condition; the whole text has to belong to it.
    ///
    /// - Throws: the first fault, with its place in `text`.
    package static func parse(_ text: String, names: ConditionNames = ConditionNames()) throws(ConditionError) -> Condition {
        var parser = ConditionParser(tokens: try ConditionScanner.tokens(of: text), names: names)
        let condition = try parser.condition()
        let rest = parser.current
        guard rest.kind == .end else { throw parser.fault("expected 'and', 'or' or the end") }
        let whole = 0..<max(1, text.unicodeScalars.count)
        guard condition.parts <= Condition.mostParts else {
            throw ConditionError(
                whole, "has more than \(Condition.mostParts) parts once its names are spelled out; make it simpler")
        }
        if let contradiction = condition.contradiction { throw ConditionError(whole, contradiction) }
        return condition
    }

    private init(tokens: [ConditionScanner.Token], names: ConditionNames) {
        self.tokens = tokens
        self.names = names
    }

    // MARK: Tokens

    private var current: ConditionScanner.Token { tokens[position] }

    private mutating func advance() { position = min(position + 1, tokens.count - 1) }

    private mutating func skip(word: String) -> Bool {
        guard current.kind == .word, current.text == word else { return false }
        advance()
        return true
    }

    private mutating func skip(sign: String) -> Bool {
        guard current.kind == .sign, current.text == sign else { return false }
        advance()
        return true
    }

    /// The error that something else than what stands here was expected.
    private func fault(_ expectation: String) -> ConditionError {
        let found = current.kind == .end ? "the condition ends here" : "found '\(current.text.prefix(64))'"
        return ConditionError(current.range, "\(found); \(expectation)")
    }

    // MARK: Structure

    private mutating func condition() throws(ConditionError) -> Condition {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw ConditionError(current.range, "is nested deeper than \(Self.deepest) levels") }
        var parts = [try conjunction()]
        while skip(word: "or") { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func conjunction() throws(ConditionError) -> Condition {
        var parts = [try held()]
        while skip(word: "and") { parts.append(try held()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func held() throws(ConditionError) -> Condition {
        let condition = try unary()
        guard skip(word: "for") else { return condition }
        let start = current.range.lowerBound
        let span = Microseconds(try value(of: .span))
        guard span > .zero, span <= .days(7) else {
            throw ConditionError(start..<tokens[position - 1].range.upperBound, "write a duration above 0 and up to 7 d")
        }
        return .lasting(condition, span)
    }

    private mutating func unary() throws(ConditionError) -> Condition {
        var negations = 0
        while skip(word: "not") { negations += 1 }
        let condition = try primary()
        return negations.isMultiple(of: 2) ? condition : .not(condition)
    }

    private mutating func primary() throws(ConditionError) -> Condition {
        if skip(sign: "(") {
            let inner = try condition()
            guard skip(sign: ")") else { throw fault("expected ')' to close the parenthesis") }
            return inner
        }
        guard current.kind == .word else { throw fault("expected a reading such as cpu.utilisation, or a name") }
        if let gauge = Gauge(rawValue: current.text) {
            advance()
            return try comparison(of: gauge)
        }
        switch current.text {
        case "between", "on": return .within(try window())
        case "during": return try schedule()
        case "running": return try program()
        case "always", "never":
            defer { advance() }
            return current.text == "always" ? .always : .never
        default: return try named()
        }
    }

    // MARK: Leaves

    private mutating func comparison(of gauge: Gauge) throws(ConditionError) -> Condition {
        let text = current.text == "==" ? "=" : current.text
        guard current.kind == .sign, let comparison = Condition.Comparison(rawValue: text) else {
            throw fault("expected one of < <= > >= = != after '\(gauge.rawValue)'")
        }
        if gauge.kind == .source, comparison != .equal, comparison != .unequal {
            throw ConditionError(current.range, "'\(gauge.rawValue)' can only be compared with = and !=")
        }
        advance()
        return .compare(gauge, comparison, try value(of: gauge.kind))
    }

    /// A value with its unit, which may stand apart from its number: `4 GiB`, `1 h 30 min`.
    private mutating func value(of kind: Gauge.Kind) throws(ConditionError) -> Int64 {
        let start = current.range.lowerBound
        guard current.kind == .number || (kind == .source && current.kind == .word) else {
            throw fault("expected \(kind.example)")
        }
        var text = ""
        repeat {
            text += (text.isEmpty ? "" : " ") + current.text
            let endsInDigit = current.text.last?.isNumber == true
            advance()
            if endsInDigit, let unit = unit(of: kind) { text += " " + unit }
            if endsInDigit, kind == .share, skip(sign: "%") { text += "%" }
        } while kind == .span && current.kind == .number
        do throws(TextError) { return try kind.value(of: text) } catch {
            throw ConditionError(start..<tokens[position - 1].range.upperBound, "\(error); expected \(kind.example)")
        }
    }

    private mutating func unit(of kind: Gauge.Kind) -> String? {
        guard current.kind == .word else { return nil }
        let unit = current.text
        guard kind.units.contains(unit.lowercased()) else { return nil }
        advance()
        return unit
    }

    private mutating func program() throws(ConditionError) -> Condition {
        advance()
        guard current.kind == .word || current.kind == .quoted else {
            throw fault("expected the name of a program, such as blender or \"my program\"")
        }
        let name = current.text
        guard (1...Self.longestProgram).contains(name.utf8.count), !name.contains("/") else {
            throw ConditionError(
                current.range, "write the name alone, without its path, in at most \(Self.longestProgram) bytes")
        }
        advance()
        return .running(name)
    }

    /// The kernel keeps so many bytes of a program's name.
    private static let longestProgram = 15

    private mutating func schedule() throws(ConditionError) -> Condition {
        advance()
        guard current.kind == .word else { throw fault("expected the name of a schedule") }
        let name = current.text
        guard let schedule = names.schedule(name) else {
            throw unknown("schedule", name, among: names.knownSchedules)
        }
        advance()
        return .named(name, during: true, schedule)
    }

    private mutating func named() throws(ConditionError) -> Condition {
        let name = current.text
        guard let condition = names.condition(name) else {
            if names.schedule(name) != nil {
                throw ConditionError(current.range, "'\(name)' is a schedule; write 'during \(name)'")
            }
            let words = ["between", "on", "during", "running", "always", "never", "not"]
            throw unknown("reading or condition", name, among: Gauge.allCases.map(\.rawValue) + names.knownConditions + words)
        }
        advance()
        return .named(name, during: false, condition)
    }

    private func unknown(_ what: String, _ name: String, among known: [String]) -> ConditionError {
        if names.isLater(name) {
            return ConditionError(
                current.range,
                "'\(name)' is defined in terms of this one or further down; define what is used before what uses it")
        }
        guard !known.isEmpty else { return ConditionError(current.range, "unknown \(what) '\(name)'; none is defined") }
        return ConditionError(current.range, "unknown \(what) '\(name)'" + Spelling.hint(for: name, among: known))
    }

    // MARK: Time

    private mutating func window() throws(ConditionError) -> Window {
        if skip(word: "on") { return .wholeDays(try days()) }
        let start = current.range.lowerBound
        advance()
        let from = try time()
        guard skip(word: "and") else { throw fault("expected 'and' between the two times") }
        let to = try time()
        let range = start..<tokens[position - 1].range.upperBound
        guard from.minute < 1440 else { throw ConditionError(range, "24:00 is the end of a day; write 00:00 for its beginning") }
        guard from != to else {
            throw ConditionError(range, "is empty; write 'between 00:00 and 24:00' for whole days")
        }
        return Window(from: from, to: to, days: skip(word: "on") ? try days() : Set(Weekday.allCases))
    }

    private mutating func time() throws(ConditionError) -> ClockTime {
        guard current.kind == .number, let time = ClockTime(text: current.text) else {
            throw fault("expected a time of day, such as 08:00")
        }
        advance()
        return time
    }

    private mutating func days() throws(ConditionError) -> Set<Weekday> {
        var days: Set<Weekday> = []
        repeat {
            let first = try day()
            guard first.count == 1, let from = first.first, skip(word: "to") else {
                days.formUnion(first)
                continue
            }
            let last = try day()
            guard last.count == 1, let to = last.first else { throw fault("expected a single day after 'to'") }
            var each = from
            while each != to {
                days.insert(each)
                each = each.next
            }
            days.insert(to)
        } while skip(sign: ",")
        return days
    }

    private mutating func day() throws(ConditionError) -> Set<Weekday> {
        if skip(word: "every") {
            guard skip(word: "day") else { throw fault("expected 'day' after 'every'") }
            return Set(Weekday.allCases)
        }
        guard current.kind == .word, let days = Weekday.named(current.text) else {
            throw fault("expected a day: monday to sunday, weekdays, weekends or every day")
        }
        advance()
        return days
    }
}

extension Gauge.Kind {
    /// What a value looks like, for errors.
    var example: String {
        switch self {
        case .share: "a percentage, such as 30%"
        case .cores: "cores, such as 1.5 or 500m"
        case .bytes: "a size, such as 4 GiB"
        case .number: "a number, such as 0.5"
        case .count: "a whole number, such as 0"
        case .span: "a duration, such as 5m or 1h30m"
        case .rate: "a data rate, such as 100 Mbit/s"
        case .source: "mains or battery"
        }
    }
}

extension Weekday {
    var next: Weekday { Weekday(rawValue: rawValue % 7 + 1) ?? .monday }

    /// Days by what people call them: `monday`, `mon`, `mondays`, `weekdays`, `weekends`.
    static func named(_ text: String) -> Set<Weekday>? {
        let text = text.lowercased()
        switch text {
        case "weekday", "weekdays", "workdays": return workdays
        case "weekend", "weekends": return weekend
        default:
            return allCases.first { day in
                let name = day.name.lowercased()
                return text == name || text == name + "s" || text == name.prefix(3)
            }.map { [$0] }
        }
    }
}
