import Foundation
import TestKit
import Testing

extension LiveTests {
    /// Who may do what, seen with real agents, users and certificates.
    @Suite struct RightsTests {
        private static let isRoot = geteuid() == 0

        private struct Status: Decodable {
            let address: String
            let dataDirectory: String
        }

        private struct Audit: Decodable {
            struct Call: Decodable {
                let user: String
                let role: String
                let origin: String
                let method: String
                let object: String
                let outcome: String
                let reason: String?
            }
            let calls: [Call]

            func contains(_ user: String, _ method: String, _ outcome: String, object: String? = nil) -> Bool {
                calls.contains {
                    $0.user == user && $0.method == method && $0.outcome == outcome && (object == nil || $0.object == object)
                }
            }
        }

        /// Runs `surplus` against the agent at `address` with the certificate in `file`.
        private func surplus(_ address: String, as file: String, _ arguments: String...) throws -> LivePool.Result {
            try LivePool.run(
                ["--agent", address, "--identity", file] + arguments, ["SURPLUS_SOCKET": "/nonexistent", "SURPLUS_AGENT": ""])
        }

        // MARK: Users of the pool

        @Test("a user of the pool does on every node what its role lets it do, until it is revoked, and all of it is on record")
        func remoteUser() throws {
            let pool = try LivePool(nodes: 2)
            let file = pool.directory + "/anna.pem"
            let added = try pool.surplus("node1", ["pool", "user", "add", "anna", "--role", "borrower", "--out", file])
            #expect(added.status == 0, "\(added.errors)")
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let address = try pool.json("node2", ["status"], as: Status.self).address
            func anna(_ arguments: [String]) throws -> LivePool.Result {
                try LivePool.run(arguments + ["--agent", address, "--identity", file], ["SURPLUS_SOCKET": "/nonexistent"])
            }

            #expect(try anna(["nodes"]).text.contains("node2 (this)"), "added on one node, known on the other at once")
            let ran = try surplus(
                address, as: file, "run", "--cpu", "0.2", "--memory", "64MiB", "--", "sh", "-c", "echo out; exit 7")
            #expect(ran.status == 7, "\(ran.errors)")
            #expect(ran.text == "out\n")
            #expect(try anna(["job", "list", "--all"]).text.contains("sh"))
            #expect(try pool.surplus("node2", ["lease", "list", "--all", "--json"]).text.contains("\"anna@pool\""))
            #expect(try anna(["events", "--last", "5"]).status == 0)

            for (arguments, right) in [
                (["reclaim", "--all"], "own"), (["audit"], "audit"), (["pool", "revoke", "node1", "--yes"], "operate"),
            ] {
                let refused = try anna(arguments)
                #expect(refused.status == 1)
                #expect(refused.complaint().contains("anna@pool has the role borrower, which lacks the right '\(right)'"))
            }

            #expect(try pool.surplus("node1", ["pool", "user", "role", "anna", "viewer"]).status == 0)
            let viewing = try surplus(address, as: file, "run", "--", "true")
            #expect(viewing.status == 125)
            #expect(viewing.complaint().contains("has the role viewer, which lacks the right 'borrow'"))
            #expect(try pool.surplus("node1", ["pool", "user", "role", "anna", "operator"]).status == 0)
            #expect(try anna(["audit"]).status == 0)

            #expect(try pool.surplus("node1", ["pool", "user", "revoke", "anna", "--yes"]).status == 0)
            for address in [address, try pool.json("node1", ["status"], as: Status.self).address] {
                let revoked = try surplus(address, as: file, "status")
                #expect(revoked.status == 1)
                #expect(revoked.complaint().contains("user anna was revoked"))
            }
            #expect(try pool.surplus("node2", ["pool", "user", "list"]).text.contains("revoked"))

            let there: Audit = try pool.json("node2", ["audit"])
            #expect(there.contains("anna@pool", "SubmitJob", "done", object: "sh"))
            #expect(there.contains("anna@pool", "AttachJob", "done"))
            #expect(there.contains("anna@pool", "ReclaimLease", "refused", object: "all"))
            #expect(there.contains("anna@pool", "RevokeNode", "refused", object: "node1"))
            #expect(there.calls.allSatisfy { $0.user != "anna@pool" || $0.origin.hasPrefix("127.0.0.1:") })
            let here: Audit = try pool.json("node1", ["audit", "--since", "1h"])
            #expect(here.contains(NSUserName(), "AddUser", "done", object: "anna: borrower"))
            #expect(here.contains(NSUserName(), "SetUserRole", "done", object: "anna: operator"))
            #expect(here.contains(NSUserName(), "RevokeUser", "done", object: "anna"))
        }

