import Resources
import Testing
import Volumes

@Suite("A journal on several nodes")
struct JournalWorldTests {
    private func play(_ seed: UInt64) -> (world: JournalWorld, faults: [String]) {
        var world = JournalWorld(seed: seed)
        for _ in 0..<4000 where world.faults.isEmpty { world.step() }
        world.settle()
        let faults = world.judge()
        return (world, faults)
    }

    @Test(
        "nothing that was durable is lost, whoever crashes, is cut off, wakes up or takes over",
        arguments: 0..<20 as Range<UInt64>)
    func history(part: UInt64) {
        for seed in part * 25..<part * 25 + 25 {
            let (_, faults) = play(seed)
            #expect(faults == [], "seed \(seed)")
        }
    }

    @Test("the worlds come to where something can go wrong")
    func coverage() {
        let worlds = (0..<30 as Range<UInt64>).map { play($0).world }
        #expect(worlds.reduce(0) { $0 + $1.takeovers } > 60)
        #expect(worlds.reduce(0) { $0 + $1.told.count } > 2000)
        #expect(worlds.contains { $0.copies > 0 })
        let refusals = worlds.flatMap(\.refusals)
        #expect(refusals.contains { if case .unheard = $0 { true } else { false } })
        #expect(refusals.contains { if case .superseded = $0 { true } else { false } })
    }

    #if Defects
        @Test(
            "each defect is found",
            arguments: [
                VolumeDefect.homeAloneSuffices, .syncedEarly, .promiseForgotten, .anyoneTakesOver, .shorterJournalLeads,
                .outgoingForgotten, .tailKept, .oldEpochTaken, .oldRecordsCounted,
            ])
        func defects(defect: VolumeDefect) {
            let found = VolumeDefect.$active.withValue(defect) {
                (0..<500 as Range<UInt64>).first { !play($0).faults.isEmpty }
            }
            #expect(found != nil, "\(defect.rawValue)")
        }
    #endif
}
