import Resources
import Testing

@testable import surplus

@Suite struct TimeTextTests {
    /// 2026-11-21T07:58:17Z, on a machine one hour east of Greenwich.
    private let now = Timestamp(microseconds: 1_795_247_897_000_000)
    private let offset = Microseconds.hours(1)

    private func toCome(_ text: String) throws -> String {
        CivilDate(try TimeText.toCome(text, now: now, utcOffset: offset)).rfc3339Seconds
    }

    @Test(
        "a time to come is a span, the next time of day, or a date, in this machine's zone unless another is named",
        arguments: [
            ("+2h", "2026-11-21T09:58:17Z"), ("+90s", "2026-11-21T07:59:47Z"), ("18:30", "2026-11-21T17:30:00Z"),
            ("08:58", "2026-11-22T07:58:00Z"), ("08:59", "2026-11-21T07:59:00Z"), ("08:58:30", "2026-11-21T07:58:30Z"),
            ("2026-12-01T18:30", "2026-12-01T17:30:00Z"), ("2026-12-01 18:30", "2026-12-01T17:30:00Z"),
            ("2026-12-01T18:30Z", "2026-12-01T18:30:00Z"), ("2026-12-01T18:30:15-02:30", "2026-12-01T21:00:15Z"),
            ("2026-12-01", "2026-11-30T23:00:00Z"),
        ])
    func timesToCome(_ text: String, _ expected: String) throws { #expect(try toCome(text) == expected) }

    @Test(
        "what is no time is said to be none, with how to write one",
        arguments: ["", "+", "2h", "soon", "25:00", "18:61", "8:30", "2026-02-30T10:00", "2026-12-01T18:30+1", "+-1h"])
    func noTimes(_ text: String) {
        #expect {
            try toCome(text)
        } throws: {
            "\($0)".contains("is no time") && "\($0)".contains("+2h")
        }
    }

    @Test("a time that is past is a span ago or a date")
    func past() throws {
        func past(_ text: String) throws -> String {
            CivilDate(try TimeText.past(text, now: now, utcOffset: offset)).rfc3339Seconds
        }
        #expect(try past("now") == "2026-11-21T07:58:17Z" && past("1h30m") == "2026-11-21T06:28:17Z")
        #expect(
            try past("2026-11-20T08:30") == "2026-11-20T07:30:00Z" && past("2026-11-20T08:30+02:00") == "2026-11-20T06:30:00Z")
        #expect(throws: Failure.self) { try past("18:30") }
    }
}
