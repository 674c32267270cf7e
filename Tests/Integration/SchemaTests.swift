import Foundation
import TestKit
import Testing

extension LiveTests {
    /// What commands print as JSON against what Docs/schema says of it.
    @Suite struct SchemaTests {
        private struct Schema: Decodable {
            let commands: [String]
            enum CodingKeys: String, CodingKey { case commands = "x-commands" }
        }

        /// The schema of each command.
        private static func documented() throws -> [String: String] {
            var result: [String: String] = [:]
            for file in try FileManager.default.contentsOfDirectory(atPath: SchemaValidator.folder) where file != "common.json" {
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(SchemaValidator.folder)/\(file)"))
                for command in try JSONDecoder().decode(Schema.self, from: data).commands {
                    #expect(result[command] == nil, "\(command) has two schemas")
                    result[command] = String(file.dropLast(".json".count))
                }
            }
            return result
        }

        /// Every command that has `--json`, as the program itself tells.
        private static func commandsWithJSON() throws -> [String] {
            struct Dump: Decodable { let command: Command }
            struct Command: Decodable {
                struct Argument: Decodable {
                    struct Name: Decodable { let name: String }
                    let names: [Name]?
                }
                let commandName: String
                let subcommands: [Command]?
                let arguments: [Argument]?

                func found(_ path: [String]) -> [String] {
                    let hasJSON = arguments?.contains { $0.names?.contains { $0.name == "json" } == true } == true
                    return (hasJSON ? [path.joined(separator: " ")] : [])
                        + (subcommands ?? []).flatMap { $0.found(path + [$0.commandName]) }
                }
            }
            let dump = try LivePool.run(["--experimental-dump-help"])
            return try JSONDecoder().decode(Dump.self, from: dump.output).command.found([])
        }

        /// What was printed, by command.
        private final class Collection {
            var documents: [(command: String, text: String)] = []

            /// Runs `command`, whose name may end in `, VARIANT`, with more arguments and keeps what it prints.
            @discardableResult
            func run(
                _ pool: LivePool, _ node: String, _ command: String, _ more: [String] = [], status: Int32 = 0
            ) throws -> LivePool.Result {
                let words = command.prefix { $0 != "," }.split(separator: " ").map(String.init)
                let separator = more.firstIndex(of: "--") ?? more.endIndex
                let arguments = words + more[..<separator] + ["--json"] + more[separator...]
                let result = try pool.surplus(node, arguments)
                #expect(result.status == status, "\(arguments): \(result.errors)")
                keep(command, result)
                return result
            }

            func keep(_ command: String, _ result: LivePool.Result) {
                let isOneObject = !result.text.hasPrefix("{\"")
                for text in isOneObject ? [result.text] : result.text.split(separator: "\n").map(String.init) {
                    documents.append((command, text.split(separator: "\n").joined()))
                }
            }
        }

