import Kernel
import Resources
import Sandbox
import Testing

@testable import Agent

@Suite("Counters of leases for others to read")
struct LeaseCountersTests {
    private func measurement(_ number: Int, cpu: CoreMicroseconds) -> LeaseMeasurement {
        LeaseMeasurement(
            lease: LeaseID(high: 1, low: UInt64(number)), at: Instant(microseconds: 1), cpu: cpu, memory: 10,
            activity: GroupActivity())
    }

    @Test("So many leases have counters of their own, and the rest one together that only grows")
    func others() {
        var counters = LeaseCounters()
        let most = LeaseCounters.mostNamed
        counters.update((1...most + 3).map { measurement($0, cpu: 100) })
        #expect(counters.named.count == most)
        #expect(counters.others.cpu == 300)
        #expect(counters.others.memory == 30)
        counters.update((1...most + 3).map { measurement($0, cpu: 150) })
        #expect(counters.others.cpu == 450)
        // one of the others ends, and one that had its own
        counters.update((2...most + 2).map { measurement($0, cpu: 160) })
        #expect(counters.others.cpu == 470, "what was used was used")
        #expect(counters.others.memory == 20)
        #expect(counters.named.count == most - 1, "none changes from the one kind to the other while it lasts")
        counters.update((2...most + 4).map { measurement($0, cpu: 160) })
        #expect(counters.named.count == most, "a new one gets the place that is free")
        #expect(counters.hasOthers)
    }

    @Test("A counter that begins anew adds what it shows")
    func reset() {
        var counters = LeaseCounters()
        let all = (1...LeaseCounters.mostNamed).map { measurement($0, cpu: 0) }
        counters.update(all + [measurement(1000, cpu: 100)])
        counters.update(all + [measurement(1000, cpu: 30)])
        #expect(counters.others.cpu == 130)
    }
}

@Suite("Metrics as text")
struct ExpositionTests {
    @Test(
        "The reader gets OpenMetrics unless it accepts only the older text",
        arguments: [
            ("", Exposition.Format.openMetrics), ("*/*", .openMetrics), ("text/plain", .prometheus),
            ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .prometheus),
            ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", .openMetrics), (",;,", .openMetrics),
        ])
    func format(header: String, format: Exposition.Format) {
        #expect(Exposition.Format(accepting: header) == format)
    }

    private func page(_ format: Exposition.Format) -> String {
        var page = Exposition(format)
        page.begin("a_seconds", .counter, unit: "seconds", "How long.")
        page.add(1_500_000, per: 1_000_000, ["name": "x\"\\\n"])
        page.put("b", .gauge, "What.", -250, per: 1000)
        page.put("c", .gauge, "Nothing.", nil)
        page.begin("d", .info, "Which.")
        page.add(1, ["version": "1"])
        return page.page.body
    }

    @Test("OpenMetrics names families without the suffix, with their unit, and ends in a mark")
    func openMetrics() {
        #expect(
            page(.openMetrics) == """
                # TYPE a_seconds counter
                # UNIT a_seconds seconds
                # HELP a_seconds How long.
                a_seconds_total{name="x\\"\\\\\\n"} 1.5
                # TYPE b gauge
                # HELP b What.
                b -0.25
                # TYPE d info
                # HELP d Which.
                d_info{version="1"} 1
                # EOF

                """)
    }

    @Test("The older text names them as the samples, and knows no infos")
    func prometheus() {
        let text = page(.prometheus)
        #expect(text.contains("# TYPE a_seconds_total counter\n# HELP a_seconds_total How long.\n"))
        #expect(text.contains("# TYPE d_info gauge\n"))
        #expect(!text.contains("# UNIT") && !text.contains("# EOF"))
    }
}
