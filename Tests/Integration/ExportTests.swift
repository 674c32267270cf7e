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

        @Test("what was traded comes to the statement of the same time, to the last unit, however it is put together")
        func trade() throws {
            struct Trade: Decodable {
                struct Usage: Decodable { let cpuCoreMicroseconds: Int64 }
                struct Sum: Decodable {
                    let leases: Int
                    let used: Usage
                    let paidMicrocredits, compensationMicrocredits, disputedMicrocredits: Int64
                }
                struct Row: Decodable {
                    let peerName: String?
                    let application: String?
                    let resource: String?
                    let trade: String
                    let sum: Sum
                }
                let rows: [Row]
                let lent, borrowed: Sum
                let changeMicrocredits: Int64
            }
            struct Whole: Decodable { let openingMicrocredits, closingMicrocredits, disputedMicrocredits: Int64 }
            let pool = try Self.traded()
            let last: Event = try pool.json("node1", ["events", "--kind", "receipt.settled", "--last", "1"])
            // to the second, as times are written
            let middle = String(last.at.prefix(19)) + "Z"
            for node in ["node1", "node2", "node3"] {
                for range in [[], ["--since", "1h"], ["--until", middle], ["--since", middle]] {
                    let statement: Whole = try pool.json(node, ["statement"] + range)
                    for grouping in [[], ["resource"], ["day", "peer"], ["application", "user", "resource"]] {
                        let trade: Trade = try pool.json(node, ["report", "trade"] + range + grouping.flatMap { ["--by", $0] })
                        #expect(trade.changeMicrocredits == statement.closingMicrocredits - statement.openingMicrocredits)
                        let sums = trade.rows.map(\.sum)
                        let moved = sums.reduce(0) { $0 + $1.paidMicrocredits + $1.compensationMicrocredits }
                        #expect(moved == trade.changeMicrocredits)
                        #expect(sums.reduce(0) { $0 + $1.disputedMicrocredits } == statement.disputedMicrocredits)
                        #expect(!trade.rows.contains { $0.resource == "not known" })
                    }
                }
            }
            let all: Trade = try pool.json("node1", ["report", "trade"])
            #expect(
                Set(all.rows.map { "\($0.trade) \($0.peerName ?? "")" }) == ["borrowed node2", "borrowed node3", "lent node2"])
            let programs: Trade = try pool.json("node1", ["report", "trade", "--by", "application"])
            #expect(Set(programs.rows.compactMap(\.application)).contains("sh"))
            // both sides tell the same
            let other: Trade = try pool.json("node3", ["report", "trade"])
            let borrowed = all.rows.first { $0.trade == "borrowed" && $0.peerName == "node3" }
            #expect(other.lent.paidMicrocredits == -(borrowed?.sum.paidMicrocredits ?? 0))
            #expect(other.lent.used.cpuCoreMicroseconds == borrowed?.sum.used.cpuCoreMicroseconds)
            #expect(other.lent.used.cpuCoreMicroseconds > 0)
            // and so does the report of credits
            struct History: Decodable {
                struct Peer: Decodable {
                    struct Now: Decodable { let balanceMicrocredits: Int64 }
                    let peerName: String
                    let openingMicrocredits, closingMicrocredits: Int64
                    let now: Now
                }
                let peers: [Peer]
                let closingMicrocredits: Int64
            }
            let credits: Credits = try pool.json("node1", ["credits"])
            for range in [[], ["--since", middle]] {
                let history: History = try pool.json("node1", ["report", "credits"] + range)
                #expect(history.peers.map(\.peerName) == ["node2", "node3"])
                for (peer, line) in zip(history.peers, credits.lines.sorted { $0.peerName < $1.peerName }) {
                    #expect(peer.closingMicrocredits == line.balanceMicrocredits)
                    #expect(peer.now.balanceMicrocredits == line.balanceMicrocredits)
                }
                #expect(history.closingMicrocredits == credits.lines.reduce(0) { $0 + $1.balanceMicrocredits })
            }
            let empty = try pool.surplus("node1", ["report", "trade", "--until", "2020-01-01"])
            #expect(empty.status == 0 && empty.text.contains("nothing was lent or borrowed in this time"))
            let twice = try pool.surplus("node1", ["report", "trade", "--by", "peer", "--by", "peer"])
            #expect(twice.status == 2 && twice.text.isEmpty)
        }

        private struct Event: Decodable { let at: String }

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
            #expect(rows.first?.first == "sequence" && rows.allSatisfy { $0.count == 11 })
            #expect(records.count == rows.count - 1 && records.count >= 3 && records.allSatisfy { $0.record == "transfer" })
            #expect(records.compactMap(\.amountMicrocredits) == rows.dropFirst().compactMap { Int64($0[7]) })
        }

        @Test("a range that makes no sense, and a peer that nobody knows, are one clear error each")
        func refused() throws {
            let pool = try LivePool(nodes: 2)
            let backwards = try pool.surplus("node1", ["ledger", "export", "--format", "csv", "--since", "now", "--until", "1h"])
            #expect(backwards.status == 2 && backwards.text.isEmpty)
            #expect(
                backwards.errors == "surplus: --since now: is not before the end; write an earlier time, or a later --until\n")
            let unknown = try pool.surplus("node1", ["statement", "node9"])
            #expect(unknown.status == 2 && unknown.text.isEmpty && unknown.errors.contains("no node 'node9' in this pool"))
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
