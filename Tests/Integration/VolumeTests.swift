import Foundation
import LedgerStore
import Testing

@testable import Agent

extension LiveTests {
    /// A shared volume over what nodes lend: mounted on two of them, with a node lost, one left, and a home that moves.
    @Suite struct VolumeTests {
        private static let policy = """
            name: sharing
            lend:
              cpu: {threshold: 80%, share: 60%, price: 1 credit}
              memory: {threshold: 80%, share: 50%, price: 0.2 credits}
              disk: {keep_free: 10%, share: 80%, price: 0.001 credits}
            credit: {grants: 10 credits, newcomers: 1 credit, owes: 10 credits}
            """

        private struct Status: Decodable {
            struct Lender: Decodable {
                let name: String
                let domain: String?
                let phase: String
                let sizeBytes: Int64
            }

            struct Kept: Decodable {
                let homeName: String
                let backupNames: [String]
                let health: String?
            }

            let volume: Kept
            let lenders: [Lender]
        }

        private let pool: LivePool
        private let places: [String]

        init() throws {
            pool = try LivePool(nodes: 4, policy: Self.policy)
            places = ["a", "b"].map { [pool] in pool.directory + ".mount-" + $0 }
            for place in places { try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true) }
        }

        /// Has a node say what its disk fails together with.
        private func label(_ node: String, _ domain: String) throws {
            try pool.stop(node)
            let file = "\(pool.directory)/\(node)/config.yaml"
            let before = try String(contentsOfFile: file, encoding: .utf8)
            let after = before.replacingOccurrences(
                of: "storage: storage", with: "storage: {directory: storage, domain: \(domain)}")
            try after.write(toFile: file, atomically: true, encoding: .utf8)
            try pool.start(node)
        }

        /// Has a command done on a volume by the node that is its home.
        private func volume(_ command: String, _ arguments: String...) throws {
            let done = try pool.surplus("node1", ["volume", command] + arguments)
            try #require(done.status == 0, "\(command) \(arguments): \(done.text)\(done.errors)")
        }

        private func mount(_ volume: String, on place: String, by node: String) throws {
            let mounted = try LivePool.run(
                [volume, place, "-o", "agent=" + pool.socket(node)], program: "mount.surplus")
            try #require(mounted.status == 0, "\(mounted.errors)")
        }

        private func unmountAll() {
            for place in places {
                _ = try? LivePool.run(["-l", place], path: "/bin/umount")
                try? FileManager.default.removeItem(atPath: place)
            }
        }

        private func status(_ volume: String, asking node: String) throws -> Status {
            try pool.json(node, ["volume", "status", volume], as: Status.self)
        }

        private func awaitWhole(_ volume: String, asking node: String) throws {
            try LivePool.eventually(within: 90, "all blocks have their copies") {
                try status(volume, asking: node).volume.health == "healthy" ? true : nil
            }
        }

        private func expectSame(_ tree: String, at place: String) throws {
            let compared = try LivePool.run(["-r", tree, place], path: "/usr/bin/diff")
            #expect(compared.status == 0, "\(compared.text.prefix(400))\(compared.errors.prefix(400))")
        }

