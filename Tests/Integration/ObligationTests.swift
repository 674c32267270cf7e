import Foundation
import Testing

extension LiveTests {
    @Suite struct ObligationTests {
        /// Uses and holds enough that what is owed for it lasts for some seconds of less.
        private static let work = ["perl", "-e", "my $held = 'x' x (20 << 20); for (my $i = 0; $i < 16e6; $i++) {}"]
        private static let wish = ["--cpu", "0.1", "--memory", "64MiB"]

        @Test(
            "what a job uses is owed in kind, used up by its creditor, and what is left is cancelled; the ledgers agree all along"
        )
        func story() throws {
            let pool = try LivePool(nodes: 3, policy: LivePool.lendingForKind)
            let borrowing =
                ["run", "--on", "node2"] + Self.wish + ["--defer", "100%", "--due-from", "+1s", "--no-credits", "--"]
            try LivePool.eventually("node2 lends") {
                try pool.surplus("node1", borrowing + Self.work).status == 0 ? true : nil
            }
            try Self.expectPreview(pool)
            let id = try LivePool.eventually("node1 owes node2") { try pool.openObligation(on: "node1", owedToUs: false) }
            let theirs = try #require(try pool.obligations(on: "node2").first)
            let ours = try #require(try pool.obligations(on: "node1").first)
            #expect(theirs.obligation == id && theirs.owedToUs && theirs.peerName == "node1" && theirs.left == ours.left)
            #expect(ours.left.cpuCoreMicroseconds > 0)
            try Self.expectExported(pool, "node1", -ours.left.cpuCoreMicroseconds)
            try Self.expectExported(pool, "node2", ours.left.cpuCoreMicroseconds)
            for (node, sign) in [("node1", Int64(-1)), ("node2", 1)] {
                try Self.expectReported(pool, node, ours.left.cpuCoreMicroseconds * sign, ours.left.memoryMibSeconds * sign)
            }

            let redeeming =
                ["run", "--redeem", id, "--cpu", "0.1", "--memory", "16MiB"] + [
                    "--for", "2s", "--", "sh", "-c", "n=0; while [ $n -lt 1000 ]; do n=$((n+1)); done",
                ]
            try LivePool.eventually("node1 would give what it owes") {
                let preview = try pool.surplus("node2", ["lease", "request", "--dry-run"] + redeeming.dropFirst().prefix(8))
                return preview.status == 0 && preview.text.contains("off \(id)") ? true : nil
            }
            try LivePool.eventually("node1 gives what it owes") {
                try pool.surplus("node2", redeeming).status == 0 ? true : nil
            }
            for command in [["lease", "request"], ["lease", "request", "--dry-run"], ["run", "--dry-run"], ["run"]] {
                let program = command[0] == "run" ? ["--", "true"] : []
                let elsewhere = try pool.surplus("node2", command + ["--redeem", id, "--on", "node3"] + program)
                #expect(
                    elsewhere.status == 2 && elsewhere.errors.contains("--on node3: node1 owes \(id)"), "\(elsewhere.errors)")
            }
            let used = try LivePool.eventually("both have settled what node2 used") {
                let (here, there) = (try pool.obligations(on: "node1").first, try pool.obligations(on: "node2").first)
                let isSettled = here?.redeemed == there?.redeemed && (here?.redeemed.cpuCoreMicroseconds ?? 0) > 0
                return isSettled ? here : nil
            }
            #expect(used.left.cpuCoreMicroseconds < ours.left.cpuCoreMicroseconds)

