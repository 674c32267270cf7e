import Foundation
import Testing

extension LiveTests {
    /// What is wrong ends in one clear error and changes nothing, seen with the real programs.
    @Suite struct BadInputTests {
        private static let isRoot = geteuid() == 0

        // MARK: Tokens

        @Test("a token works once, for its own pool, while it is whole")
        func tokens() throws {
            let (pool, other) = (try LoneAgent(name: "one"), try LoneAgent(name: "two"))
            let (first, second) = (try LoneAgent(name: "three"), try LoneAgent(name: "four"))
            for agent in [pool, other, first, second] { try agent.start() }
            #expect(try pool.surplus("pool", "init", "lab").status == 0)
            #expect(try other.surplus("pool", "init", "elsewhere").status == 0)
            let token = pool.directory + "/token"
            #expect(try pool.surplus("pool", "token", "create", "--out", token).status == 0)
            let address = try #require(try pool.status().address)
            let wrong = try #require(try other.status().address)

            let elsewhere = try first.surplus("pool", "join", wrong, "--token-file", token)
            #expect(elsewhere.status == 1)
            #expect(elsewhere.complaint().contains("not of the token's pool"))

            let text = try String(contentsOfFile: token, encoding: .utf8)
            let cut = pool.directory + "/cut"
            try String(text.dropLast(9)).write(toFile: cut, atomically: true, encoding: .utf8)
            let damaged = try first.surplus("pool", "join", address, "--token-file", cut)
            #expect(damaged.status == 1)
            #expect(damaged.complaint().contains("token"))

            #expect(try first.surplus("pool", "join", address, "--token-file", token).status == 0)
            let again = try second.surplus("pool", "join", address, "--token-file", token)
            #expect(again.status == 1)
            #expect(again.complaint().contains("used"))
            #expect(try second.status().pool ?? "" == "", "who was refused is in no pool")
            #expect(try pool.surplus("nodes").text.contains("three"))
            #expect(try !pool.surplus("nodes").text.contains("four"))
        }

