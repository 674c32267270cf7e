import Resources
import TestKit
import Testing

@testable import Policy

@Suite("What contradicts itself in a condition")
struct ContradictionTests {
    @Test(
        "Parts that exclude each other are named in the words of the policy",
        arguments: [
            (
                "cpu.utilisation < 10% and users = 0 and cpu.utilisation > 20%",
                "'cpu.utilisation < 10%' and 'cpu.utilisation > 20%' exclude each other"
            ),
            (
                "cpu.utilisation < 10% and not cpu.utilisation < 20%",
                "'cpu.utilisation < 10%' and 'not cpu.utilisation < 20%' exclude each other"
            ),
            ("running x and not running x", "'running x' and 'not running x' exclude each other"),
            ("not (running x or users = 0) and users = 0", "'not users = 0' and 'users = 0' exclude each other"),
            ("power = mains and power != mains", "'power = mains' and 'power != mains' exclude each other"),
            ("power != battery and power != mains", "'power != battery' and 'power != mains' exclude each other"),
            ("users = 0 for 5 min and users > 0", "'users = 0' and 'users > 0' exclude each other"),
            ("running x for 5 min and not (running x for 5 min)", "'running x for 5 min' and 'not (running x for 5 min)'"),
            ("users > 3 and (users = 1 or users = 2)", "'users > 3' and 'users = 1' exclude each other"),
            ("(users < 1 and users > 1) or (running x and not running x)", "'users < 1' and 'users > 1' exclude each other"),
        ])
    func exclusion(text: String, message: String) throws {
        let error = try #require(throws: ConditionError.self, "\(text)") { try ConditionParser.parse(text) }
        #expect(error.description.contains("can never hold: \(message)"), "\(error)")
    }

    @Test(
        "A comparison that the range of its gauge decides is told",
        arguments: [
            ("cpu.utilisation < 0%", "'cpu.utilisation < 0%' can never hold: 'cpu.utilisation' is always from 0% to 100%"),
            ("cpu.utilisation > 150%", "'cpu.utilisation > 150%' can never hold: 'cpu.utilisation' is always from 0% to 100%"),
            ("running x or battery.charge > 100%", "'battery.charge > 100%' can never hold"),
            ("users < 0", "'users < 0' can never hold: 'users' is never below 0"),
            ("not users >= 0", "'users >= 0' always holds: 'users' is never below 0"),
            ("memory.utilisation <= 100%", "'memory.utilisation <= 100%' always holds"),
        ])
    func range(text: String, message: String) throws {
        let error = try #require(throws: ConditionError.self, "\(text)") { try ConditionParser.parse(text) }
        #expect(error.description.contains(message), "\(error)")
    }

    @Test(
        "Windows without a time in common are found, also behind negations",
        arguments: [
            "on monday and not on weekdays", "not (on weekdays or on weekends)", "on monday and (on tuesday or on friday)",
        ])
    func windows(text: String) throws {
        let error = try #require(throws: ConditionError.self, "\(text)") { try ConditionParser.parse(text) }
        #expect(error.description.contains("no time of the week"), "\(error)")
    }

    @Test(
        "What can hold is left alone",
        arguments: [
            "never", "always", "not always", "users = 0 and never", "cpu.utilisation <= 0%", "cpu.utilisation >= 100%",
            "users != 0 and users < 2", "running x and not running y", "running x or not running x",
            "running x and not (running x for 5 min)", "not (running x and users = 0) and running x",
            "users > 3 and (users = 1 or users = 5)", "not on monday and on weekdays", "power != mains",
        ])
    func possible(text: String) { #expect(throws: Never.self) { try ConditionParser.parse(text) } }

    @Test(
        "What holds whatever is measured is known",
        arguments: [
            ("always", true), ("not never", true), ("users = 0 or not users = 0", true), ("users < 5 or users > 2", true),
            ("on weekdays or on weekends", true), ("running x or always", true), ("users = 0", false), ("never", false),
            ("always and users = 0", false), ("on weekdays", false),
        ])
    func certainty(text: String, isCertain: Bool) throws {
        #expect(try ConditionParser.parse(text).isCertain == isCertain)
    }

    @Test("What is called a contradiction is met by no readings, what is called certain by all")
    func soundness() {
        var random = SeededGenerator(seed: 23)
        var (contradictions, certainties) = (0, 0)
        for _ in 0..<4000 {
            let condition = Condition.random(depth: 3, using: &random)
            let (isContradiction, isCertain) = (condition.contradiction != nil, condition.isCertain)
            guard isContradiction || isCertain else { continue }
            contradictions += isContradiction ? 1 : 0
            certainties += isCertain ? 1 : 0
            for _ in 0..<20 {
                let holds = Self.holds(condition, in: Self.surroundings(using: &random))
                #expect(holds != isContradiction || isCertain, "\(condition.text)")
                #expect(holds || !isCertain, "\(condition.text)")
            }
        }
        #expect(contradictions > 20 && certainties > 100)
    }

    /// Whether it holds once everything has been as it is for longer than any part asks.
    private static func holds(_ condition: Condition, in surroundings: Surroundings) -> Bool {
        var clock = ConditionClock()
        _ = clock.judge(condition, by: surroundings, at: Instant(microseconds: 0))
        let later = Instant(microseconds: Microseconds.days(30).rawValue)
        return clock.judge(condition, by: surroundings, at: later).truth == .holds
    }

    private static func surroundings(using random: inout SeededGenerator) -> Surroundings {
        let minute = CivilMinute(
            day: Weekday.allCases[Int.random(in: 0..<7, using: &random)], minute: .random(in: 0..<1440, using: &random))
        let programs = ["blender", "Web Content"].filter { _ in random.chance(.percent(50)) }
        var result = Surroundings(civil: minute, programs: Set(programs))
        for gauge in Gauge.allCases {
            result[gauge] = .random(in: 0...min(10_000, gauge.range.upperBound), using: &random)
        }
        return result
    }
}

@Suite("Times of the week")
struct WindowTests {
    @Test("Spans are counted from Monday on, over midnight and over the turn of the week")
    func spans() {
        let night = Window(from: ClockTime(minute: 1320), to: ClockTime(minute: 120), days: [.monday, .sunday])
        #expect(night.minutesOfWeek == [1320..<1560, 9960..<10_200])
        #expect(Window.wholeDays([.tuesday]).minutesOfWeek == [1440..<2880])
    }

    @Test("Two meet where one begins within the other, also after midnight")
    func overlap() {
        let night = Window(from: ClockTime(minute: 1320), to: ClockTime(minute: 120), days: [.friday])
        #expect(night.overlap(with: .wholeDays([.saturday])) == CivilMinute(day: .saturday, minute: 0))
        #expect(night.overlap(with: .wholeDays([.sunday])) == nil)
        let early = Window(from: ClockTime(minute: 60), to: ClockTime(minute: 70), days: [.saturday])
        #expect(early.overlap(with: night) == CivilMinute(day: .saturday, minute: 60))
    }
}
