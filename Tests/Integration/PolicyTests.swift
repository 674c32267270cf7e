import Foundation
import TestKit
import Testing

extension LiveTests {
    /// Owners' policies, with real daemons.
    @Suite struct PolicyTests {
        /// The program of the owner's, which no other test run has.
        private static let owner = "own-\(UUID().uuidString.prefix(8).lowercased())"
        private static let policy = """
            name: test
            lend:
              when: not running \(owner)
              cpu: {threshold: 100%, share: 100%, price: 1}
              memory: {threshold: 90%, share: 80%, price: 0.2}
            """

        private struct Lease: Decodable {
            let lease: String
            let state: String
            let reason: String?
        }

        private func write(_ text: String, _ pool: LivePool, _ name: String = "other.yaml") throws -> String {
            let path = pool.directory + "/" + name
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        private static let wish = ["lease", "request", "--cpu", "0.1", "--memory", "64MiB", "--on", "node2"]

        /// A lease of node2's, once it lends.
        private func borrow(_ pool: LivePool) throws -> Lease {
            let output = try LivePool.eventually("node2 lends") {
                let result = try pool.surplus("node1", Self.wish + ["--json"])
                return result.status == 0 ? result.output : nil
            }
            return try JSONDecoder().decode(Lease.self, from: output)
        }

        private func state(_ lease: Lease, _ pool: LivePool) throws -> Lease {
            try pool.json("node1", ["lease", "show", lease.lease])
        }

        @Test("a program of the owner's stops the lending while it runs, running leases get notice, and explain says why")
        func condition() throws {
            let pool = try LivePool(nodes: 2, policy: Self.policy)
            let lease = try borrow(pool)
            // The kernel knows a program by its file's name.
            let program = pool.directory + "/" + Self.owner
            try Executable.copy("/bin/sleep", to: program)
            let owner = Process()
            owner.executableURL = URL(fileURLWithPath: program)
            owner.arguments = ["1000"]
            try owner.run()
            // Test threads start their children with signals blocked.
            func end() {
                kill(owner.processIdentifier, SIGKILL)
                owner.waitUntilExit()
            }
            defer { if owner.isRunning { end() } }
            let told = try LivePool.eventually("the lease is taken back") {
                let now = try state(lease, pool)
                return now.state == "reclaiming" ? now : nil
            }
            #expect(told.reason?.contains("not running \(Self.owner) asked, running") == true)
            let explained = try pool.surplus("node2", ["policy", "explain"])
            #expect(explained.status == 0)
            #expect(explained.text.contains("not running \(Self.owner): running"), "\(explained.text)")
            let refused = try pool.surplus("node1", Self.wish)
            #expect(refused.status == 1 && refused.errors.contains(Self.owner), "\(refused.errors)")
            end()
            _ = try borrow(pool)
        }

        @Test("another policy acts at once and over a restart, until the configured one is put in force again")
        func apply() throws {
            let pool = try LivePool(nodes: 2, policy: Self.policy)
            let lease = try borrow(pool)
            let path = try write("name: other\nlend: nothing\n", pool)
            let trial = try pool.surplus("node2", ["policy", "diff", path])
            #expect(trial.text.contains("would be taken back") && trial.text.contains(lease.lease), "\(trial.text)")
            #expect(try state(lease, pool).state == "active")
            let applied = try pool.surplus("node2", ["policy", "apply", path])
            #expect(applied.status == 0 && applied.text.contains(lease.lease), "\(applied.errors)")
            _ = try LivePool.eventually("the lease is taken back") { try state(lease, pool).state == "reclaiming" ? true : nil }
            #expect(try pool.surplus("node2", ["policy", "show"]).text.contains("name: other"))

            kill(try #require(try pool.daemons("node2").pid), SIGKILL)
            #expect(try LivePool.run(["dev", "start", "node2", "--dir", pool.directory]).status == 0)
            let shown = try pool.surplus("node2", ["policy", "show"])
            #expect(shown.text.contains("name: other") && shown.text.contains("# In force: applied by"), "\(shown.text)")
            #expect(try pool.surplus("node2", ["policy", "reset"]).status == 0)
            #expect(try pool.surplus("node2", ["policy", "show"]).text.contains("name: test"))
        }

        @Test("a faulty policy is refused with its line, by check, apply and reload alike, and changes nothing")
        func faulty() throws {
            let pool = try LivePool(nodes: 1, policy: Self.policy)
            let path = try write(Self.policy.replacingOccurrences(of: "running", with: "runing"), pool)
            for command in ["check", "apply", "diff"] {
                let result = try pool.surplus("node1", ["policy", command, path])
                #expect(result.status == 2)
                let lines = result.errors.split(separator: "\n")
                #expect(lines.count == 3, "\(result.errors)")
                #expect(
                    lines.first?.contains("other.yaml:3:13: lend.when is wrong: unknown reading or condition 'runing'") == true)
                #expect(lines.last.map { $0.hasSuffix("            ^^^^^^") } == true)
            }
            #expect(try pool.surplus("node1", ["policy", "show"]).text.contains("name: test"))

            let daemon = try #require(try pool.daemons("node1").pid)
            let configured = pool.directory + ".policy.yaml"
            let before = try String(contentsOfFile: configured, encoding: .utf8)
            try "name: broken\nlend: [\n".write(toFile: configured, atomically: true, encoding: .utf8)
            kill(daemon, SIGHUP)
            let log = pool.directory + "/node1/surplusd.log"
            _ = try LivePool.eventually("the reload is refused") {
                try String(contentsOfFile: log, encoding: .utf8).contains("kept the running policy") ? true : nil
            }
            #expect(try pool.surplus("node1", ["policy", "show"]).text.contains("name: test"))
            try before.replacingOccurrences(of: "name: test", with: "name: again")
                .write(toFile: configured, atomically: true, encoding: .utf8)
            kill(daemon, SIGHUP)
            _ = try LivePool.eventually("the reload acts") {
                try pool.surplus("node1", ["policy", "show"]).text.contains("name: again") ? true : nil
            }
            try before.replacingOccurrences(of: "name: test", with: "name: anew")
                .write(toFile: configured, atomically: true, encoding: .utf8)
            #expect(try pool.surplus("node1", ["policy", "reset"]).text.contains("'anew'"), "reset reads the file, too")
            let audit = try pool.surplus("node1", ["audit", "--plain"]).text.split(separator: "\n")
            let reloads = audit.filter { $0.contains("ReloadPolicy") && $0.contains("SIGHUP") }
            #expect(reloads.contains { $0.contains("failed") } && reloads.contains { $0.contains("done") }, "\(audit)")
        }

        @Test("hooks run when a lease is lent and when it has ended")
        func hooks() throws {
            let directory = NSTemporaryDirectory() + "/surplus-hooks-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777])
            chmod(directory, 0o777)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let script = "echo $SURPLUS_EVENT $SURPLUS_LEASE $SURPLUS_PEER_NAME $(id -un) >> \(directory)/log"
            let pool = try LivePool(
                nodes: 2,
                policy: Self.policy + "\nhooks:\n  started: [/bin/sh, -c, '\(script)']\n  ended: [/bin/sh, -c, '\(script)']\n")
            let lease = try borrow(pool)
            #expect(try pool.surplus("node1", ["lease", "release", lease.lease]).status == 0)
            let lines = try LivePool.eventually("both hooks ran") {
                let text = (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? ""
                let lines = text.split(separator: "\n")
                return lines.count == 2 ? lines.map(String.init) : nil
            }
            let user = geteuid() == 0 ? "nobody" : NSUserName()
            #expect(lines == ["granted", "closed"].map { "lease.\($0) \(lease.lease) node1 \(user)" })
        }
    }
}