        @Test("a node leaves its pool and can join again as a new one, also when the pool has done without it already")
        func leaving() throws {
            let (pool, member) = (try LoneAgent(name: "one"), try LoneAgent(name: "two"))
            for agent in [pool, member] { try agent.start() }
            #expect(try pool.surplus("pool", "init", "lab").status == 0)
            let address = try #require(try pool.status().address)
            for round in 1...3 {
                let token = pool.directory + "/token-\(round)"
                #expect(try pool.surplus("pool", "token", "create", "--out", token).status == 0)
                #expect(try member.surplus("pool", "join", address, "--token-file", token).status == 0)
                if round == 2 { #expect(try pool.surplus("pool", "revoke", "two", "--yes").status == 0) }
                let left = try member.surplus("pool", "leave", "--yes")
                #expect(left.status == 0, "\(left.errors)")
                #expect(try member.status().pool ?? "" == "")
            }
            let alone = try pool.surplus("pool", "leave", "--yes")
            #expect(alone.status == 0, "\(alone.errors)")
        }

        @Test("a node that was revoked is cut off within seconds, and its guests' lender no longer answers it")
        func revoked() throws {
            let pool = try LivePool(nodes: 3)
            #expect(try pool.surplus("node2", ["run", "--on", "node3", "--", "true"]).status == 0)
            #expect(try pool.surplus("node1", ["pool", "revoke", "node2", "--yes"]).status == 0)
            let refused = try LivePool.eventually("node2 is refused") {
                let ran = try pool.surplus("node2", ["run", "--on", "node3", "--", "true"])
                return ran.status == 0 ? nil : ran
            }
            #expect(refused.status == 125)
            #expect(refused.complaint().contains("revoked"))
            #expect(try pool.surplus("node2", ["status"]).text.contains("was revoked"))
            #expect(try pool.surplus("node3", ["run", "--on", "node1", "--", "true"]).status == 0, "the others trade on")
        }

        // MARK: Configuration

        @Test(
            "a configuration that is wrong is refused with its place, and nothing is made",
            arguments: [
                ("nam: x", "1:1: unknown key 'nam'; did you mean 'name'?"), ("name: [", "failed to parse"),
                ("listen: nowhere", "1:9"), ("stop_timeout: -3s", "1:15"), ("capacity: {cpu: 1e99}", "1:17"),
                (String(repeating: "# much\n", count: 300_000), "larger than"), ("policy: missing.yaml", "missing.yaml"),
            ])
        func configuration(_ text: String, _ fault: String) throws {
            let directory = NSTemporaryDirectory() + "/surplus-it-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let file = directory + "/agent.yaml"
            try (text + "\n").write(toFile: file, atomically: true, encoding: .utf8)
            for arguments in [["--config", file], ["--config", file, "--check-config"]] {
                let ended = try LivePool.run(arguments, program: "surplusd")
                #expect(ended.status == 2)
                #expect(ended.complaint().contains(fault))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["agent.yaml"])
        }

        @Test("a configuration that is right is said to be, and nothing is made")
        func goodConfiguration() throws {
            let agent = try LoneAgent()
            let ended = try LivePool.run(["--config", agent.directory + "/agent.yaml", "--check-config"], program: "surplusd")
            #expect(ended.status == 0)
            #expect(ended.text.contains("good"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: agent.data).isEmpty)
        }

        // MARK: The data directory

        @Test("where it cannot listen an agent says so and ends")
        func listening() throws {
            let first = try LoneAgent(more: "warden: none", place: nil)
            try first.start()
            #expect(try first.surplus("pool", "init", "lab").status == 0)
            let address = try #require(try first.status().address)
            let second = try LoneAgent(listen: address)
            try second.start()
            let initialised = try second.surplus("pool", "init", "other")
            #expect(initialised.status == 1)
            #expect(initialised.complaint().contains("failed to listen on \(address): Address already in use"))
            let third = try LoneAgent(socket: "data/lock/agent.sock")
            try Data().write(to: URL(fileURLWithPath: third.data + "/lock"))
            let ended = try LivePool.run(Array(third.command.dropFirst()), program: "surplusd")
            #expect(ended.status == 1)
            #expect(ended.complaint().contains("data/lock"))
        }

        @Test("a second agent on a data directory is refused and leaves the first alone")
        func second() throws {
            let agent = try LoneAgent()
            try agent.start()
            let command = agent.command
            let ended = try LivePool.run(Array(command.dropFirst()), program: "surplusd")
            #expect(ended.status == 1)
            #expect(ended.complaint().contains("uses it; stop that agent or choose another directory"))
            #expect(try agent.surplus("status").status == 0)
            #expect(agent.stop() == 0, "SIGTERM is a clean stop")
        }

        @Test("a data directory that cannot be written is refused", .enabled(if: isRoot, "needs root for a mount of its own"))
        func readOnly() throws {
            let agent = try LoneAgent(place: "mount --bind \"$1\" \"$1\"; mount -o remount,ro,bind \"$1\"")
            let command = agent.command
            let ended = try LivePool.run(Array(command.dropFirst()), path: command[0])
            #expect(ended.status == 1)
            #expect(ended.complaint().contains("Read-only file system"))
        }

        @Test(
            "a full disk under the ledger refuses what needs it, loses nothing, and is over once there is room",
            .enabled(if: isRoot, "needs root for a mount of its own"))
        func fullDisk() throws {
            let agent = try LoneAgent(place: "mount -t tmpfs -o size=4m,mode=0700 tmpfs \"$1\"")
            try agent.start()
            #expect(try agent.surplus("pool", "init", "lab").status == 0)
            // as the agent sees it
            func createToken() throws -> LivePool.Result {
                try agent.surplus("pool", "token", "create", "--out", agent.directory + "/token-\(UUID())")
            }
            let filler = "/proc/\(agent.pid)/root\(agent.data)/filler"
            let descriptor = open(filler, O_WRONLY | O_CREAT, 0o600)
            try #require(descriptor >= 0)
            let page = [UInt8](repeating: 7, count: 4096)
            while write(descriptor, page, page.count) > 0 {}
            close(descriptor)
            var made = 0
            let refused = try LivePool.eventually("the disk is full") {
                let token = try createToken()
                made += token.status == 0 ? 1 : 0
                return token.status == 0 ? nil : token
            }
            #expect(refused.status == 1)
            #expect(refused.complaint().contains("no space left"))
            #expect(try agent.surplus("status").text.contains("cannot be written"))
            unlink(filler)
            try LivePool.eventually("there is room again") {
                try createToken().status == 0 ? true : nil
            }
            let events = try agent.surplus("events").text
            #expect(
                events.split(separator: "\n").count { $0.contains("token.created") } == made + 1,
                "each that was answered is there")
            #expect(try agent.surplus("ledger", "verify").status == 0)
        }

        // MARK: The warden

        @Test("without its warden a node says so and lends nothing, and lends again once the warden is back")
        func missingWarden() throws {
            let pool = try LivePool(nodes: 2)
            let before = try pool.daemons("node2")
            kill(try #require(before.wardenPid), SIGKILL)
            try LivePool.eventually("node2 says so") {
                try pool.surplus("node2", ["status"]).text.contains("start surplus-warden") ? true : nil
            }
            let ran = try pool.surplus("node1", ["run", "--", "true"])
            #expect(ran.status == 125)
            #expect(ran.complaint().contains("the warden cannot be reached"))
            #expect(try LivePool.run(["dev", "start", "node2", "--dir", pool.directory]).status == 0)
            try LivePool.eventually("node2 lends again") {
                try pool.surplus("node1", ["run", "--", "true"]).status == 0 ? true : nil
            }
        }

        @Test("a warden of another version is not used, and the agent says which versions there are")
        func otherWarden() throws {
            let agent = try LoneAgent(more: "warden: {socket: warden.sock}")
            let warden = try OtherWarden(socket: agent.directory + "/warden.sock")
            try agent.start()
            #expect(try agent.surplus("pool", "init", "lab").status == 0)
            try LivePool.eventually("it says so") {
                try agent.surplus("status").text.contains("upgrade the agent") ? true : nil
            }
            warden.stop()
        }
    }
}