        @Test("what is written through one mount is read through the other, with a lender lost, one left, and another home")
        func story() throws {
            defer { unmountAll() }
            let tree = "/usr/include/linux"
            try label("node2", "rack-1")
            try label("node4", "rack-1")
            let lenders = ["node2", "node3", "node4"].flatMap { ["--on", $0] }
            let asked = ["volume", "create", "data", "--size", "200MiB", "--replicas", "2"] + lenders
            try LivePool.eventually("there is room") {
                try pool.surplus("node1", asked + ["--dry-run"]).status == 0 ? true : nil
            }
            let made = try pool.surplus("node1", asked)
            try #require(made.status == 0, "\(made.errors)")
            let domains = try status("data", asking: "node1").lenders.map { "\($0.name) \($0.domain ?? "-")" }
            #expect(domains.sorted() == ["node2 rack-1", "node3 -", "node4 rack-1"])
            try mount("data", on: places[0], by: "node1")
            try mount("data", on: places[1], by: "node4")
            #expect(try LivePool.run(["-r", tree, places[0] + "/tree"], path: "/bin/cp").status == 0)
            try expectSame(tree, at: places[1] + "/tree")
            let checked = try pool.surplus("node1", ["volume", "check", "data"])
            #expect(checked.status == 0 && checked.text.contains(/compared +[1-9]\d+ copies/), "\(checked)")
            let told = try pool.surplus("node1", ["events", "--id", "data"]).text
            #expect(told.contains("this node is the home of 'data'"), "\(told)")
            #expect(try pool.surplus("node1", ["explain", "data"]).text.contains("'data' was made by"))

            // a lender dies: reads and writes go on, and the copies are made anew
            kill(try #require(try pool.daemons("node2").pid), SIGKILL)
            #expect(try LivePool.run(["-r", tree, places[1] + "/second"], path: "/bin/cp").status == 0)
            try expectSame(tree, at: places[0] + "/second")
            try LivePool.eventually("a check tells of who could not be asked") {
                let checked = try pool.surplus("node1", ["volume", "check", "data"])
                return checked.status == 1 && checked.text.contains(/node2 +it is not heard of/) ? true : nil
            }
            try awaitWhole("data", asking: "node1")
            try pool.start("node2")

            // a lender is left
            try LivePool.eventually(within: 60, "node2 is back") {
                try status("data", asking: "node1").lenders.contains { $0.name == "node2" && $0.phase == "open" } ? true : nil
            }
            let planned = try pool.surplus("node1", ["volume", "evacuate", "node4", "--dry-run"]).text
            #expect(planned.contains("all of it found") && planned.contains(/node[23] +\d/), "\(planned)")
            let elsewhere = try pool.surplus("node3", ["volume", "evacuate", "node4", "--dry-run"])
            #expect(elsewhere.status == 1 && elsewhere.text.contains("the home of volume 'data' is node1"), "\(elsewhere)")
            let left = try pool.surplus("node1", ["volume", "evacuate", "node4"])
            #expect(left.status == 0, "\(left.errors)")
            #expect(try !status("data", asking: "node1").lenders.contains { $0.name == "node4" })
            try expectSame(tree, at: places[0] + "/tree")

            // the home dies, and another node takes over
            kill(try #require(try pool.daemons("node1").pid), SIGKILL)
            let taken = try pool.surplus("node3", ["volume", "takeover", "data"])
            try #require(taken.status == 0, "\(taken.errors)")
            #expect(
                try LivePool.run(["-c", "echo after > \(places[1])/after && sync \(places[1])/after"], path: "/bin/sh").status
                    == 0)
            try expectSame(tree, at: places[1] + "/second")
            try awaitWhole("data", asking: "node3")

            // the old home comes back, and can do no harm
            try pool.start("node1")
            try LivePool.eventually("node1 knows the new home") {
                try status("data", asking: "node1").volume.homeName == "node3" ? true : nil
            }
            #expect(try String(contentsOfFile: places[0] + "/after", encoding: .utf8) == "after\n")
            try LivePool.eventually(within: 120, "the old home keeps the journal as a backup") {
                try status("data", asking: "node3").volume.backupNames.count == 2 ? true : nil
            }
            unmountAll()
            let deleted = try LivePool.eventually(within: 60, "nobody has it mounted") {
                let deleted = try pool.surplus("node3", ["volume", "delete", "data", "--yes"])
                return deleted.status == 0 ? deleted : nil
            }
            #expect(deleted.status == 0)
            try LivePool.eventually(within: 60, "nothing is lent any more") {
                struct Leases: Decodable {
                    struct Lease: Decodable { let lease: String }
                    let leases: [Lease]
                }
                return try ["node1", "node3"].allSatisfy {
                    try pool.json($0, ["lease", "list"], as: Leases.self).leases.isEmpty
                } ? true : nil
            }
        }

        @Test("a volume that is made smaller gives room back, and another node lends instead of one that has left the pool")
        func lenders() throws {
            defer { unmountAll() }
            let tree = "/usr/include/linux"
            let asked = ["spare", "--size", "100MiB", "--replicas", "2"]
            try LivePool.eventually("all nodes know each other, and three would lend") {
                let plan = try pool.surplus("node1", ["volume", "create"] + asked + ["--dry-run"])
                return plan.status == 0 && plan.text.matches(of: /node\d/).count == 3 ? true : nil
            }
            let made = try pool.surplus("node1", ["volume", "create"] + asked)
            try #require(made.status == 0, "\(made.errors)")
            let before = try status("spare", asking: "node1").lenders
            #expect(before.count == 3)
            try mount("spare", on: places[0], by: "node1")
            #expect(try LivePool.run(["-r", tree, places[0] + "/tree"], path: "/bin/cp").status == 0)

            try volume("grow", "spare", "--size", "300MiB")
            try LivePool.eventually(within: 60, "more room is given") {
                let grown = try status("spare", asking: "node1").lenders
                return zip(before, grown).allSatisfy { $0.name == $1.name && $0.sizeBytes < $1.sizeBytes } ? true : nil
            }
            let plan = try pool.surplus("node1", ["volume", "shrink", "spare", "--size", "80MiB", "--dry-run"])
            #expect(plan.status == 0 && plan.text.contains("given back"), "\(plan.text)")
            try volume("shrink", "spare", "--size", "80MiB")
            try LivePool.eventually(within: 60, "room is given back") {
                let lenders = try status("spare", asking: "node1").lenders
                let isLess = zip(before, lenders).allSatisfy { $0.name == $1.name && $0.sizeBytes > $1.sizeBytes }
                return isLess && lenders.allSatisfy { $0.phase == "open" } ? true : nil
            }
            try expectSame(tree, at: places[0] + "/tree")

            #expect(try pool.surplus("node1", ["volume", "grow", "spare", "--size", "1TiB"]).status == 1)
            let audit = try pool.surplus("node1", ["audit", "--json"]).text
            #expect(audit.contains(/"method"\s*:\s*"ResizeVolume"[^}]*"outcome"\s*:\s*"failed"/), "\(audit.suffix(2000))")

            let gone = try #require(before.first { $0.name != "node1" }?.name)
            let revoked = try pool.surplus("node1", ["pool", "revoke", gone, "--yes"])
            #expect(revoked.status == 0, "\(revoked.errors)")
            try LivePool.eventually(within: 90, "another node lends") {
                let lenders = try status("spare", asking: "node1").lenders
                return lenders.count { $0.name != gone && $0.phase == "open" } == 3 ? true : nil
            }
            try awaitWhole("spare", asking: "node1")
            try expectSame(tree, at: places[0] + "/tree")
        }

        /// What a node has on its disk for others, by the volumes' ids.
        private func stored(on node: String) -> [String] {
            let names = try? FileManager.default.contentsOfDirectory(atPath: "\(pool.directory)/\(node)/storage")
            return names?.filter { $0.hasPrefix("vol_") } ?? []
        }

        @Test(
            "what a home before has left is moved, others are asked for room to leave a node, and a deletion reaches who was away"
        )
        func remains() throws {
            defer { unmountAll() }
            let tree = "/usr/include/linux"
            let asked = ["volume", "create", "rest", "--size", "100MiB", "--on", "node1", "--on", "node3"]
            try LivePool.eventually("there is room") {
                try pool.surplus("node1", asked + ["--dry-run"]).status == 0 ? true : nil
            }
            let made = try pool.surplus("node1", asked)
            try #require(made.status == 0, "\(made.errors)")
            try mount("rest", on: places[0], by: "node3")
            #expect(try LivePool.run(["-r", tree, places[0] + "/tree"], path: "/bin/cp").status == 0)

            // the home dies; it had room of its own, of which nothing is borrowed
            kill(try #require(try pool.daemons("node1").pid), SIGKILL)
            let taken = try pool.surplus("node3", ["volume", "takeover", "rest"])
            try #require(taken.status == 0, "\(taken.errors)")
            try awaitWhole("rest", asking: "node3")
            try pool.start("node1")
            try LivePool.eventually(within: 120, "node1 lends again, or has nothing any more") {
                let lender = try status("rest", asking: "node3").lenders.first { $0.name == "node1" }
                return lender?.phase == "open" || lender == nil && stored(on: "node1").isEmpty ? true : nil
            }

            // as many lenders as copies, and one is left
            let left = try #require(try status("rest", asking: "node3").lenders.first { $0.name != "node3" }?.name)
            let planned = try pool.surplus("node3", ["volume", "evacuate", left, "--dry-run"])
            #expect(planned.status == 0 && planned.text.contains("all of it found"), "\(planned)")
            let moved = try pool.surplus("node3", ["volume", "evacuate", left])
            #expect(moved.status == 0 && moved.text.contains(/\w+ has (nothing|no blocks) of it any more/), "\(moved)")
            let again = try pool.surplus("node3", ["volume", "evacuate", left])
            #expect(again.status == 0, "\(again.errors)")
            try expectSame(tree, at: places[0] + "/tree")

            // it is deleted while a lender is away
            let away = try #require(try status("rest", asking: "node3").lenders.first { $0.name != "node3" }?.name)
            kill(try #require(try pool.daemons(away).pid), SIGKILL)
            let silent = try pool.surplus("node3", ["volume", "evacuate", away])
            #expect(silent.status == 1 && (silent.text + silent.errors).contains("is not heard of"), "\(silent)")
            #expect(try status("rest", asking: "node3").lenders.contains { $0.name == away }, "it is not given up")
            unmountAll()
            let deleted = try LivePool.eventually(within: 60, "nobody has it mounted") {
                let deleted = try pool.surplus("node3", ["volume", "delete", "rest", "--yes"])
                return deleted.status == 0 ? deleted : nil
            }
            #expect(deleted.text.contains("\(away), once heard of again"), "\(deleted.text)")
            #expect(!stored(on: away).isEmpty)
            try pool.start(away)
            try LivePool.eventually(within: 60, "nothing of it is anywhere") {
                (1...4).allSatisfy { stored(on: "node\($0)").isEmpty } ? true : nil
            }
        }

        @Test("what was cut short at the home is finished when it is back, or undone")
        func interrupted() async throws {
            defer { unmountAll() }
            let lenders = ["node1", "node3", "node4"].flatMap { ["--on", $0] }
            let names = ["kept", "gone", "half", "lost"]
            for name in names {
                let asked = ["volume", "create", name, "--size", "64MiB", "--replicas", "2"] + lenders
                try LivePool.eventually("there is room") {
                    try pool.surplus("node1", asked + ["--dry-run"]).status == 0 ? true : nil
                }
                let made = try pool.surplus("node1", asked)
                try #require(made.status == 0, "\(made.errors)")
                try mount(name, on: places[0], by: "node3")
                #expect(try LivePool.run(["-r", Self.fewFiles, places[0] + "/tree"], path: "/bin/cp").status == 0)
                #expect(try LivePool.run([places[0]], path: "/bin/umount").status == 0)
            }

            // as it stands when the agent ends between two steps
            let volumes = try listed(by: "node1")
            try pool.stop("node1")
            try await rewrite(try #require(volumes["kept"]).volume, on: "node1") { holding in
                holding.successor = holding.nodes.removeLast()
                holding.wanted = 2
            }
            for name in ["gone", "lost"] {
                let volume = try #require(volumes[name])
                let deletion = VolumeHolding.Deletion(epoch: volume.epoch, name: name, user: "ana")
                try await rewrite(volume.volume, on: "node1") { $0.deletion = deletion }
            }
            try await rewrite(try #require(volumes["half"]).volume, on: "node1") { $0.isUnfinished = true }
            try FileManager.default.removeItem(
                atPath: "\(pool.directory)/node1/data/volumes/\(volumes["lost"]?.volume ?? "lost")")
            try pool.start("node1")

            for node in ["node1", "node3"] {
                try LivePool.eventually(within: 90, "the others are deleted, as \(node) knows") {
                    try listed(by: node).keys.sorted() == ["kept"] ? true : nil
                }
            }
            try LivePool.eventually(within: 90, "node4 has nothing of the other, and lends nothing to it") {
                let lenders = try status("kept", asking: "node1").lenders.map(\.name).sorted()
                let leases = try pool.surplus("node4", ["lease", "list", "--plain"]).text
                return lenders == ["node1", "node3"] && stored(on: "node4").isEmpty && leases.isEmpty ? true : nil
            }
            try LivePool.eventually(within: 90, "nothing of the others is anywhere") {
                stored(on: "node1").count == 1 && stored(on: "node3").count == 1 ? true : nil
            }
            for name in ["gone", "lost"] {
                let told = try pool.surplus("node1", ["events", "--id", volumes[name]?.volume ?? ""]).text
                #expect(told.contains("was deleted by ana"))
            }
            try mount("kept", on: places[0], by: "node3")
            try expectSame(Self.fewFiles, at: places[0] + "/tree")

            // a lender loses its disk
            try pool.stop("node3")
            try FileManager.default.removeItem(atPath: "\(pool.directory)/node3/storage")
            try pool.start("node3")
            try LivePool.eventually(within: 90, "node3 has its copies again") {
                try status("kept", asking: "node1").volume.health == "healthy" && !stored(on: "node3").isEmpty ? true : nil
            }
        }

        private static let fewFiles = "/usr/include/linux/usb"

        private struct Listed: Decodable {
            let volume: String
            let name: String
            let epoch: UInt64
        }

        /// The volumes that a node knows, by their names.
        private func listed(by node: String) throws -> [String: Listed] {
            struct List: Decodable { let volumes: [Listed] }
            let list = try pool.json(node, ["volume", "list"], as: List.self)
            return Dictionary(uniqueKeysWithValues: list.volumes.map { ($0.name, $0) })
        }

        /// Changes what a node that is not running has written down for a volume.
        private func rewrite(_ volume: String, on node: String, _ body: (inout VolumeHolding) -> Void) async throws {
            let store = try LedgerStore(directory: "\(pool.directory)/\(node)/data/ledger")
            defer { store.close() }
            let known = try store.states(.volume, as: VolumeHolding.self)
            var holding = try #require(known.first { $0.volume.description == volume })
            body(&holding)
            try await store.commit([.state(.volume, id: volume, holding)])
        }
    }
}
