import Policy
import Resources
import TestKit
import Testing

@Suite("The language of conditions")
struct ConditionParserTests {
    private func parse(_ text: String, _ names: ConditionNames = ConditionNames()) throws -> Condition {
        try ConditionParser.parse(text, names: names)
    }

    private var names: ConditionNames {
        var names = ConditionNames()
        names.expect(["later"])
        names.define("office", as: .within(Window(from: .eight, to: .eighteen, days: .weekdays)), isSchedule: true)
        names.define("idle", as: .compare(.users, .equal, 0), isSchedule: false)
        return names
    }

    @Test("The sentence an owner would write is understood as meant")
    func sentence() throws {
        let condition = try parse("cpu.utilisation < 30% for 5m and not between 08:00 and 18:00 on weekdays")
        #expect(
            condition
                == .all([
                    .lasting(.compare(.cpuUtilisation, .less, 3000), .minutes(5)),
                    .not(.within(Window(from: .eight, to: .eighteen, days: .weekdays))),
                ]))
    }

    static let readings: [(String, Gauge, Int64)] = [
        ("cpu.utilisation < 12.5%", .cpuUtilisation, 1250), ("cpu.used < 1.5 cores", .cpuUsed, 1500),
        ("memory.utilisation < 80 %", .memoryUtilisation, 8000), ("memory.free < 4 GiB", .memoryFree, 4 << 30),
        ("disk.free < 500MB", .diskFree, 500_000_000), ("disk.utilisation < 90%", .diskUtilisation, 9000),
        ("load < 0.75", .load, 750), ("load.per_core < 2", .loadPerCore, 2000), ("pressure.cpu < 5%", .cpuPressure, 500),
        ("pressure.memory < 5%", .memoryPressure, 500), ("pressure.io < 5%", .ioPressure, 500), ("users < 3", .users, 3),
        ("users.idle < 1 h 30 min", .usersIdle, 5_400_000_000), ("users.idle < 1h30m", .usersIdle, 5_400_000_000),
        ("battery.charge < 40%", .batteryCharge, 4000), ("network.utilisation < 10%", .networkUtilisation, 1000),
        ("network.spare < 100 Mbit/s", .networkSpare, 100_000_000), ("network.spare < 1Gbit/s", .networkSpare, 1_000_000_000),
    ]

    @Test("Every reading is compared in its own unit, with or without a space before it", arguments: readings)
    func units(_ text: String, _ gauge: Gauge, _ value: Int64) throws {
        #expect(try parse(text) == .compare(gauge, .less, value))
    }

    @Test("Power is compared with a word")
    func power() throws {
        #expect(try parse("power = mains") == .compare(.power, .equal, PowerSource.mains.reading))
        #expect(try parse("power != battery") == .compare(.power, .unequal, PowerSource.battery.reading))
    }

    @Test("'and' binds tighter than 'or', 'not' tighter than 'for', parentheses tightest")
    func precedence() throws {
        let (a, b): (Condition, Condition) = (.running("a"), .running("b"))
        #expect(try parse("running a or running b and always") == .any([a, .all([b, .always])]))
        #expect(try parse("(running a or running b) and always") == .all([.any([a, b]), .always]))
        #expect(try parse("not running a for 1m") == .lasting(.not(a), .minutes(1)))
        #expect(try parse("not (running a for 1m)") == .not(.lasting(a, .minutes(1))))
        #expect(try parse("not not running a") == a)
        #expect(try parse("users < 30 or load < 1") == .any([.compare(.users, .less, 30), .compare(.load, .less, 1000)]))
    }

    @Test("A percent sign ends a number, so that no space is needed behind it")
    func tight() throws {
        #expect(try parse("cpu.utilisation<30%for 5m") == .lasting(.compare(.cpuUtilisation, .less, 3000), .minutes(5)))
    }

    @Test("Days are named one by one, in ranges and in groups")
    func days() throws {
        func days(_ text: String) throws -> Set<Weekday> {
            guard case .within(let window) = try parse("on \(text)") else { return [] }
            return window.days
        }
        #expect(try days("weekdays") == .weekdays)
        #expect(try days("monday to friday") == .weekdays)
        #expect(try days("sat, sun") == [.saturday, .sunday])
        #expect(try days("friday to monday") == [.friday, .saturday, .sunday, .monday])
        #expect(try days("mondays, wed to thu") == [.monday, .wednesday, .thursday])
        #expect(try days("every day").count == 7)
    }

    @Test("Programs are named by a word, or by anything within quotation marks")
    func programs() throws {
        #expect(try parse("running blender") == .running("blender"))
        #expect(try parse("running \"Web Content\"") == .running("Web Content"))
        #expect(try parse("running \"and\"").programs == ["and"])
    }

    @Test("Names stand for what was defined under them")
    func named() throws {
        let office = Condition.within(Window(from: .eight, to: .eighteen, days: .weekdays))
        #expect(try parse("during office", names) == .named("office", during: true, office))
        #expect(try parse("idle for 5m", names).text == "idle for 5 min")
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let text: String
        let part: String
        let message: String
        init(_ text: String, _ part: String, _ message: String) { (self.text, self.part, self.message) = (text, part, message) }
        var testDescription: String { text }
    }

    static let faults = [
        Fault("cpu.utilization < 30%", "cpu.utilization", "did you mean 'cpu.utilisation'?"),
        Fault("cpu.utilisation < 30", "30", "expected a percentage, such as 30%"),
        Fault("cpu.utilisation < 4 GiB", "4", "expected a percentage"),
        Fault("memory.free > 30%", "30%", "expected a size, such as 4 GiB"),
        Fault("users = 1.5", "1.5", "write a whole number"),
        Fault("load < 1 core", "core", "expected 'and', 'or' or the end"),
        Fault("power < mains", "<", "can only be compared with = and !="),
        Fault("power = wind", "wind", "write mains or battery"),
        Fault("cpu.utilisation 30%", "30%", "expected one of < <= > >= = !="),
        Fault("cpu.utilisation <", "", "the condition ends here; expected a percentage"),
        Fault("users = 0 users = 1", "users", "expected 'and', 'or' or the end"),
        Fault("users = 0 and", "", "the condition ends here; expected a reading"),
        Fault("(users = 0", "", "expected ')'"),
        Fault("users = 0)", ")", "expected 'and', 'or' or the end"),
        Fault("", "", "the condition ends here; expected a reading"),
        Fault("users = 0 for 0s", "0s", "write a duration above 0"),
        Fault("users = 0 for 30 d", "30 d", "write a duration above 0 and up to 7 d"),
        Fault("users = 0 for ever", "ever", "expected a duration, such as 5m"),
        Fault("between 8 and 18:00", "8", "expected a time of day, such as 08:00"),
        Fault("between 08:00 and 25:00", "25:00", "expected a time of day"),
        Fault("between 08:00 to 18:00", "to", "expected 'and' between the two times"),
        Fault("between 08:00 and 08:00", "between 08:00 and 08:00", "is empty; write 'between 00:00 and 24:00'"),
        Fault("between 24:00 and 08:00", "between 24:00 and 08:00", "write 00:00 for its beginning"),
        Fault("on funday", "funday", "expected a day: monday to sunday"),
        Fault("on weekdays to sunday", "to", "expected 'and', 'or' or the end"),
        Fault("running /usr/bin/blender", "/", "does not belong here"),
        Fault("running \"blender", "\"", "the quotation mark is never closed"),
        Fault("running abcdefghijklmnop", "abcdefghijklmnop", "in at most 15 bytes"),
        Fault("during idle", "idle", "unknown schedule 'idle'"),
        Fault("office", "office", "is a schedule; write 'during office'"),
        Fault("later", "later", "define what is used before what uses it"),
        Fault("users = 0 & load < 1", "&", "does not belong here"),
        Fault("memory.free > 10%", "10%", "write a size, such as 512 MiB or 2 GiB"),
        Fault("on monday and on tuesday", "on monday and on tuesday", "no time of the week"),
    ]

    @Test("Each fault names the part, what is wrong with it and what to write instead", arguments: faults)
    func fault(_ fault: Fault) throws {
        let error = try #require(throws: ConditionError.self) { try parse(fault.text, names) }
        #expect(error.description.contains(fault.message), "\(error.description)")
        let scalars = Array(fault.text.unicodeScalars)
        let part = scalars[min(error.range.lowerBound, scalars.count)..<min(error.range.upperBound, scalars.count)]
        #expect(String(String.UnicodeScalarView(part)) == fault.part)
        #expect(!error.range.isEmpty)
    }

    @Test("Nesting and size are bounded, also through names")
    func bounds() {
        let deep = String(repeating: "(", count: 40) + "always" + String(repeating: ")", count: 40)
        #expect(throws: ConditionError.self) { try parse(deep) }
        var names = ConditionNames()
        names.define("a0", as: .any([.running("a"), .running("b")]), isSchedule: false)
        var failure: ConditionError?
        for level in 1...12 where failure == nil {
            do throws(ConditionError) {
                let twice = try ConditionParser.parse("a\(level - 1) or a\(level - 1)", names: names)
                names.define("a\(level)", as: twice, isSchedule: false)
            } catch { failure = error }
        }
        #expect(failure?.description.contains("more than 512 parts") == true)
    }

    @Test("What a condition says can be read back, whatever it is")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 7)
        var tried = 0
        for _ in 0..<3000 {
            let condition = Condition.random(depth: 4, using: &random)
            guard condition.contradiction == nil else { continue }
            tried += 1
            #expect(try ConditionParser.parse(condition.text) == condition, "\(condition.text)")
        }
        #expect(tried > 1500)
    }

    @Test("No text brings the parser down or makes it hang")
    func noise() {
        var random = SeededGenerator(seed: 11)
        let words = [
            "cpu.utilisation", "<", ">=", "30%", "and", "or", "not", "for", "5m", "(", ")", "between", "08:00", "on", "monday",
            ",",
            "to", "running", "\"", "x", "power", "mains", "é", "\u{0}", "9999999999999999999999", "during", "%", "1h30", "==",
        ]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                words[Int.random(in: 0..<words.count, using: &random)]
            }.joined(separator: random.chance(.percent(80)) ? " " : "")
            do throws(ConditionError) { _ = try ConditionParser.parse(text) } catch { #expect(!error.description.isEmpty) }
        }
    }
}

