import Resources
import Testing

@testable import Reports

@Suite struct TimeTests {
    @Test(
        "RFC 3339 is right across leap years, centuries and before 1970",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"), (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (1_795_247_897_000_123, "2026-11-21T07:58:17.000123Z"), (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ])
    func rfc3339(microseconds: Int, text: String) {
        #expect(CivilTime(Timestamp(microseconds: Int64(microseconds))).rfc3339 == text)
    }

    @Test("times are told relative to now, in whole seconds")
    func relative() {
        #expect(Samples.time(.minutes(4) + .seconds(30)).relative(on: Samples.pipe) == "in 4 min 30 s")
        #expect(Samples.time(-.seconds(12) - 300_000).relative(on: Samples.pipe) == "12 s ago")
        #expect(Samples.time(400_000).relative(on: Samples.pipe) == "now")
    }

    @Test("the time of day is the reader's, with the date when it is not today")
    func clock() {
        let page = Page(now: Samples.now, utcOffset: .hours(2))
        #expect(Samples.time(.zero).clock(on: page) == "09:58:17")
        #expect(Samples.time(-.days(1)).clock(on: page) == "2026-11-20 09:58:17")
    }

    @Test("zero on the wire is no time")
    func never() {
        #expect(CivilTime(microseconds: 0) == nil)
    }
}
