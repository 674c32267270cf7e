import Resources
import Testing

@Suite("Civil dates")
struct CivilDateTests {
    @Test(
        "A date is right at every edge of the calendar",
        arguments: [
            (951_782_400, "2000-02-29T00:00:00Z"), (951_868_799, "2000-02-29T23:59:59Z"), (1_709_164_800, "2024-02-29T00:00:00Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"), (7_258_118_400, "2200-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
            (-86_400, "1969-12-31T00:00:00Z"),
        ])
    func edges(_ seconds: Int64, _ text: String) {
        #expect(CivilDate(Timestamp(microseconds: seconds * 1_000_000 + 123)).rfc3339Seconds == text)
    }

    @Test("It is written as RFC 3339 has it")
    func text() {
        #expect(CivilDate(Timestamp(microseconds: 1_795_247_897_000_123)).rfc3339 == "2026-11-21T07:58:17.000123Z")
        #expect(CivilDate(Timestamp(microseconds: 0)).rfc3339Seconds == "1970-01-01T00:00:00Z")
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
