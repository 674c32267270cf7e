import Resources
import Testing
import Volumes

@testable import VolumeService

@Suite("What a keeper is told later")
struct KeeperEventsTests {
    private func stores(_ free: UInt64) -> KeeperEvent { .stores([StoreCondition(NodeID(high: 1, low: 1), free: free)]) }
    private func rest(_ events: KeeperEvents) -> [KeeperEvent] {
        var (events, rest) = (events, [KeeperEvent]())
        while let event = events.next() { rest.append(event) }
        return rest
    }

    @Test("Stores are told as they are at last, everything else in its order")
    func stores() throws {
        var events = KeeperEvents()
        for event in [.tick, stores(1), .durable(3), stores(2)] { events.add(event) }
        #expect(rest(events) == [.tick, .durable(3), stores(2)])
        #expect(events.next() == .tick)
        events.putBack(.tick)
        #expect(rest(events) == [.tick, .durable(3), stores(2)])
    }

    @Test("What could not be told is told again, unless the stores are others meanwhile")
    func again() {
        var events = KeeperEvents()
        events.add(stores(1))
        let told = events.next()
        events.putBack(stores(1))
        #expect(told == stores(1) && rest(events) == [stores(1)])
        _ = events.next()
        events.add(stores(2))
        events.putBack(stores(1))
        #expect(rest(events) == [stores(2)])
    }

    @Test("What nothing else tells is kept however much waits")
    func many() {
        var events = KeeperEvents()
        for _ in 0...KeeperEvents.most { events.add(.tick) }
        events.add(.answered(step: 1, .done))
        #expect(rest(events).count == KeeperEvents.most + 1)
        #expect(rest(events).last == .answered(step: 1, .done))
    }
}
