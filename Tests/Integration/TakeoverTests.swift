import Foundation
import Testing

extension LiveTests {
    /// A volume on lenders that have no room for its share a second time.
    @Suite struct TakeoverTests {
        private struct Status: Decodable {
            struct Lender: Decodable {
                let name: String
                let phase: String
            }

            let lenders: [Lender]
        }

        private struct Offer: Decodable {
            struct Amounts: Decodable { let diskBytes: Int64? }

            let offered: Amounts
        }

        private let pool: LivePool
        private let place: String

        init() throws {
            pool = try LivePool(
                nodes: 3,
                policy: """
                    name: tight
                    lend:
                      disk: {keep_free: 1%, share: 4%, price: 0.001 credits}
                    credit: {grants: 10 credits, newcomers: 1 credit, owes: 10 credits}
                    """)
            place = pool.directory + ".mount"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        }

        private func mounted(by node: String, _ body: () throws -> Void) throws {
            let mounted = try LivePool.run(["tight", place, "-o", "agent=" + pool.socket(node)], program: "mount.surplus")
            try #require(mounted.status == 0, "\(mounted.errors)")
            defer { _ = try? LivePool.run([place], path: "/bin/umount") }
            try body()
        }

        @Test("a new home takes over the room that its volume has on a lender that has no more")
        func takeover() throws {
            defer { try? FileManager.default.removeItem(atPath: place) }
            let tree = "/usr/include/linux"
            let lent = try LivePool.eventually("node2 lends disk") {
                try pool.json("node2", ["status"], as: Offer.self).offered.diskBytes.flatMap { $0 > 0 ? $0 : nil }
            }
            // With what is kept for winning room back it is more than half of what is lent.
            let size = "\((lent * 55 / 100) >> 20)MiB"
            let asked = ["volume", "create", "tight", "--size", size, "--replicas", "2", "--on", "node2", "--on", "node3"]
            try LivePool.eventually("there is room") {
                try pool.surplus("node1", asked + ["--dry-run"]).status == 0 ? true : nil
            }
            let made = try pool.surplus("node1", asked)
            try #require(made.status == 0, "\(made.errors)")
            try mounted(by: "node1") {
                let copied = try LivePool.run(["-r", tree, place + "/tree"], path: "/bin/cp")
                #expect(copied.status == 0, "\(copied.errors)")
            }

            kill(try #require(try pool.daemons("node1").pid), SIGKILL)
            try take(over: "node3")
            try pool.start("node1")
            try LivePool.eventually(within: 60, "node1 knows the new home") {
                try pool.surplus("node1", ["volume", "status", "tight"]).text.contains("node3") ? true : nil
            }
            try mounted(by: "node3") {
                let compared = try LivePool.run(["-r", tree, place + "/tree"], path: "/usr/bin/diff")
                #expect(compared.status == 0, "\(compared.text.prefix(400))")
            }
        }

        /// Has a node become the home, which lends itself as another one does.
        private func take(over node: String) throws {
            let taken = try pool.surplus(node, ["volume", "takeover", "tight"])
            try #require(taken.status == 0, "\(taken.errors)")
            try LivePool.eventually(within: 90, "both lend to the new home") {
                let lenders = try pool.json(node, ["volume", "status", "tight"], as: Status.self).lenders
                return lenders.map(\.name).sorted() == ["node2", "node3"] && lenders.allSatisfy { $0.phase == "open" }
                    ? true : nil
            }
            try LivePool.eventually(within: 30, "node2 lends the room once") {
                let told = try pool.surplus("node2", ["events"]).text
                return told.contains("\(node) has borrowed the room for what is stored there") ? true : nil
            }
        }
    }
}