            let wrong = try pool.surplus("node1", ["obligation", "cancel", id])
            #expect(
                wrong.status == 1 && wrong.errors.contains("only node2, to whom it is owed, can cancel it"), "\(wrong.errors)")
            let part = try pool.surplus("node2", ["obligation", "cancel", id, "--cpu", "0.000001 core-s", "--memory", "1 MiB-s"])
            #expect(part.status == 0, "\(part.text)\(part.errors)")
            let tooMuch = try pool.surplus("node2", ["obligation", "cancel", id, "--cpu", "100000"])
            #expect(tooMuch.status == 1 && tooMuch.errors.contains("are left of \(id): cancel no more"), "\(tooMuch.errors)")
            let cancelled = try pool.surplus("node2", ["obligation", "cancel", id])
            #expect(cancelled.status == 0 && cancelled.text.contains("settled"), "\(cancelled.text)\(cancelled.errors)")
            try LivePool.eventually("nothing is owed on either side") {
                let all = try pool.obligations(on: "node1") + pool.obligations(on: "node2")
                return all.allSatisfy { $0.settledAt != nil } ? true : nil
            }
            for node in ["node1", "node2"] {
                #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0)
                let story = try pool.surplus(node, ["explain", id])
                #expect(
                    story.status == 0 && story.text.contains("obligation.opened") && story.text.contains("obligation.settled"))
            }
        }

        /// A dry run asks for what is meant, and says what would come of it.
        private static func expectPreview(_ pool: LivePool) throws {
            let asking = ["lease", "request", "--on", "node2", "--for", "10m"] + wish + ["--defer", "50%", "--dry-run"]
            for (due, status, words) in [
                ([], Int32(0), "owed in kind, due from"), (["--due", "+60d"], 0, "not all that was asked for"),
                (["--due", "+60d", "--no-credits"], 1, "(--due)"), (["--due-from", "+1s", "--due", "+2min"], 1, "shorter --for"),
            ] {
                let preview = try pool.surplus("node1", asking + due)
                #expect(preview.status == status && preview.text.contains(words), "\(due): \(preview.text)\(preview.errors)")
            }
        }

        /// Statement and trade report have as much in kind as is owed.
        private static func expectReported(_ pool: LivePool, _ node: String, _ cpu: Int64, _ memory: Int64) throws {
            struct Statement: Decodable {
                struct Section: Decodable {
                    let unit: String
                    let closing: Int64
                }
                let inKind: [Section]
            }
            let statement = try pool.json(node, ["statement"], as: Statement.self)
            let closing = Dictionary(uniqueKeysWithValues: statement.inKind.map { ($0.unit, $0.closing) })
            #expect(closing["core_time"] ?? 0 == cpu && closing["memory_time"] ?? 0 == memory, "\(node): \(closing)")
            let narrow = try pool.surplus(node, ["statement", "--unit", "core_time", "--plain"])
            #expect(
                !narrow.text.isEmpty
                    && narrow.text.split(separator: "\n").allSatisfy { $0.split(separator: "\t").contains("core_time") },
                "\(narrow.text)")
            struct Trade: Decodable {
                struct Used: Decodable {
                    let cpuCoreMicroseconds: Int64
                    let memoryMibSeconds: Int64
                }
                struct Kind: Decodable { let deferred: Used }
                struct Sum: Decodable { let inKind: Kind }
                let lent: Sum
                let borrowed: Sum
                let changeInKind: Used
            }
            let trade = try pool.json(node, ["report", "trade"], as: Trade.self)
            #expect(trade.changeInKind.cpuCoreMicroseconds == cpu && trade.changeInKind.memoryMibSeconds == memory)
            #expect((cpu < 0 ? trade.borrowed : trade.lent).inKind.deferred.cpuCoreMicroseconds == cpu)
            let wrong = try pool.surplus(node, ["statement", "--unit", "core-hours"])
            #expect(wrong.status == 2 && wrong.errors.contains("--unit"), "\(wrong.errors)")
        }

        /// What programs for bookkeeping make of a node's ledger: it is in balance, and has the core seconds with peers as told.
        private static func expectExported(_ pool: LivePool, _ node: String, _ coreMicroseconds: Int64) throws {
            let file = pool.directory + "/journal"
            for (format, program) in [("beancount", ["bean-check", file]), ("hledger", ["hledger", "-f", file, "check"])] {
                let export = try pool.surplus(node, ["ledger", "export", "--format", format])
                #expect(export.status == 0, "\(export.errors)")
                try export.text.write(toFile: file, atomically: true, encoding: .utf8)
                let checked = try LivePool.run(Array(program.dropFirst()), path: "/usr/bin/" + program[0])
                #expect(checked.status == 0 && checked.errors.isEmpty, "\(checked.text)\(checked.errors)\n\(export.text)")
            }
            let words = ["-f", file, "balance", "--no-total", "--flat", "--format", "%(total)", "cur:CORESECOND", "assets:peers"]
            let total = try LivePool.run(words, path: "/usr/bin/hledger").text
            let value = total.split(separator: " ").first.flatMap { Decimal(string: String($0)) }
            #expect(value == Decimal(coreMicroseconds) / 1_000_000, "\(total)")
        }

        @Test(
            "what cannot be meant is one clear error, and changes nothing",
            arguments: [
                (["--defer", "120%"], "--defer"), (["--defer", "half"], "--defer"), (["--due", "+1d"], "--due"),
                (["--defer", "50%", "--due-from", "+2d", "--due", "+1d"], "before it starts"),
                (["--redeem", "lse_1"], "not the id"),
                (["--defer", "50%", "--redeem", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a"], "--redeem"),
                (["--redeem", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a", "--max-price", "2"], "--max-price"),
                (["--redeem", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a", "--swap-cpu", "1", "--for", "1m"], "--swap-cpu"),
            ])
        func refused(arguments: [String], complaint: String) throws {
            let result = try LivePool.run(["run"] + arguments + ["--", "true"], ["SURPLUS_SOCKET": "/nonexistent"])
            #expect(result.status == 2 && result.text.isEmpty && result.errors.contains(complaint), "\(result.errors)")
        }

        @Test("what nobody owes cannot be redeemed")
        func unknown() throws {
            let pool = try LivePool(nodes: 2)
            let result = try pool.surplus(
                "node1", ["lease", "request", "--redeem", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a"] + Self.wish)
            #expect(result.status == 1 && result.errors.contains("nobody owes obligation"), "\(result.errors)")
        }
    }
}
