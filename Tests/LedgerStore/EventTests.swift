import Bookkeeping
import Resources
import Testing

@testable import LedgerStore

@Suite("Events")
struct EventTests {
    @Test("events are found by their place and by each of their subjects, oldest first")
    func reading() async throws {
        let directory = try TemporaryDirectory()
        try await directory.withStore { store in
            for n in 1...10 {
                try await store.commit([.event(event(n, "all", n.isMultiple(of: 2) ? "even" : "odd", "all"))])
            }
            #expect(try store.events(subject: "even").map(\.sequence) == [2, 4, 6, 8, 10])
            #expect(try store.events(subject: "even", limit: 2).map(\.sequence) == [8, 10])
            #expect(try store.events(subject: "all").count == 10)
            #expect(try store.events(subject: "none").isEmpty)
            #expect(try store.events(after: 7, limit: 2).map(\.sequence) == [8, 9])
            #expect(try store.lastEvents(3).map(\.sequence) == [8, 9, 10])
            #expect(try store.lastEvents(1).first?.event == event(10, "all", "even", "all"))
        }
    }

    @Test("the oldest events are dropped beyond the limit, with what finds them by subject")
    func pruning() async throws {
        let directory = try TemporaryDirectory()
        var options = LedgerStore.Options()
        options.eventLimit = 80
        try await directory.withStore(options) { store in
            for n in 1...200 { try await store.commit([.event(event(n, "subject"))]) }
            #expect(try store.lastEvents(1000).map(\.sequence) == Array(121...200))
            #expect(try store.events(subject: "subject").map(\.sequence) == Array(121...200))
        }
        try await directory.withStore(options) { store in
            try await store.commit([.event(event(201))])
            #expect(try store.lastEvents(1).first?.sequence == 201)
        }
    }
}
