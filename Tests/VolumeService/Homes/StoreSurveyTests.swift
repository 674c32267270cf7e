import Resources
import Synchronization
import Testing
import VolumeKit
import Volumes

@testable import VolumeService

@Suite("What is heard of the stores of a volume")
struct StoreSurveyTests {
    private final class Clock: Sendable {
        let time = Mutex(Instant(microseconds: 1))

        var now: Moment {
            var now = Moment.ofSystem
            now.instant = time.withLock { $0 }
            return now
        }
    }

    private let node = NodeID(high: 0, low: 1)
    private let clock = Clock()

    private func survey(_ condition: StoreCondition) -> StoreSurvey {
        var survey = StoreSurvey(patience: .seconds(10)) { [clock] in clock.now }
        survey.meet([StorePlace(condition, host: "127.0.0.1", port: 1)])
        return survey
    }

    private func usage(free: Int64 = 100, isLeaving: Bool = false, copyRate: Int64? = nil) -> BlockUsage {
        BlockUsage(
            capacity: Bytes(1000), live: Bytes(10), dead: .zero, granted: .zero, grantedToCaller: .zero, free: Bytes(free),
            epoch: 1, isLeaving: isLeaving, copyRate: copyRate.map { Bytes($0) })
    }

    private func condition(_ survey: StoreSurvey) -> StoreCondition? { survey.places[node]?.condition }

    @Test("a store that says that its owner wants it back is left, and taken again when it says so no more")
    func leaving() {
        var survey = survey(StoreCondition(node, free: 500))
        survey.told(node, usage(free: 0, isLeaving: true))
        #expect(condition(survey) == StoreCondition(node, phase: .leaving, free: 0))
        #expect(survey.seen.map(\.isHeard) == [true])
        survey.told(node, usage())
        #expect(condition(survey) == StoreCondition(node, phase: .open, free: 100))
    }

    @Test("a store that is not heard of any more is lost, whatever it said before")
    func silence() {
        var survey = survey(StoreCondition(node, free: 500))
        survey.told(node, usage(isLeaving: true))
        clock.time.withLock { $0 = $0 + .seconds(10) }
        #expect(condition(survey)?.phase == .lost)
        #expect(survey.seen.map(\.isHeard) == [false])
        survey.told(node, nil)
        #expect(condition(survey)?.phase == .lost)
        survey.told(node, usage(isLeaving: true))
        #expect(condition(survey)?.phase == .leaving)
    }

    @Test("a store that takes no copy because it is left is not spared what else it can do")
    func refusing() {
        let volume = VolumeID(high: 0, low: 1)
        #expect(StoreErrands.answer(to: .leaving(volume), node) == .full(node))
        #expect(StoreErrands.answer(to: .full(needed: Bytes(2), free: Bytes(1)), node) == .full(node))
        #expect(StoreErrands.answer(to: .disk(file: "f", "broken"), node) == .failed(node))
    }

    @Test("copying keeps to the lower of the rates that are known")
    func rates() {
        var unlimited = survey(StoreCondition(node, free: 500))
        #expect(condition(unlimited)?.copyRate == nil)
        unlimited.told(node, usage(copyRate: 7))
        #expect(condition(unlimited)?.copyRate == 7)
        var limited = survey(StoreCondition(node, free: 500, copyRate: 5))
        limited.told(node, usage(copyRate: 7))
        #expect(condition(limited)?.copyRate == 5)
        limited.told(node, usage())
        #expect(condition(limited)?.copyRate == 5)
    }
}
