import Foundation
import GRDB
import LedgerStore
import Resources
import Testing

@Suite("The audit log")
struct AuditStoreTests {
    private let start = Timestamp(microseconds: 1_800_000_000_000_000)

    private func withStore(
        _ limits: AuditStore.Limits = AuditStore.Limits(), _ body: (AuditStore, String) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "/surplus-\(UUID())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/audit.sqlite"
        let store = try AuditStore(path: path, limits: limits)
        defer { store.close() }
        try await body(store, path)
    }

    private func entry(
        _ user: String = "anna", _ outcome: AuditEntry.Outcome = .begun, at time: Timestamp? = nil, object: String = "lse_1"
    ) -> AuditEntry {
        AuditEntry(
            at: time ?? start, user: user, role: "borrower", origin: "uid 1000, pid 7", method: "ReleaseLease", object: object,
            outcome: outcome)
    }

    @Test("What was written is there after the file is opened again, for its owner alone")
    func reopened() async throws {
        try await withStore { store, path in
            let sequence = try await store.begin(entry())
            try await store.end(sequence, .failed, reason: "no such lease")
            let open = try await store.begin(entry("berta"))
            store.close()
            let again = try AuditStore(path: path)
            defer { again.close() }
            let found = try await again.last(10, since: start)
            #expect(found.map(\.sequence) == [sequence, open])
            #expect(found.map(\.entry.outcome) == [.failed, .begun], "a call that the agent did not outlive stays begun")
            #expect(found.first?.entry.reason == "no such lease")
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("The newest entries are given, by time and user")
    func selection() async throws {
        try await withStore { store, _ in
            for minute in 0..<10 {
                _ = try await store.begin(entry(minute % 2 == 0 ? "anna" : "berta", at: start + .minutes(Int64(minute))))
            }
            #expect(try await store.last(3, since: start).map(\.sequence) == [8, 9, 10])
            #expect(try await store.last(100, since: start + .minutes(8)).map(\.sequence) == [9, 10])
            #expect(try await store.last(2, since: start, user: "berta").map(\.sequence) == [8, 10])
            #expect(try await store.last(2, since: start, user: "nobody").isEmpty)
        }
    }

    @Test("The log is bounded by age and count, and refused calls push out nothing but each other")
    func bounds() async throws {
        var limits = AuditStore.Limits()
        (limits.entries, limits.refusals, limits.age, limits.slack) = (20, 5, .days(1), 10)
        try await withStore(limits) { store, _ in
            _ = try await store.begin(entry("old", at: start + -.days(2)))
            for _ in 0..<19 { _ = try await store.begin(entry("anna", .done)) }
            for _ in 0..<60 { _ = try await store.begin(entry("eve", .refused)) }
            let found = try await store.last(1000, since: Timestamp(microseconds: 0))
            #expect(found.count { $0.entry.user == "anna" } == 19)
            #expect(found.count { $0.entry.user == "eve" } <= limits.refusals + limits.slack)
            #expect(found.count { $0.entry.user == "old" } == 0)
            for _ in 0..<60 { _ = try await store.begin(entry("berta", .done)) }
            let later = try await store.last(1000, since: Timestamp(microseconds: 0))
            #expect(later.count { $0.entry.outcome == .done } <= limits.entries + limits.slack)
            #expect(later.last?.sequence == 140, "places are never given twice")
        }
    }

    @Test("Text of callers is cut where it gets long")
    func longText() async throws {
        try await withStore { store, _ in
            _ = try await store.begin(entry(object: String(repeating: "ä", count: 100_000)))
            let found = try await store.last(1, since: start)
            #expect(found.first.map { $0.entry.object.utf8.count <= 520 } == true)
        }
    }

    @Test("A file that is none is refused and left alone")
    func damaged() throws {
        let path = NSTemporaryDirectory() + "/surplus-\(UUID()).sqlite"
        try Data("no database, but long enough to be taken for one".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: LedgerStoreError.self) { try AuditStore(path: path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("no database"))
    }

    @Test("A ledger is no audit log, and an audit log no ledger")
    func otherKind() async throws {
        try await withStore { store, path in
            store.close()
            let queue = try DatabaseQueue(path: path)
            try queue.write { try $0.execute(sql: "PRAGMA application_id = 1397771859") }
            try queue.close()
            let error = #expect(throws: LedgerStoreError.self) { try AuditStore(path: path) }
            #expect(error?.description.contains("another program") == true)
        }
    }
}
