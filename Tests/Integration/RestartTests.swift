import Foundation
import Testing

extension LiveTests {
    /// Whatever is killed, a job that was accepted comes to its end, and nothing acknowledged is lost.
    @Suite struct RestartTests {
        private struct Leases: Decodable {
            struct Lease: Decodable { let lease: String }
            let leases: [Lease]
        }

        private static func submit(on pool: LivePool, _ script: String) throws -> String {
            let ran = try pool.surplus(
                "node1", ["run", "--cpu", "0.2", "--memory", "64MiB", "--detach", "--", "sh", "-c", script])
            try #require(ran.status == 0, "\(ran.errors)")
            return try #require(ran.text.firstMatch(of: /job_[0-9a-z]{26}/).map { String($0.output) })
        }

        @Test(
            "a running job survives the death of everything but itself, with all its output and its own exit status",
            arguments: [["node1"], ["node2"], ["node1", "node2"]])
        func killed(nodes: [String]) throws {
            let pool = try LivePool(nodes: 2)
            let job = try Self.submit(on: pool, "i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; exit 9")
            try LivePool.eventually("it has begun") {
                try pool.surplus("node1", ["job", "logs", job]).text.contains("line 3\n") ? true : nil
            }
            for node in nodes {
                let daemons = try pool.daemons(node)
                for pid in [daemons.pid, daemons.wardenPid] { kill(try #require(pid), SIGKILL) }
            }
            for node in nodes {
                let started = try LivePool.run(["dev", "start", node, "--dir", pool.directory])
                #expect(started.status == 0, "\(started.errors)")
            }
            let waited = try pool.surplus("node1", ["job", "wait", job])
            #expect(waited.status == 9, "\(waited.errors)")
            let logs = try pool.surplus("node1", ["job", "logs", job])
            #expect(logs.text == (0..<40).map { "line \($0)\n" }.joined())
            try LivePool.eventually("all leases are settled") {
                try ["node1", "node2"].allSatisfy { try pool.json($0, ["lease", "list"], as: Leases.self).leases.isEmpty }
                    ? true : nil
            }
            for node in ["node1", "node2"] { #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0) }
        }

        @Test("what a job uses while its lender's daemons are dead is metered and billed all the same")
        func metered() throws {
            struct Used: Decodable {
                struct Usage: Decodable { let cpuCoreMicroseconds: Double }
                let usage: Usage
                let lease: String
                let state: String
            }
            let pool = try LivePool(nodes: 2)
            let job = try Self.submit(on: pool, "echo on; n=0; while [ $n -lt 1200000 ]; do n=$((n+1)); done; echo $n")
            try LivePool.eventually("it has begun") {
                try pool.surplus("node1", ["job", "logs", job]).text == "on\n" ? true : nil
            }
            let daemons = try pool.daemons("node2")
            for pid in [daemons.pid, daemons.wardenPid] { kill(try #require(pid), SIGKILL) }
            // it goes on meanwhile: its last word is on disk before anybody looks for it again
            let output: String = try LivePool.eventually("it has ended unseen") {
                let jobs = "\(pool.directory)/node2/warden/jobs"
                let names = try FileManager.default.contentsOfDirectory(atPath: jobs).filter { $0.hasPrefix("job_") }
                return names.first.flatMap { try? String(contentsOfFile: "\(jobs)/\($0)/stdout", encoding: .utf8) }
                    .flatMap { $0.contains("1200000") ? $0 : nil }
            }
            #expect(output == "on\n1200000\n")
            #expect(try LivePool.run(["dev", "start", "node2", "--dir", pool.directory]).status == 0)
            #expect(try pool.surplus("node1", ["job", "wait", job]).status == 0)
            // that the job has ended is known before the last receipt
            let ran: Used = try pool.json("node1", ["job", "show", job])
            #expect(ran.usage.cpuCoreMicroseconds > 500_000)
            try LivePool.eventually("it is billed") {
                let lease: Used = try pool.json("node1", ["lease", "show", ran.lease])
                // the kernel counts the start of the sandbox, too
                let isWhole = lease.usage.cpuCoreMicroseconds >= ran.usage.cpuCoreMicroseconds * 0.98
                return lease.state == "settled" && isWhole ? true : nil
            }
        }

        @Test("a watcher whose agent is restarted finds the job again by attaching, from where it likes")
        func attached() throws {
            let pool = try LivePool(nodes: 2)
            let job = try Self.submit(on: pool, "echo one; sleep 4; echo two")
            try LivePool.eventually("it has begun") {
                try pool.surplus("node1", ["job", "logs", job]).text == "one\n" ? true : nil
            }
            kill(try #require(try pool.daemons("node1").pid), SIGKILL)
            let unreachable = try pool.surplus("node1", ["job", "list"])
            #expect(unreachable.status == 1)
            #expect(unreachable.complaint().contains("surplusd"))
            #expect(try LivePool.run(["dev", "start", "node1", "--dir", pool.directory]).status == 0)
            #expect(try pool.surplus("node1", ["job", "list", "--all"]).text.contains(job))
            let attached = try pool.surplus("node1", ["job", "attach", job])
            #expect(attached.status == 0, "\(attached.errors)")
            #expect(attached.text == "one\ntwo\n")
        }
    }
}
