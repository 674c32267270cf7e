import Glibc
import Kernel
import Resources
import Testing

@testable import Warden

@Suite("An owner who cannot be measured")
struct OwnerWatchTests {
    private let capacity = Amounts(cpu: .cores(4), memory: .gibibytes(8))
    private let usage = Amounts(cpu: .cores(1), memory: .gibibytes(2))
    private let fault = KernelError("open /proc/stat", EACCES)

    private func at(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    @Test("It is believed for a moment to do what it did, then taken to need everything, and measured again as soon as it can be")
    func blind() {
        var watch = OwnerWatch()
        #expect(watch.note(.success(Sensor.Reading(usage: usage)), of: capacity, at: at(1)) == nil)
        #expect(watch.note(.failure(fault), of: capacity, at: at(2)) == .lost(fault))
        #expect(watch.note(.failure(fault), of: capacity, at: at(5)) == nil)
        #expect(watch.reading.usage == usage)
        #expect(watch.note(.failure(fault), of: capacity, at: at(6)) == nil)
        #expect(watch.reading.usage == capacity)
        let other = KernelError("open /proc/meminfo", EACCES)
        #expect(watch.note(.failure(other), of: capacity, at: at(7)) == .lost(other))
        #expect(watch.note(.success(Sensor.Reading(usage: usage)), of: capacity, at: at(8)) == .found)
        #expect(watch.reading.usage == usage)
        #expect(watch.note(.success(Sensor.Reading(usage: usage)), of: capacity, at: at(9)) == nil)
    }

    @Test("One who could never be measured is taken to need everything as well, where something is lent")
    func neverSeen() {
        var watch = OwnerWatch()
        for second in 0...3 { _ = watch.note(.failure(fault), of: nil, at: at(Int64(second))) }
        #expect(watch.reading.usage == .zero)
        _ = watch.note(.failure(fault), of: capacity, at: at(4))
        #expect(watch.reading.usage == capacity)
    }
}
