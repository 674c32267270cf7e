import Foundation
import Testing

extension LiveTests {
    /// The ledger's files in the hands of an operator: copied, lost, restored, damaged.
    @Suite struct LedgerTests {
        private struct Status: Decodable {
            struct Standby: Decodable {
                let fault: String?
                let lagMicroseconds: Int64
                let newest: String?
            }
            let standby: Standby?
        }

        private static func data(_ pool: LivePool, _ node: String) -> String { "\(pool.directory)/\(node)/data/ledger" }

        /// Runs something, and waits until it is paid for.
        private static func trade(_ pool: LivePool) throws {
            let ran = try pool.surplus(
                "node1",
                [
                    "run", "--cpu", "0.2", "--memory", "64MiB", "--", "sh", "-c",
                    "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done",
                ])
            #expect(ran.status == 0, "\(ran.errors)")
            try LivePool.eventually("something is posted") {
                try pool.surplus("node2", ["statement", "--plain"]).text.contains("trf_") ? true : nil
            }
        }

        private static func transfers(in text: String) -> Set<String> {
            Set(text.matches(of: /trf_\w+/).map { String($0.output) })
        }

        private static func credits(_ pool: LivePool) throws -> String { try pool.surplus("node2", ["credits", "--plain"]).text }

        @Test("a node whose disk is lost goes on from its standby, with every credit; an unusable standby stops nothing")
        func lostDisk() throws {
            let pool = try LivePool(nodes: 2)
            let (standby, configuration) = (pool.directory + "/standby", "\(pool.directory)/node2/config.yaml")
            try pool.stop("node2")
            let text = try String(contentsOfFile: configuration, encoding: .utf8)
            let blocked = pool.directory + "/blocked"
            try Data().write(to: URL(fileURLWithPath: blocked))
            try (text + "\nledger: {standby: \(blocked)}\n").write(toFile: configuration, atomically: true, encoding: .utf8)
            try pool.start("node2")
            try Self.trade(pool)
            try LivePool.eventually("the standby that is none is told") {
                try pool.surplus("node2", ["status"]).text.contains("standby \(blocked) is not written") ? true : nil
            }

            try pool.stop("node2")
            try (text + "\nledger: {standby: \(standby)}\n").write(toFile: configuration, atomically: true, encoding: .utf8)
            try pool.start("node2")
            try Self.trade(pool)
            try LivePool.eventually("everything is copied") {
                let status = try pool.json("node2", ["ledger", "status"], as: Status.self).standby
                #expect(status?.fault == nil)
                return status?.newest != nil && status?.lagMicroseconds == 0 ? true : nil
            }
            try pool.stop("node2")
            let before = Self.data(pool, "node2")
            let head = try LivePool.run(["ledger", "verify", "--directory", before])
            #expect(head.status == 0, "\(head.errors)")
            let refused = try LivePool.run(["ledger", "restore", "--from", standby, "--to", before])
            #expect(refused.status == 1)
            #expect(refused.complaint().contains("move that directory away"))
            try FileManager.default.moveItem(atPath: before, toPath: before + ".lost")
            let restored = try LivePool.run(["ledger", "restore", "--from", standby, "--to", before])
            #expect(restored.status == 0, "\(restored.errors)")
            #expect(restored.text.contains("restorable"))
            #expect(try LivePool.run(["ledger", "verify", "--directory", before]).text == head.text)
            try pool.start("node2")
            #expect(try pool.surplus("node2", ["ledger", "verify"]).status == 0)
            try Self.trade(pool)
            #expect(try Self.credits(pool).isEmpty == false)
        }

        @Test("a damaged ledger can still be read and exported, is named by verify, and says how to restore it")
        func damaged() throws {
            let pool = try LivePool(nodes: 2)
            for _ in 0..<3 { try Self.trade(pool) }
            let whole = try pool.surplus("node2", ["ledger", "export", "--format", "csv"]).text
            try pool.stop("node2")
            let file = Self.data(pool, "node2") + "/ledger-000001.sqlite"
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
            let size = try handle.seekToEnd()
            try handle.truncate(atOffset: size - 3 * 4096)
            try handle.close()
            try pool.start("node2")
            let status = try pool.surplus("node2", ["status"])
            #expect(status.status == 0 && status.text.contains("surplus ledger restore"), "\(status.text)")
            let export = try pool.surplus("node2", ["ledger", "export", "--format", "csv"])
            #expect(export.status == 0, "\(export.errors)")
            let (left, before) = (Self.transfers(in: export.text), Self.transfers(in: whole))
            #expect(!left.isEmpty && left.isSubset(of: before), "\(export.text)")
            let verified = try pool.surplus("node2", ["ledger", "verify"])
            #expect(verified.status == 1 && verified.text.contains("FAULTY"))
            let offline = try LivePool.run(["ledger", "verify", "--directory", Self.data(pool, "node2")])
            #expect(offline.status == 1 && offline.text.contains("FAULTY"))
            let refused = try pool.surplus("node2", ["run", "--", "true"])
            #expect(refused.status == 125)
            #expect(refused.complaint().contains("surplus ledger restore"))
            #expect(try pool.surplus("node2", ["doctor"]).text.contains("surplus ledger restore"))
        }
    }
}