        @Test("a renewed certificate is good everywhere, and those before are not")
        func renewal() throws {
            let pool = try LivePool(nodes: 2)
            let (first, second) = (pool.directory + "/1.pem", pool.directory + "/2.pem")
            let add = ["pool", "user", "add", "anna", "--role", "viewer", "--valid", "1d", "--out"]
            #expect(try pool.surplus("node1", add + [first]).status == 0)
            let again = try pool.surplus("node1", add + [second])
            #expect(again.status == 1)
            #expect(again.complaint().contains("in the pool already"))
            #expect(!FileManager.default.fileExists(atPath: second), "what was refused leaves no file")
            #expect(try pool.surplus("node1", ["pool", "user", "renew", "anna", "--out", second]).status == 0)
            let address = try pool.json("node2", ["status"], as: Status.self).address
            #expect(try surplus(address, as: second, "status").status == 0)
            let old = try surplus(address, as: first, "status")
            #expect(old.status == 1)
            #expect(old.complaint().contains("was renewed"))
            let elsewhere = try pool.surplus("node2", ["pool", "user", "renew", "anna", "--out", pool.directory + "/3.pem"])
            #expect(elsewhere.status == 1)
            #expect(elsewhere.complaint().contains("does not have the issuing role; nodes that have it: node1"))
        }

        @Test("what cannot be used as an identity is refused with the reason, before or by the agent")
        func badIdentities() throws {
            let (one, two) = (try LoneAgent(name: "one"), try LoneAgent(name: "two"))
            for agent in [one, two] {
                try agent.start()
                #expect(try agent.surplus("pool", "init", "lab").status == 0)
                let add = try agent.surplus(
                    "pool", "user", "add", "anna", "--role", "viewer", "--out", agent.directory + "/anna.pem")
                #expect(add.status == 0, "\(add.errors)")
            }
            let file = one.directory + "/anna.pem"
            let address = try #require(try one.status().address)
            #expect(try surplus(address, as: file, "status").status == 0)
            let implied = try LivePool.run(["status", "--identity", file], ["SURPLUS_SOCKET": "/nonexistent"])
            #expect(implied.status == 0, "the file names its agent: \(implied.errors)")
            let listed = try LivePool.run(["nodes"], ["SURPLUS_AGENT": address, "SURPLUS_IDENTITY": file])
            #expect(listed.text.contains("one (this)"))

            func fault(_ address: String, _ file: String) throws -> String {
                let ended = try surplus(address, as: file, "status")
                #expect(ended.status == 1)
                return ended.complaint()
            }
            #expect(try fault(address, two.directory + "/anna.pem").contains("name the file for that pool"))
            #expect(try fault(address, one.directory + "/none.pem").contains("no such file"))
            let cut = one.directory + "/cut.pem"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            _ = FileManager.default.createFile(
                atPath: cut, contents: Data(text.utf8.dropLast(900)), attributes: [.posixPermissions: 0o600])
            #expect(try fault(address, cut).contains("is no identity"))
            #expect(chmod(file, 0o640) == 0)
            #expect(try fault(address, file).contains("chmod 600"))
            #expect(chmod(file, 0o600) == 0)
            #expect(one.stop() == 0)
            #expect(try fault(address, file).contains("Connection refused"))
        }

        // MARK: Nodes

