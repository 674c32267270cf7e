import Foundation
import Testing

extension LiveTests {
    @Suite struct ExportTests {
        private struct Credits: Decodable {
            struct Line: Decodable {
                let peerName: String
                let balanceMicrocredits: Int64
            }
            let lines: [Line]
        }

        private struct Statement: Decodable {
            struct Entry: Decodable {
                let amountMicrocredits: Int64
                let balanceMicrocredits: Int64
                let purpose: String
            }
            let openingMicrocredits: Int64
            let closingMicrocredits: Int64
            let entries: [Entry]
        }

        /// A pool in which node1 has borrowed from node2 and node3, and node2 from node1.
        private static func traded() throws -> LivePool {
            let pool = try LivePool(nodes: 3)
            for (borrower, lender) in [("node1", "node2"), ("node1", "node3"), ("node2", "node1")] {
                let script = "n=0; while [ $n -lt 50000 ]; do n=$((n+1)); done"
                try LivePool.eventually("\(lender) lends") {
                    let words = ["run", "--on", lender, "--cpu", "0.1", "--memory", "64MiB", "--", "sh", "-c", script]
                    return try pool.surplus(borrower, words).status == 0 ? true : nil
                }
            }
            for node in ["node1", "node2", "node3"] {
                try LivePool.eventually("\(node) has settled") {
                    struct Leases: Decodable { let leases: [Lease] }
                    struct Lease: Decodable { let state: String }
                    let list: Leases = try pool.json(node, ["lease", "list", "--all"])
                    return list.leases.allSatisfy { $0.state == "settled" } ? true : nil
                }
            }
            return pool
        }

        @Test(
            "statements and journals balance: hledger and Beancount accept them, and come to what credits says, to the last unit")
        func balances() throws {
            let pool = try Self.traded()
            let credits: Credits = try pool.json("node1", ["credits"])
            #expect(credits.lines.count == 2)
            for line in credits.lines {
                let statement: Statement = try pool.json("node1", ["statement", line.peerName])
                #expect(statement.openingMicrocredits == 0 && statement.closingMicrocredits == line.balanceMicrocredits)
                // what two nodes owe each other may come to nothing, so that only the entries show that they traded
                #expect(!statement.entries.isEmpty && statement.entries.allSatisfy { $0.amountMicrocredits != 0 })
                #expect(statement.entries.reduce(0) { $0 + $1.amountMicrocredits } == line.balanceMicrocredits)
                #expect(statement.entries.last?.balanceMicrocredits == line.balanceMicrocredits)
            }
            try expectAccepted(try export(pool, "hledger"), "hledger", ["check"], credits, pool)
            try expectAccepted(try export(pool, "beancount"), "bean-check", [], credits, pool)
            // what stood before is in a journal that begins later, so that it comes to the same
            try expectAccepted(try export(pool, "hledger", ["--since", "1s"]), "hledger", ["check"], credits, pool)
            try expectAccepted(try export(pool, "beancount", ["--since", "1s"]), "bean-check", [], credits, pool)
        }

        @Test("csv and JSON Lines have every transfer once")
        func plain() throws {
            struct Record: Decodable {
                let record: String
                let amountMicrocredits: Int64?
                let debit: String?
            }
            let pool = try Self.traded()
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let records = try export(pool, "json").split(separator: "\n").map {
                try decoder.decode(Record.self, from: Data($0.utf8))
            }
            let rows = try export(pool, "csv").split(separator: "\r\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
            #expect(rows.first?.first == "sequence" && rows.allSatisfy { $0.count == 10 })
            #expect(records.count == rows.count - 1 && records.count >= 3 && records.allSatisfy { $0.record == "transfer" })
            #expect(records.compactMap(\.amountMicrocredits) == rows.dropFirst().compactMap { Int64($0[6]) })
        }

        @Test("a range that makes no sense, and a peer that nobody knows, are one clear error each")
        func refused() throws {
            let pool = try LivePool(nodes: 2)
            let backwards = try pool.surplus("node1", ["ledger", "export", "--format", "csv", "--since", "now", "--until", "1h"])
            #expect(backwards.status == 2 && backwards.text.isEmpty)
            #expect(
                backwards.errors == "surplus: --since now: is not before the end; write an earlier time, or a later --until\n")
            let unknown = try pool.surplus("node1", ["statement", "node9"])
            #expect(unknown.status == 1 && unknown.text.isEmpty && unknown.errors.contains("no node 'node9' in this pool"))
        }

        private func export(_ pool: LivePool, _ format: String, _ more: [String] = []) throws -> String {
            let result = try pool.surplus("node1", ["ledger", "export", "--format", format] + more)
            #expect(result.status == 0, "\(result.errors)")
            return result.text
        }

        private func expectAccepted(
            _ journal: String, _ program: String, _ words: [String], _ credits: Credits, _ pool: LivePool
        ) throws {
            let file = pool.directory + "/journal"
            try journal.write(toFile: file, atomically: true, encoding: .utf8)
            let arguments = program == "hledger" ? ["-f", file] + words : [file]
            let found = try LivePool.run(arguments, path: "/usr/bin/" + program)
            #expect(found.status == 0 && found.errors.isEmpty, "\(found.text)\(found.errors)\n\(journal)")
            guard program == "hledger" else { return }
            for line in credits.lines {
                let words = [
                    "-f", file, "balance", "--empty", "--no-total", "--flat", "--format", "%(total)",
                    "assets:peers:\(line.peerName)",
                ]
                let total = try LivePool.run(words, path: "/usr/bin/hledger").text
                let value = total.split(separator: " ").first.flatMap { Decimal(string: String($0)) }
                #expect(value == Decimal(line.balanceMicrocredits) / 1_000_000, "\(line.peerName): \(total)")
            }
        }
    }
}