        @Test("every command's JSON is as documented: nothing that is not in its schema, nothing missing")
        func documentedJSON() throws {
            let collection = Collection()
            let pool = try LivePool(nodes: 3, policy: LivePool.lendingForKind)
            try trade(pool, collection)
            try owe(pool, collection)
            try dispute(pool, collection)
            try govern(pool, collection)
            try store(pool, collection)
            try own(pool, collection)
            try found(collection)

            let documented = try Self.documented()
            let shown = Set(collection.documents.map(\.command))
            for command in try Self.commandsWithJSON() {
                let variants = documented.keys.filter {
                    $0 == command || $0.hasPrefix(command + " --") || $0.hasPrefix(command + ",")
                }
                #expect(!variants.isEmpty, "\(command): Docs/schema has no schema for it")
                for variant in variants { #expect(shown.contains(variant), "\(variant): this test does not run it") }
            }
            let lines = try collection.documents.map { "\(try #require(documented[$0.command], "\($0.command)")) \($0.text)\n" }
            let python = try LivePool.run(
                SchemaValidator.arguments, path: SchemaValidator.path, input: Data(lines.joined().utf8))
            #expect(python.status == 0, "\(python.errors)")
            #expect(python.text.isEmpty, "\(python.text)")
        }

        /// Volumes. One that moves has another home afterwards.
        private func store(_ pool: LivePool, _ collection: Collection) throws {
            func run(_ command: String, _ more: [String] = [], on node: String = "node1") throws {
                _ = try collection.run(pool, node, command, more)
            }
            let made = ["data", "--size", "64MiB"]
            try LivePool.eventually("two nodes have room") {
                try pool.surplus("node1", ["volume", "create", "--dry-run"] + made).status == 0 ? true : nil
            }
            for command in ["volume create --dry-run", "volume create"] { try run(command, made) }
            try run("volume list")
            for command in ["volume status", "volume scrub", "volume check"] { try run(command, ["data"]) }
            for command in ["volume grow --dry-run", "volume grow"] { try run(command, ["data", "--size", "80MiB"]) }
            for command in ["volume shrink --dry-run", "volume shrink"] { try run(command, ["data", "--size", "64MiB"]) }
            for command in ["volume evacuate --dry-run", "volume evacuate"] { try run(command, ["node3"]) }
            for command in ["volume takeover --dry-run", "volume takeover"] { try run(command, ["data"], on: "node2") }
            for command in ["volume delete --dry-run", "volume delete"] { try run(command, ["data", "--yes"], on: "node2") }
        }

        /// Borrowing: leases, jobs, credits.
        private func trade(_ pool: LivePool, _ collection: Collection) throws {
            struct ID: Decodable {
                let lease: String?
                let job: String?
            }
            func run(_ command: String, _ more: [String] = [], status: Int32 = 0) throws -> LivePool.Result {
                try collection.run(pool, "node1", command, more, status: status)
            }
            let wish = ["--cpu", "0.1", "--memory", "64MiB"]
            try LivePool.eventually("two nodes lend") {
                try pool.surplus("node1", ["lease", "request", "--dry-run", "--nodes", "2"] + wish).status == 0 ? true : nil
            }
            for command in [
                "version", "status", "nodes", "offers", "credits", "credits net", "ledger verify", "ledger reconcile",
                "ledger status",
            ] {
                _ = try run(command)
            }
            _ = try run("lease request --dry-run", wish)
            _ = try run("lease request --dry-run", ["--cpu", "1000"], status: 1)
            _ = try run("run --dry-run", wish + ["--", "true"])
            _ = try run("lease request, refused", ["--cpu", "1000"], status: 1)
            _ = try run("lease request --nodes", ["2", "--start", "+10min"] + wish)
            let requested = try run("lease request", wish + ["--for", "5m"])
            let lease = try #require(try JSONDecoder().decode(ID.self, from: requested.output).lease)
            _ = try run("lease renew --dry-run", [lease])
            _ = try run("lease renew", [lease, "--for", "1m"])
            _ = try run("lease show", [lease])
            _ = try run("run --dry-run", ["--lease", lease, "--", "true"])
            let submitted = try run(
                "run --detach", ["--lease", lease, "--env", "A=b", "--time-limit", "5m", "--", "sh", "-c", "exit 3"])
            let job = try #require(try JSONDecoder().decode(ID.self, from: submitted.output).job)
            #expect(try pool.surplus("node1", ["job", "wait", job]).status == 3)
            for command in ["job show", "job cancel", "explain"] { _ = try run(command, [job]) }
            for command in ["job list", "ps", "lease list"] { _ = try run(command, ["--all"]) }
            _ = try collection.run(pool, "node2", "job list", ["--all"])
            _ = try run("explain", [lease])
            _ = try collection.run(pool, "node2", "reclaim", ["--all", "--dry-run", "--now"])
            let warden = "\(pool.directory)/node2/run/warden.sock"
            _ = try collection.run(pool, "node2", "evict", ["--dry-run", "--warden", warden])
            _ = try run("lease release --dry-run", [lease])
            _ = try run("lease release", [lease])
            for command in ["credits", "statement", "status", "ledger verify"] { _ = try run(command) }
            _ = try run("statement", ["--unit", "core_time"])
            _ = try run("events", ["--last", "50"])
            _ = try run("usage", ["--since", "5m"])
            _ = try collection.run(pool, "node2", "report chargeback", ["--by", "user"])
            let groupings = ["peer", "resource", "application", "user", "day"].flatMap { ["--by", $0] }
            for node in ["node1", "node2"] {
                _ = try collection.run(pool, node, "report trade", groupings)
                _ = try collection.run(pool, node, "report credits")
            }
        }

        /// What is owed in kind.
        private func owe(_ pool: LivePool, _ collection: Collection) throws {
            func obligation(of borrower: String, to lender: String) throws -> String {
                let words = [
                    "run", "--on", lender, "--cpu", "0.1", "--memory", "64MiB", "--defer", "100%", "--", "sh", "-c",
                    LivePool.work,
                ]
                try LivePool.eventually("\(lender) lends") { try pool.surplus(borrower, words).status == 0 ? true : nil }
                return try LivePool.eventually("\(lender) has settled") { try pool.openObligation(on: borrower, owedToUs: false) }
            }
            let ours = try obligation(of: "node1", to: "node2")
            try collection.run(pool, "node1", "obligation show", [ours])
            try collection.run(pool, "node1", "obligation postpone", [ours, "--until", "+8d"])
            try collection.run(pool, "node1", "obligation cancel", [try obligation(of: "node2", to: "node1")])
            // The last of all: what was used decides which of the two is left, if any.
            _ = try obligation(of: "node2", to: "node1")
            try collection.run(pool, "node1", "obligation offset", [ours])
            try collection.run(pool, "node1", "obligation list", ["--all"])
            for node in ["node1", "node2"] {
                for command in ["statement", "report trade", "report credits"] { try collection.run(pool, node, command) }
            }
        }

        /// What is in dispute.
        private func dispute(_ pool: LivePool, _ collection: Collection) throws {
            let paid = try pool.paidReceipt(of: "node1", from: "node2")
            try collection.run(pool, "node1", "dispute open", [paid.receipt, "--reason", "too slow"])
            let id = try #require(try pool.disputes(on: "node1").first).dispute
            try collection.run(pool, "node1", "dispute list")
            try collection.run(pool, "node1", "credits")
            try collection.run(pool, "node1", "report credits")
            try collection.run(pool, "node1", "dispute show", [id])
            try collection.run(pool, "node2", "dispute accept", [id, "--amount", "0.000001"])
            try LivePool.eventually("a part is given back") {
                try pool.disputes(on: "node1").first { $0.acceptedMicrocredits > 0 && $0.next == "withdraw" }
            }
            try collection.run(pool, "node1", "dispute withdraw", [id])
            try collection.run(pool, "node1", "statement")
        }

        /// Policies, rights, and who changed what.
        private func govern(_ pool: LivePool, _ collection: Collection) throws {
            let policy = pool.directory + "/careful.yaml"
            try """
            include: blade
            name: careful
            lend: {when: users < 1000, until: load > 5000}
            limits: [{for: each peer, leases: 9, when: on every day}]
            credit: {decay: 2%}
            borrow:
              rules:
                - {name: never, when: load > 5000, cpu: 1 core, memory: 1 GiB, budget: {credits: 1 credit, per: day}}
            """.write(toFile: policy, atomically: true, encoding: .utf8)
            _ = try collection.run(pool, "node2", "policy check", [policy])
            _ = try collection.run(pool, "node2", "policy diff", ["closed"])
            for command in ["policy apply", "policy diff"] { _ = try collection.run(pool, "node2", command, [policy]) }
            for command in ["policy show", "policy explain"] { _ = try collection.run(pool, "node2", command) }
            _ = try collection.run(pool, "node2", "policy explain", ["--peer", "node1", "--cpu", "1000"])
            _ = try collection.run(pool, "node2", "policy reset")
            let (file, newer) = (pool.directory + "/anna.pem", pool.directory + "/newer.pem")
            _ = try collection.run(pool, "node1", "pool user add", ["anna", "--role", "viewer", "--out", file])
            _ = try collection.run(pool, "node1", "pool user role", ["anna", "borrower"])
            _ = try collection.run(pool, "node1", "pool user renew", ["anna", "--out", newer])
            _ = try collection.run(pool, "node1", "pool user revoke --dry-run", ["anna"])
            _ = try collection.run(pool, "node1", "pool user revoke", ["anna", "--yes"])
            _ = try collection.run(pool, "node1", "pool user list")
            _ = try collection.run(pool, "node1", "pool role", ["node2", "operator"])
            _ = try collection.run(pool, "node1", "audit")
        }

        /// The owner's side, and the machine.
        private func own(_ pool: LivePool, _ collection: Collection) throws {
            _ = try collection.run(pool, "node2", "pause", ["--for", "1h"])
            for command in ["status", "doctor", "enforcer status", "enforcer history", "resume", "resume"] {
                try collection.run(pool, "node2", command)
            }
            _ = try collection.run(pool, "node1", "offers")
            _ = try collection.run(pool, "node1", "logs", ["-n", "20"])
            _ = try collection.run(pool, "node2", "reclaim", ["--all"])
            _ = try collection.run(pool, "node1", "pool grant", ["node2"])
            _ = try collection.run(pool, "node1", "pool revoke --dry-run", ["node2"])
            _ = try collection.run(pool, "node2", "pool leave --dry-run")
            let token = pool.directory + "/token"
            _ = try collection.run(pool, "node1", "pool token create", ["--out", token])
            _ = try collection.run(pool, "node1", "pool revoke", ["node2", "--yes"])
            _ = try collection.run(pool, "node1", "nodes")
            _ = try collection.run(pool, "node1", "dev status", ["--dir", pool.directory])
        }

        /// Making, joining and leaving a pool.
        private func found(_ collection: Collection) throws {
            let (one, two) = (
                try LoneAgent(name: "one", more: "warden: none\nledger: {standby: standby}"), try LoneAgent(name: "two")
            )
            for agent in [one, two] { try agent.start() }
            collection.keep("status", try one.surplus("status", "--json"))
            collection.keep("doctor", try one.surplus("doctor", "--json"))
            collection.keep("pool init", try one.surplus("pool", "init", "lab", "--json"))
            let token = one.directory + "/token"
            #expect(try one.surplus("pool", "token", "create", "--out", token).status == 0)
            let address = try #require(try one.status().address)
            collection.keep("pool join", try two.surplus("pool", "join", address, "--token-file", token, "--json"))
            let restored = one.directory + "/restored"
            try LivePool.eventually("the standby is there") {
                try LivePool.run(["ledger", "restore", "--from", one.directory + "/standby", "--to", restored, "--json"]).status
                    == 0
                    ? true : nil
            }
            let again = one.directory + "/restored-again"
            collection.keep(
                "ledger restore",
                try LivePool.run(["ledger", "restore", "--from", one.directory + "/standby", "--to", again, "--json"]))
            collection.keep("ledger status", try one.surplus("ledger", "status", "--json"))
            collection.keep("ledger archive", try one.surplus("ledger", "archive", one.directory + "/archive", "--json"))
            collection.keep("pool leave", try two.surplus("pool", "leave", "--yes", "--json"))
            let directory = one.directory + "/pool"
            defer { _ = try? LivePool.run(["dev", "down", "--dir", directory]) }
            chmod(one.directory, 0o711)
            let up = try LivePool.run(["dev", "up", "--nodes", "1", "--dir", directory, "--json"])
            #expect(up.status == 0, "\(up.errors)")
            collection.keep("dev up", up)
        }
    }
}
