import Reclaim
import Resources
import Sandbox
import Testing

@testable import Agent

@Suite("The enforcer's steps in the story")
struct EnforcerStoryTests {
    private func keeper(_ pair: TestPair) -> GuestKeeper {
        GuestKeeper(house: pair.house, engine: pair.engine)
    }

    private func move(_ seconds: Int64, _ pair: TestPair) -> Move {
        let evidence = Evidence(owner: .zero, guests: .zero, threshold: .zero, before: 100, after: 10)
        let change = RungChange(
            lease: JobFixture.newID(), from: .throttled, to: .frozen, resource: .cpu, reason: "step \(seconds)",
            evidence: evidence)
        return Move(at: pair.engine.now.utc + .seconds(seconds), change: change, isDryRun: false)
    }

    private func told(_ pair: TestPair) async throws -> [String] {
        // what was told waits its turn
        try await pair.house.store.commit([])
        return try pair.house.store.events(after: 0, limit: 1000).filter { $0.event.kind == "guest.frozen" }
            .map { String($0.event.text.prefix(7)) }
    }

    @Test("Each is told once, over restarts of the agent, also one that was missed; none from before the node was here")
    func once() async throws {
        let pair = try await TestPair()
        let (before, heard, missed) = (move(-60, pair), move(60, pair), move(120, pair))
        let first = keeper(pair)
        first.pass(on: .moved(before))
        try first.catchUp(on: [before])
        first.pass(on: .moved(heard))
        #expect(try await told(pair) == ["step 60"])
        let second = keeper(pair)
        try second.catchUp(on: [before, heard, missed])
        second.pass(on: .moved(missed))
        #expect(try await told(pair) == ["step 60", "step 12"])
        #expect(second.lastMove(of: heard.change.lease) == heard)
        try second.catchUp(on: [before, heard, missed])
        #expect(try await told(pair).count == 2)
        await pair.stop()
    }
}
