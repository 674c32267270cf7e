import Resources
import Testing

@Suite("Civil dates")
struct CivilDateTests {
    @Test(
        "A date is read back from its parts, at every edge of the calendar",
        arguments: [
            0, 951_782_400, 951_868_799, 1_709_164_800, 1_795_247_897, 4_102_444_799, 7_258_118_400, -1, -86_400,
        ])
    func roundTrip(_ seconds: Int64) {
        let time = Timestamp(microseconds: seconds * 1_000_000 + 123)
        #expect(CivilDate(time).timestamp == time)
    }

    @Test("It is written as RFC 3339 has it")
    func text() {
        #expect(CivilDate(Timestamp(microseconds: 1_795_247_897_000_123)).rfc3339 == "2026-11-21T07:58:17.000123Z")
        #expect(CivilDate(Timestamp(microseconds: 0)).rfc3339Seconds == "1970-01-01T00:00:00Z")
    }

    @Test("There is no 30th of February, no 24th hour and no 13th month")
    func impossible() {
        var date = CivilDate(Timestamp(microseconds: 0))
        (date.month, date.day) = (2, 30)
        #expect(date.timestamp == nil)
        (date.month, date.day) = (2, 29)
        #expect(date.timestamp == nil)
        date.year = 2024
        #expect(date.timestamp != nil)
        date.hour = 24
        #expect(date.timestamp == nil)
        (date.hour, date.month) = (0, 13)
        #expect(date.timestamp == nil)
    }
}

@Suite("Patterns of events")
struct EventPatternTests {
    @Test("A pattern is one kind, all of a subject, or everything")
    func matching() throws {
        let lease = try #require(EventPattern("lease.*"))
        #expect(lease.matches("lease.granted") && lease.matches("lease.not-renewed") && !lease.matches("leases.granted"))
        let one = try #require(EventPattern("job.finished"))
        #expect(one.matches("job.finished") && !one.matches("job.finished.twice"))
        #expect(try #require(EventPattern("*")).matches("anything"))
    }

    @Test(
        "What can match nothing is no pattern",
        arguments: ["", ".", "lease.", ".*", "Lease.*", "lease*", "*.granted", "a b", "lease..x"])
    func wrong(_ text: String) { #expect(EventPattern(text) == nil) }
}
