import Accounting
import Resources
import Testing

@Suite("Lease meter")
struct LeaseMeterTests {
    private func usage(_ cpu: Int64, _ memory: Int64 = 0) -> Usage {
        Usage(cpu: CoreMicroseconds(cpu), memory: MiBSeconds(memory))
    }

    @Test("It shows what the counters show while they only grow")
    func growing() {
        var meter = LeaseMeter()
        #expect(meter.record(usage(100, 5), throttled: 1) == true)
        #expect(meter.record(usage(250, 9), throttled: 3) == true)
        #expect(meter.usage == usage(250, 9))
        #expect(meter.throttled == 3)
    }

    @Test("The same reading twice changes nothing, and it says so")
    func repeated() {
        var meter = LeaseMeter()
        #expect(meter.record(.zero, throttled: .zero) == false)
        #expect(meter.record(usage(100), throttled: 1) == true)
        let once = meter
        #expect(meter.record(usage(100), throttled: 1) == false)
        #expect(meter == once)
    }

    @Test("Counters that begin anew are added to what was there, each for itself")
    func restarted() {
        var meter = LeaseMeter()
        _ = meter.record(usage(100, 50), throttled: 10)
        _ = meter.record(usage(30, 60), throttled: 2)
        #expect(meter.usage == usage(130, 60))
        #expect(meter.throttled == 12)
        _ = meter.record(usage(40, 70), throttled: 2)
        #expect(meter.usage == usage(140, 70))
    }

    @Test("Whatever the counters do, it never goes back")
    func monotone() {
        var random = SeededGenerator(seed: 41)
        var meter = LeaseMeter()
        for _ in 0..<2000 {
            let before = meter
            let reading = usage(Int64.random(in: -10...1000, using: &random), Int64.random(in: -10...1000, using: &random))
            let changed = meter.record(reading, throttled: Microseconds(Int64.random(in: -10...1000, using: &random)))
            #expect(before.usage.fits(in: meter.usage) && before.throttled <= meter.throttled)
            #expect(changed == (meter != before))
        }
    }
}
