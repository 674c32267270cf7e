import Resources
import Testing
import Volumes

@testable import Simulation

@Suite("Worlds of volumes")
struct VolumeWorldTests {
    private func faults(_ world: VolumeWorld, _ part: UInt64) -> [String] {
        (part * 25..<part * 25 + 25).flatMap { seed in
            VolumeSimulator.run(world, seed: seed).faults.map { "seed \(seed): \($0)" }
        }
    }

    @Test(
        "nothing that was durable is lost, whoever crashes, is cut off, wakes up or takes over",
        arguments: 0..<20 as Range<UInt64>)
    func journal(part: UInt64) { #expect(faults(.journal, part) == []) }

    @Test(
        "no block is lost or deleted that is needed, and in the end everything is as it should be",
        arguments: 0..<20 as Range<UInt64>)
    func blocks(part: UInt64) { #expect(faults(.blocks, part) == []) }

    @Test("the worlds come to where something can go wrong", arguments: VolumeWorld.allCases)
    func coverage(world: VolumeWorld) {
        var sums = SortedMap<String, Int>()
        for seed in 0..<20 as Range<UInt64> {
            for (name, count) in VolumeSimulator.run(world, seed: seed).counts.pairs { sums[name] = (sums[name] ?? 0) + count }
        }
        #expect(sums.values.allSatisfy { $0 > 0 }, "\(sums.pairs.map { "\($0.0): \($0.1)" })")
    }

    @Test("the same seed gives the same run", arguments: VolumeWorld.allCases)
    func repeatable(world: VolumeWorld) {
        #expect(VolumeSimulator.run(world, seed: 11) == VolumeSimulator.run(world, seed: 11))
    }

    #if Defects
        @Test("each defect is found", arguments: VolumeDefect.allCases)
        func defects(defect: VolumeDefect) {
            let found = VolumeDefect.$active.withValue(defect) {
                (0..<300 as Range<UInt64>).first { seed in
                    VolumeWorld.allCases.contains { !VolumeSimulator.run($0, seed: seed).faults.isEmpty }
                }
            }
            #expect(found != nil, "\(defect.rawValue)")
        }
    #endif
}