        @Test("a node that may only look is not lent to, and says why; it lends, and borrows again when it may")
        func viewer() throws {
            let pool = try LivePool(nodes: 2)
            func run(_ node: String) throws -> LivePool.Result {
                try pool.surplus(node, ["run", "--cpu", "0.1", "--memory", "64MiB", "--", "true"])
            }
            #expect(try pool.surplus("node1", ["pool", "role", "node2", "viewer"]).status == 0)
            let refused = try run("node2")
            #expect(refused.status == 125)
            #expect(refused.errors.contains("node node2 has the role viewer, which lacks the right 'borrow'"))
            #expect(try pool.surplus("node2", ["offers"]).text.contains("node1"), "it may look")
            let lent = try run("node1")
            #expect(lent.status == 0, "\(lent.errors)")
            #expect(try pool.surplus("node1", ["pool", "role", "node2", "borrower"]).status == 0)
            let borrowed = try run("node2")
            #expect(borrowed.status == 0, "\(borrowed.errors)")
        }

        @Test("a node does what people do on another only while it operates the pool")
        func operatingNode() throws {
            let pool = try LivePool(nodes: 2)
            let address = try pool.json("node1", ["status"], as: Status.self).address
            let identity = try pool.json("node2", ["status"], as: Status.self).dataDirectory + "/identity/node.pem"
            let refused = try surplus(address, as: identity, "audit")
            #expect(refused.status == 1)
            #expect(refused.complaint().contains("lacks the right 'operate'"))
            #expect(try pool.surplus("node1", ["pool", "role", "node2", "operator"]).status == 0)
            let user = pool.directory + "/berta.pem"
            let added = try surplus(address, as: identity, "pool", "user", "add", "berta", "--role", "viewer", "--out", user)
            #expect(added.status == 0, "\(added.errors)")
            let audit: Audit = try pool.json("node1", ["audit", "--user", "node2@node"])
            #expect(audit.contains("node2@node", "AddUser", "done"))
            let leave = try surplus(address, as: identity, "pool", "leave", "--yes")
            #expect(leave.complaint().contains("lacks the right 'own'"))
        }

        // MARK: Users of the machine

        @Test(
            "users of the machine have the roles that the configuration gives them",
            .enabled(if: isRoot, "needs root, to call as another user"))
        func localUsers() throws {
            let agent = try LoneAgent(more: "warden: none\nrights: {operator: daemon, viewer: nobody}")
            try agent.start()
            #expect(try agent.surplus("pool", "init", "lab").status == 0)
            // others are to reach the program and the socket
            let program = agent.directory + "/surplus"
            try Executable.copy(LivePool.programs + "/surplus", to: program)
            #expect(chmod(agent.directory, 0o755) == 0 && chmod(agent.socket, 0o666) == 0)
            func call(_ uid: Int, _ arguments: String...) throws -> LivePool.Result {
                try LivePool.run(
                    ["--reuid", "\(uid)", "--regid", "65534", "--clear-groups", program] + arguments,
                    ["SURPLUS_SOCKET": agent.socket], path: "/usr/bin/setpriv", in: "/")
            }
            let (daemon, bin, nobody) = (1, 2, 65_534)
            #expect(try call(nobody, "status").status == 0)
            let lease = try call(nobody, "lease", "request", "--cpu", "0.1")
            #expect(lease.complaint().contains("nobody has the role viewer, which lacks the right 'borrow'"))
            #expect(try call(daemon, "pool", "token", "create", "--out", "-").status == 0)
            let leave = try call(daemon, "pool", "leave", "--yes")
            #expect(leave.complaint().contains("daemon has the role operator, which lacks the right 'own'"))
            let audit = try call(bin, "audit")
            #expect(audit.complaint().contains("bin has the role borrower, which lacks the right 'audit'"))

            let shown = try call(daemon, "audit", "--json")
            let calls = try JSONDecoder().decode(Audit.self, from: shown.output)
            #expect(calls.contains("root", "InitPool", "done", object: "lab"))
            #expect(calls.contains("nobody", "RequestLease", "refused"))
            #expect(calls.contains("daemon", "CreateToken", "done"))
            #expect(calls.contains("daemon", "LeavePool", "refused"))
            #expect(!calls.calls.contains { $0.user == "bin" }, "who only looks, or is not let look, changes nothing")
            #expect(calls.calls.first { $0.user == "nobody" }?.origin.hasPrefix("uid 65534, pid ") == true)
        }
    }
}
