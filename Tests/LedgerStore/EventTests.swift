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

    @Test("the oldest events are dropped beyond a count, with what finds them by subject, and numbering goes on")
    func pruning() async throws {
        let directory = try TemporaryDirectory()
        try await directory.withStore { store in
            for n in 1...200 { try await store.commit([.event(event(n, "subject"))]) }
            #expect(try await store.pruneEvents(beyond: 80, before: Timestamp(microseconds: .min)) == 120)
            #expect(try store.lastEvents(1000).map(\.sequence) == Array(121...200))
            #expect(try store.events(subject: "subject").map(\.sequence) == Array(121...200))
            #expect(try await store.pruneEvents(beyond: 80, before: Timestamp(microseconds: .min)) == 0)
        }
        try await directory.withStore { store in
            try await store.commit([.event(event(201))])
            #expect(try store.lastEvents(1).first?.sequence == 201)
        }
    }

    @Test("events are dropped by age up to the first that is young, and the newest never")
    func age() async throws {
        let directory = try TemporaryDirectory()
        try await directory.withStore { store in
            for n in 1...10 { try await store.commit([.event(event(n, "subject"))]) }
            let sixth = try #require(try store.events(after: 5, limit: 1).first).event.at
            #expect(try await store.pruneEvents(beyond: 1000, before: sixth) == 5)
            #expect(try store.lastEvents(1000).map(\.sequence) == Array(6...10))
            #expect(try await store.pruneEvents(beyond: 1000, before: Timestamp(microseconds: .max)) == 4)
            #expect(try store.lastEvents(1000).map(\.sequence) == [10])
        }
        try await directory.withStore { store in
            try await store.commit([.event(event(11))])
            #expect(try store.lastEvents(1).first?.sequence == 11)
        }
    }

    @Test("what concerns something that is kept stays, however old and many it is")
    func kept() async throws {
        let directory = try TemporaryDirectory()
        try await directory.withStore { store in
            for n in 1...1200 { try await store.commit([.event(event(n, n.isMultiple(of: 100) ? "open" : "over", "all"))]) }
            let dropped = try await store.pruneEvents(beyond: 100, before: Timestamp(microseconds: .min), keeping: ["open"])
            #expect(dropped == 1100 - 11)
            #expect(try store.events(subject: "open").map(\.sequence) == (1...12).map { Int64($0) * 100 })
            #expect(try store.events(subject: "all", limit: 2000).count == 100 + 11)
            #expect(try store.events(before: 1101, limit: 2).map(\.sequence) == [1000, 1100])
        }
    }
}
