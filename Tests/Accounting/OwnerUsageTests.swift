import Accounting
import Resources
import Testing

@Suite("What the owner is counted on to use")
struct OwnerUsageTests {
    private func at(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }
    private let busy = Amounts(cpu: .cores(4), memory: .gibibytes(8))

    @Test("A burst counts at once")
    func burst() {
        var usage = OwnerUsage()
        for second in 0..<600 { usage.record(.zero, at: at(Int64(second))) }
        usage.record(busy, at: at(600))
        #expect(usage.level == busy)
    }

    @Test("It is forgotten slowly, and in the end")
    func forgotten() {
        var usage = OwnerUsage()
        usage.record(busy, at: at(0))
        var last = usage.level
        for second in 1...120 {
            usage.record(.zero, at: at(Int64(second)))
            #expect(usage.level.fits(in: last))
            last = usage.level
        }
        // The slower average has had one half-life; cut into many steps it is a little above the half.
        #expect(last.cpu >= .cores(2) - 50 && last.cpu <= .cores(3))
        usage.record(.zero, at: at(86_400))
        #expect(usage.level == .zero)
    }

    @Test("Negative readings count as none")
    func negative() {
        var usage = OwnerUsage()
        usage.record(Amounts(cpu: -5, memory: -5), at: at(0))
        #expect(usage.level == .zero)
    }
}
