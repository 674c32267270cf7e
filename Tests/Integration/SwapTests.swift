import Foundation
import Testing

extension LiveTests {
    @Suite struct SwapTests {
        private static let policy = """
            include: blade
            name: swapping
            lend:
              swap:
                takes: {cpu: 1 core, memory: 1GiB}
            """
        private static let wish = ["--cpu", "0.2", "--memory", "64MiB", "--for", "10m"]

        private struct Lease: Decodable {
            let lease: String
            let role: String
            let state: String
            let inReturnFor: String?
        }

        private static func leases(_ pool: LivePool, _ node: String) throws -> [Lease] {
            struct List: Decodable { let leases: [Lease] }
            return try pool.json(node, ["lease", "list", "--all"], as: List.self).leases
        }

        @Test("two nodes lend each other something at the same time, both use it, and when one half is given back the other ends")
        func story() throws {
            let pool = try LivePool(nodes: 2, policy: Self.policy)
            let asking = ["lease", "request"] + Self.wish + ["--swap-cpu", "0.2", "--swap-memory", "64MiB"]
            let dear = ["lease", "request"] + Self.wish + ["--swap-cpu", "0.01"]
            try LivePool.eventually("node2 lends") { try pool.surplus("node1", asking).status == 0 ? true : nil }

            let preview = try pool.surplus("node1", asking + ["--dry-run"])
            #expect(
                preview.status == 0 && preview.text.contains("in return for which 0.2 cores and 64 MiB for 10 min"),
                "\(preview.text)\(preview.errors)")
            let hopeless = try pool.surplus("node1", dear + ["--dry-run"])
            #expect(hopeless.status == 1 && hopeless.text.contains("wanted in return"), "\(hopeless.text)\(hopeless.errors)")

            let borrowed = try #require(try Self.leases(pool, "node1").first { $0.role == "borrower" })
            let lent = try #require(try Self.leases(pool, "node1").first { $0.role == "lender" })
            #expect(borrowed.inReturnFor == lent.lease && lent.inReturnFor == borrowed.lease)
            let there = try Self.leases(pool, "node2")
            #expect(there.contains { $0.lease == lent.lease && $0.role == "borrower" } && there.count == 2)
            for (node, lease) in [("node1", borrowed.lease), ("node2", lent.lease)] {
                let run = try pool.surplus(node, ["run", "--lease", lease, "--", "echo", "here"])
                #expect(run.status == 0 && run.text == "here\n", "\(node): \(run.errors)")
            }
            let refused = try pool.surplus("node1", dear)
            #expect(refused.status == 1 && refused.errors.contains("wanted in return"), "\(refused.errors)")
            let renewed = try pool.surplus("node1", ["lease", "renew", borrowed.lease])
            #expect(renewed.status == 1 && renewed.errors.contains("a swap lasts as long as was agreed on"), "\(renewed.errors)")

            #expect(try pool.surplus("node1", ["lease", "release", borrowed.lease]).status == 0)
            try LivePool.eventually("the other half is under notice") {
                try Self.leases(pool, "node1").first { $0.lease == lent.lease }?.state == "reclaiming" ? true : nil
            }
            // its owner need not wait for the notice, and pays for it then
            #expect(try pool.surplus("node1", ["reclaim", lent.lease, "--now", "--yes"]).status == 0)
            try LivePool.eventually("both are settled") {
                let all = try Self.leases(pool, "node1") + Self.leases(pool, "node2")
                return all.allSatisfy { $0.state == "settled" } ? true : nil
            }
            for node in ["node1", "node2"] {
                #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0)
                let story = try pool.surplus(node, ["explain", lent.lease])
                #expect(story.text.contains("swap.settled"), "\(story.text)")
                try Self.expectExported(pool, node)
                try Self.expectReported(pool, node)
            }
        }

        /// What both halves came to stands beside the credits: what this node gave, and what it took, of whom.
        private static func expectReported(_ pool: LivePool, _ node: String) throws {
            struct Trade: Decodable {
                struct Sum: Decodable { let swappedMicrocredits: Int64 }
                struct Row: Decodable {
                    let user: String?
                    let trade: String
                    let sum: Sum
                }
                let rows: [Row]
                let lent: Sum
                let borrowed: Sum
            }
            let trade = try pool.json(node, ["report", "trade", "--by", "user"], as: Trade.self)
            #expect(trade.lent.swappedMicrocredits > 0 && trade.borrowed.swappedMicrocredits < 0)
            let returned = trade.rows.filter { $0.user == "in return" }
            #expect(returned.contains { $0.trade == (node == "node1" ? "lent" : "borrowed") && $0.sum.swappedMicrocredits != 0 })
        }

        /// Nothing is left on the account of swaps, and programs for bookkeeping find everything in balance.
        private static func expectExported(_ pool: LivePool, _ node: String) throws {
            let file = pool.directory + "/journal"
            for (format, program) in [("beancount", ["bean-check", file]), ("hledger", ["hledger", "-f", file, "check"])] {
                let export = try pool.surplus(node, ["ledger", "export", "--format", format])
                try export.text.write(toFile: file, atomically: true, encoding: .utf8)
                let checked = try LivePool.run(Array(program.dropFirst()), path: "/usr/bin/" + program[0])
                #expect(checked.status == 0 && checked.errors.isEmpty, "\(checked.text)\(checked.errors)\n\(export.text)")
            }
            let words = ["-f", file, "balance", "--no-total", "--flat", "assets:swaps"]
            #expect(try LivePool.run(words, path: "/usr/bin/hledger").text.isEmpty)
        }
    }
}
