import Bookkeeping
import LedgerStore
import Resources
import Synchronization
import Testing

@testable import Agent

/// Takes events as a test says, and notes what it was told.
private final class Listener: EventReceiver {
    let name: String
    let isDurable: Bool
    private let state: Mutex<(told: [Int64], taken: [Int64], failures: Int)>
    private let happened = ChangeFeed()

    init(_ name: String = "listener", isDurable: Bool = true, failing failures: Int = 0) {
        self.name = name
        self.isDurable = isDurable
        state = Mutex((told: [], taken: [], failures: failures))
    }

    func wants(_ event: Event) -> Bool { event.kind.hasPrefix("test.") }

    func take(_ event: StoredEvent) async -> Delivery {
        let delivery: Delivery = state.withLock { state in
            state.told.append(event.sequence)
            if state.failures > 0 {
                state.failures -= 1
                return .failed("not now")
            }
            state.taken.append(event.sequence)
            return event.event.kind == "test.refused" ? .refused("never") : .done
        }
        happened.notify()
        return delivery
    }

    var told: [Int64] { state.withLock { $0.told } }
    var taken: [Int64] { state.withLock { $0.taken } }

    func wait(until isDone: () -> Bool) async {
        for await _ in happened.announcements() where isDone() { return }
    }
}

@Suite("Receivers of events")
struct EventFollowerTests {
    private func happen(_ kinds: String..., on pair: TestPair) async throws {
        for kind in kinds {
            try await pair.house.store.commit([
                .event(Event(at: pair.engine.now.utc, kind: kind, subjects: [], text: "it happened"))
            ])
        }
    }

    private func following(_ listener: Listener, on pair: TestPair, _ body: () async throws -> Void) async throws {
        var follower = EventFollower(
            receiver: listener, house: pair.house,
            beginning: try pair.house.store.lastEvents(1).last?.sequence ?? 0)
        follower.shortestPause = .milliseconds(1)
        let running = Task { [follower] in await follower.run() }
        try await body()
        running.cancel()
        await running.value
    }

    /// Waits until the place of a durable receiver is written down.
    private func placed(_ listener: Listener, on pair: TestPair) async throws {
        struct Place: Decodable { let sequence: Int64 }
        while try pair.house.store.state(.setting, id: "hook \(listener.name)", as: Place.self) == nil { await Task.yield() }
    }

    @Test("a receiver that fails is told of the same event until it takes it, and of the next only then", .timeLimit(.minutes(1)))
    func again() async throws {
        let pair = try await TestPair()
        let listener = Listener(failing: 3)
        try await following(listener, on: pair) {
            try await placed(listener, on: pair)
            try await happen("test.one", "other.kind", "test.two", on: pair)
            await listener.wait { listener.taken.count == 2 }
        }
        let (first, second) = (listener.taken[0], listener.taken[1])
        #expect(listener.told == [first, first, first, first, second] && second == first + 2)
        await pair.stop()
    }

    @Test("what a receiver refuses for good is left behind", .timeLimit(.minutes(1)))
    func refused() async throws {
        let pair = try await TestPair()
        let listener = Listener()
        try await following(listener, on: pair) {
            try await placed(listener, on: pair)
            try await happen("test.refused", "test.two", on: pair)
            await listener.wait { listener.taken.count == 2 }
        }
        #expect(listener.told.count == 2)
        await pair.stop()
    }

    @Test("over a restart nothing is lost, and only what was not taken for certain comes again", .timeLimit(.minutes(1)))
    func restart() async throws {
        let pair = try await TestPair()
        let before = Listener()
        try await following(before, on: pair) {
            try await placed(before, on: pair)
            try await happen("test.one", on: pair)
            await before.wait { before.taken.count == 1 }
        }
        // While nobody follows.
        try await happen("test.two", "test.three", on: pair)
        let after = Listener()
        try await following(after, on: pair) {
            await after.wait { (after.taken.last ?? 0) >= before.taken[0] + 2 }
        }
        #expect(Set(after.taken).isSuperset(of: [before.taken[0] + 1, before.taken[0] + 2]))
        #expect(after.taken == after.taken.sorted() && after.taken.count <= 3)
        await pair.stop()
    }

    @Test("a new receiver is told of what happens from now on, not of the past", .timeLimit(.minutes(1)))
    func new() async throws {
        let pair = try await TestPair()
        try await happen("test.past", on: pair)
        let listener = Listener("new")
        try await following(listener, on: pair) {
            try await placed(listener, on: pair)
            try await happen("test.present", on: pair)
            await listener.wait { !listener.taken.isEmpty }
        }
        let last = try #require(try pair.house.store.lastEvents(1).last)
        #expect(listener.taken == [last.sequence])
        await pair.stop()
    }

    @Test("a signature is HMAC-SHA256 over time and body")
    func signature() {
        // As Python's hmac module has it.
        let body = Array("hello".utf8)
        let made = WebhookSender.signature(of: body, at: 1_795_247_897, secret: Array("secret".utf8))
        #expect(made == "49e65b688ff9c706cacd58c78b0312ab30ba3ef252d8ffccc3c787cfdd5bfe05")
        #expect(made != WebhookSender.signature(of: body, at: 1_795_247_898, secret: Array("secret".utf8)))
        #expect(made != WebhookSender.signature(of: body + [0], at: 1_795_247_897, secret: Array("secret".utf8)))
    }

    @Test(
        "a status means success, another try, or the end",
        arguments: [
            (200, "done"), (204, "done"), (400, "refused"), (404, "refused"), (410, "refused"), (408, "failed"), (425, "failed"),
            (429, "failed"), (302, "failed"), (500, "failed"), (503, "failed"), (100, "failed"),
        ])
    func status(_ status: Int, _ meaning: String) {
        let found =
            switch WebhookSender.delivery(status, "") {
            case .done: "done"
            case .refused: "refused"
            case .failed: "failed"
            }
        #expect(found == meaning)
    }
}
