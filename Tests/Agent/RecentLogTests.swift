import Logging
import Resources
import Synchronization
import Testing
import Wire

@testable import Agent

@Suite("The agent's recent log")
struct RecentLogTests {
    private func fill(_ log: RecentLog, _ numbers: ClosedRange<Int64>, level: Logger.Level = .info) {
        for number in numbers {
            log.add(level: level, message: "entry \(number)", fields: [("n", "\(number)")], at: Timestamp(microseconds: number))
        }
    }

    private func read(_ log: RecentLog, _ change: (inout Surplus_V1_LogRequest) -> Void) async throws -> [Surplus_V1_LogEntry] {
        let read = Mutex<[Surplus_V1_LogEntry]>([])
        try await LogReading(.with(change), of: log).run { entry in read.withLock { $0.append(entry) } }
        return read.withLock { $0 }
    }

    @Test("The oldest entries make room, by number and by size, and their numbers are not given again")
    func bounded() {
        let few = RecentLog(entryLimit: 10, byteLimit: 1 << 20)
        fill(few, 1...1000)
        #expect(few.entries(after: 0, limit: .max).entries.map(\.sequence) == Array(991...1000))
        #expect(few.entries(after: 500, limit: 3).entries.map(\.sequence) == [991, 992, 993])
        #expect(few.entries(after: 500, limit: 3).missed == 490)
        #expect(few.entries(after: 1000, limit: 3).entries.isEmpty)
        let small = RecentLog(entryLimit: 1000, byteLimit: 4096)
        for _ in 1...100 { small.add(level: .info, message: String(repeating: "x", count: 100_000), fields: []) }
        #expect(small.entries(after: 0, limit: .max).entries.isEmpty, "what is larger than all there is room for is not kept")
        fill(small, 1...100)
        let kept = small.entries(after: 0, limit: .max).entries
        #expect(kept.last?.message == "entry 100" && kept.reduce(0) { $0 + $1.bytes } <= 4096)
    }

    @Test("A reader gets the last so many of what it wants, by level and time")
    func reading() async throws {
        let log = RecentLog()
        fill(log, 1...5)
        fill(log, 6...7, level: .error)
        fill(log, 8...9)
        #expect(try await read(log) { $0.last = 3 }.map(\.sequence) == [7, 8, 9])
        #expect(try await read(log) { $0.level = "warning" }.map(\.sequence) == [6, 7])
        #expect(try await read(log) { ($0.last, $0.level) = (1, "error") }.map(\.sequence) == [7])
        #expect(try await read(log) { $0.since = 7 }.map(\.sequence) == [8, 9])
        #expect(try await read(log) { $0.last = 1 }.first?.fields == ["n": "9"])
        #expect(throws: FieldError.self) { try LogReading(.with { $0.level = "loud" }, of: log) }
        #expect(throws: FieldError.self) { try LogReading(.with { $0.last = -1 }, of: log) }
    }

    @Test("A follower gets what comes, once and in order; one that was too slow is told how much it missed")
    func following() async throws {
        let log = RecentLog(entryLimit: 10, byteLimit: 1 << 20)
        fill(log, 1...3)
        let (entries, written) = AsyncStream.makeStream(of: Surplus_V1_LogEntry.self)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let follower = Task {
            var opened = gate.makeAsyncIterator()
            try await LogReading(.with { ($0.follow, $0.last) = (true, 2) }, of: log).run { entry in
                written.yield(entry)
                // it takes no more until it is let
                if entry.sequence == 3 { await opened.next() }
            }
        }
        var seen: [Surplus_V1_LogEntry] = []
        for await entry in entries {
            seen.append(entry)
            if entry.sequence == 3 {
                fill(log, 4...30)
                open.yield()
            }
            if entry.sequence == 30 { break }
        }
        follower.cancel()
        #expect(seen.map(\.sequence) == [2, 3] + Array(21...30))
        #expect(seen.map(\.missed) == [0, 0, 17] + Array(repeating: 0, count: 9))
    }
}
