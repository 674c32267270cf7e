import Configuration
import Foundation
import LedgerStore
import Resources
import TestKit
import Testing

@testable import Agent

@Suite("The policy desk")
struct PolicyDeskTests {
    private let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("surplus-desk-\(UUID())").path
    private let at = Timestamp(microseconds: 1_800_000_000_000_000)

    private func policy(_ name: String) throws -> PolicyFile {
        try PolicyFile(bytes: Array("name: \(name)\nlend: nothing\n".utf8), file: "\(name).yaml")
    }

    private func withDesk(_ configured: PolicyFile, _ body: (PolicyDesk) async throws -> Void) async throws {
        let store = try LedgerStore(directory: scratch)
        let (desk, fault) = try PolicyDesk.open(configured, in: store)
        #expect(fault == nil)
        try await body(desk)
        store.close()
    }

    @Test("An applied policy stays in force over a restart, whatever is configured by then, until the configuration is taken up")
    func applied() async throws {
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        try await withDesk(try policy("first")) { desk in
            #expect(desk.current.policy.name == "first" && desk.origin == .configured)
            try await desk.apply(try policy("other"), by: "ada", at: at)
        }
        try await withDesk(try policy("second")) { desk in
            #expect(desk.current.policy.name == "other" && desk.origin == .applied(by: "ada", at: at))
            #expect(desk.configured.policy.name == "second")
            try await desk.configure(desk.configured, by: "ada", at: at)
            #expect(desk.current.policy.name == "second")
        }
        try await withDesk(try policy("third")) { desk in #expect(desk.current.policy.name == "third") }
    }

    @Test("An applied policy that cannot be read any more gives way to the configured one, and that is said")
    func unreadable() async throws {
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let store = try LedgerStore(directory: scratch)
        struct Stored: Codable, Sendable {
            var names = ["old.yaml"]
            var texts = ["name: old\nlend: everything\n"]
            var by = "ada"
            var at = Timestamp(microseconds: 1)
        }
        try await store.commit([.state(.setting, id: "policy", Stored())])
        let (desk, fault) = try PolicyDesk.open(try policy("first"), in: store)
        #expect(desk.current.policy.name == "first")
        #expect(fault?.contains("old.yaml:2:7") == true)
        store.close()
    }
}