extension ClockTime {
    static let eight = ClockTime(minute: 480)
    static let eighteen = ClockTime(minute: 1080)
}

extension Set<Weekday> {
    static let weekdays: Self = [.monday, .tuesday, .wednesday, .thursday, .friday]
}

extension Condition {
    /// Any condition that can be written down.
    static func random(depth: Int, using random: inout SeededGenerator) -> Condition {
        func number(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
        guard depth > 0, !random.chance(.percent(30)) else { return leaf(using: &random) }
        switch number(0...3) {
        case 0:
            let inner = Condition.random(depth: depth - 1, using: &random)
            return .lasting(inner, .seconds(number(1...86_400)))
        case 1:
            let inner = Condition.random(depth: depth - 1, using: &random)
            // two of them cancel out when read
            if case .not = inner { return inner }
            return .not(inner)
        case 2: return .all(parts(depth, using: &random))
        default: return .any(parts(depth, using: &random))
        }
    }

    private static func parts(_ depth: Int, using random: inout SeededGenerator) -> [Condition] {
        (0..<Int.random(in: 2...3, using: &random)).map { _ in .random(depth: depth - 1, using: &random) }
    }

    private static func leaf(using random: inout SeededGenerator) -> Condition {
        switch Int.random(in: 0...4, using: &random) {
        case 0: return random.chance(.percent(50)) ? .always : .never
        case 1: return .running(random.chance(.percent(50)) ? "blender" : "Web Content")
        case 2:
            let from = Int.random(in: 0..<1440, using: &random)
            let to = (from + Int.random(in: 1..<1440, using: &random)) % 1440
            let days = Weekday.allCases.filter { _ in random.chance(.percent(50)) }
            return .within(
                Window(from: ClockTime(minute: from), to: ClockTime(minute: to), days: days.isEmpty ? [.monday] : Set(days)))
        default:
            let gauge = Gauge.allCases[Int.random(in: 0..<Gauge.allCases.count, using: &random)]
            if gauge == .power { return .compare(.power, .equal, Int64.random(in: 0...1, using: &random)) }
            let comparison = Comparison.allCases[Int.random(in: 0..<Comparison.allCases.count, using: &random)]
            return .compare(gauge, comparison, Int64.random(in: 1...9_999, using: &random))
        }
    }
}
