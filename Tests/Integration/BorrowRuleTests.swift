import Foundation
import Testing

extension LiveTests {
    @Suite struct BorrowRuleTests {
        private static let rules = """
            include: blade
            name: short
            borrow:
              rules:
                - name: builds
                  when: users < 1000
                  until: load > 5000
                  cpu: 0.2 cores
                  memory: 64MiB
                  term: 1 min
                  budget: {credits: 1 credit, per: day, at_once: 0.2 credits}
            """

        private struct Lease: Decodable {
            let lease: String
            let role: String
            let state: String
            let user: String
        }

        private static func acquired(_ pool: LivePool) throws -> Lease? {
            struct List: Decodable { let leases: [Lease] }
            return try pool.json("node1", ["lease", "list", "--all"], as: List.self).leases.first { $0.role == "borrower" }
        }

        @Test("a node whose condition holds borrows by itself, jobs run under what it has, and it is given back with the rule")
        func story() throws {
            let pool = try LivePool(nodes: 2)
            let file = pool.directory + "/short.yaml"
            try Self.rules.write(toFile: file, atomically: true, encoding: .utf8)
            #expect(try pool.surplus("node1", ["policy", "apply", file]).status == 0)
            let lease = try LivePool.eventually("node1 has borrowed") {
                try Self.acquired(pool).flatMap { $0.state == "active" ? $0 : nil }
            }
            #expect(lease.user == "rule:builds")
            let run = try pool.surplus("node1", ["run", "--lease", lease.lease, "--", "echo", "here"])
            #expect(run.status == 0 && run.text == "here\n", "\(run.errors)")
            let policy = try pool.surplus("node1", ["policy", "explain"])
            #expect(policy.text.contains("borrow.rules[builds]") && policy.text.contains("1 of 1 lease of"), "\(policy.text)")
            let small = ["run", "--dry-run", "--cpu", "0.1", "--memory", "32MiB", "--", "true"]
            let preview = try pool.surplus("node1", small)
            #expect(preview.status == 0 && preview.text.contains("\(lease.lease) of node2 is idle"), "\(preview.text)")
            let placed = try pool.surplus("node1", ["run", "--cpu", "0.1", "--memory", "32MiB", "--", "echo", "by itself"])
            #expect(placed.status == 0 && placed.text == "by itself\n", "\(placed.errors)")
            let large = try pool.surplus("node1", ["run", "--cpu", "0.3", "--memory", "32MiB", "--", "true"])
            #expect(large.status == 0, "\(large.errors)")
            struct Jobs: Decodable {
                struct Job: Decodable { let lease: String? }
                let jobs: [Job]
            }
            let jobs = try pool.json("node1", ["job", "list", "--all"], as: Jobs.self).jobs.map(\.lease)
            #expect(jobs.count == 3 && Array(jobs.prefix(2)) == [lease.lease, lease.lease] && jobs.last != lease.lease)
            let story = try pool.surplus("node1", ["explain", lease.lease])
            #expect(story.text.contains("rule.acquired"), "\(story.text)")

            #expect(try pool.surplus("node1", ["policy", "reset"]).status == 0)
            try LivePool.eventually("it is given back and settled") {
                try Self.acquired(pool)?.state == "settled" ? true : nil
            }
            for node in ["node1", "node2"] { #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0) }
        }
    }
}
