import Foundation
import Resources
import TestKit
import Testing

extension LiveTests {
    /// As a service manager runs the agent.
    @Suite struct ServiceTests {
        private static func started(
            _ manager: PlayedServiceManager, more: String = "warden: none"
        ) throws -> LoneAgent {
            let agent = try LoneAgent(more: more, environment: manager.environment(watchdog: .milliseconds(400)))
            try agent.start()
            return agent
        }

        @Test("an agent says when it is ready, alive, reading its policy anew on SIGHUP, and stopping", arguments: [false, true])
        func told(inPool: Bool) async throws {
            let manager = try PlayedServiceManager(at: NSTemporaryDirectory() + "/surplus-it-\(UUID().uuidString.prefix(8)).sock")
            let agent = try Self.started(manager)
            #expect(await manager.next(with: "READY=1")?.last == "STATUS=lends by policy 'closed'")
            if inPool { #expect(try agent.surplus("pool", "init", "p").status == 0) }
            for _ in 0..<3 { #expect(await manager.next(with: "WATCHDOG=1") != nil) }
            kill(agent.pid, SIGHUP)
            #expect(await manager.next(with: "RELOADING=1")?.contains { $0.hasPrefix("MONOTONIC_USEC=") } == true)
            #expect(await manager.next(with: "READY=1") != nil)
            #expect(await manager.next(with: "WATCHDOG=1") != nil)
            #expect(agent.stop() == 0)
            #expect(await manager.next(with: "STOPPING=1") != nil)
        }

        @Test("a faulty policy ends a reload, too, and the status goes on telling which one is in force")
        func faulty() async throws {
            let manager = try PlayedServiceManager(at: "@surplus-it-\(UUID())")
            let agent = try Self.started(manager, more: "warden: none\npolicy: blade")
            #expect(await manager.next(with: "READY=1")?.last == "STATUS=lends by policy 'blade'")
            let file = agent.directory + "/agent.yaml"
            let good = try String(contentsOfFile: file, encoding: .utf8)
            try good.replacing("policy: blade", with: "policy: nowhere.yaml").write(
                toFile: file, atomically: true, encoding: .utf8)
            kill(agent.pid, SIGHUP)
            #expect(await manager.next(with: "RELOADING=1") != nil)
            #expect(await manager.next(with: "READY=1")?.last == "STATUS=lends by policy 'blade'")
            try good.replacing("policy: blade", with: "policy: closed").write(toFile: file, atomically: true, encoding: .utf8)
            kill(agent.pid, SIGHUP)
            #expect(await manager.next(with: "RELOADING=1") != nil)
            #expect(await manager.next(with: "READY=1")?.last == "STATUS=lends by policy 'closed'")
        }

        @Test("an agent learns what a warden's later tests find, and lends by it")
        func tested() throws {
            struct Findings: Decodable {
                struct Finding: Decodable { let area, name, finding: String }
                let findings: [Finding]
            }
            let pool = try LivePool(nodes: 1)
            let warden = try #require(try pool.daemons("node1").wardenPid)
            func isHindered() throws -> Bool? {
                let result = try pool.surplus("node1", ["doctor", "--json"])
                let lending = try JSONDecoder().decode(Findings.self, from: result.output).findings
                    .first { $0.area == "agent" && $0.name == "lending" }
                return lending.map { $0.finding.contains("no program can be run here") }
            }
            try LivePool.eventually("it lends") { try isHindered() == false ? true : nil }
            // where the test of the sandbox makes its directory
            let obstacle = "\(pool.directory)/node1/warden/self-test"
            #expect(FileManager.default.createFile(atPath: obstacle, contents: nil))
            kill(warden, SIGHUP)
            try LivePool.eventually("it lends no more") { try isHindered() == true ? true : nil }
            try FileManager.default.removeItem(atPath: obstacle)
            kill(warden, SIGHUP)
            try LivePool.eventually("it lends again") { try isHindered() == false ? true : nil }
        }
    }

    /// The units, as systemd reads them; nothing of it needs to run.
    @Suite struct ServiceUnitTests {
        private static let units =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path + "/scripts/systemd"

        private static func analyze(_ arguments: String...) throws -> LivePool.Result {
            try LivePool.run(arguments, ["SYSTEMD_COLORS": "0"], path: "/usr/bin/systemd-analyze")
        }

        @Test("no unit leaves more open than it may", arguments: [("surplusd", 20), ("surplus-warden", 45)])
        func exposure(unit: String, tenths: Int) throws {
            let result = try Self.analyze("security", "--offline=true", "--threshold=\(tenths)", "\(Self.units)/\(unit).service")
            #expect(result.status == 0, "\(result.text)")
            #expect(result.text.contains("Overall exposure level for \(unit).service"))
        }

        @Test("systemd understands all that the units say, but for the type that it knows from release 253 on")
        func understood() throws {
            let directory = NSTemporaryDirectory() + "/surplus-it-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let names = ["surplusd.service", "surplus-warden.service"]
            for name in names {
                // the programs under test stand elsewhere than installed ones
                try String(contentsOfFile: "\(Self.units)/\(name)", encoding: .utf8)
                    .replacing("ExecStart=/usr/local/bin/", with: "ExecStart=\(LivePool.programs)/")
                    .write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
            }
            let result = try LivePool.run(["verify"] + names.map { "\(directory)/\($0)" }, path: "/usr/bin/systemd-analyze")
            #expect(result.status == 0)
            // of this machine's own units, nothing matters here
            let complaints = result.errors.split(separator: "\n").filter { $0.contains("surplus") }
            #expect(
                complaints.allSatisfy { $0.hasSuffix("Failed to parse service type, ignoring: notify-reload") }, "\(complaints)")
        }

        @Test(
            "the user and the directories come to be as the units want them",
            .enabled(if: getuid() == 0, "only root can make them"))
        func made() throws {
            let root = NSTemporaryDirectory() + "/surplus-it-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: root + "/etc", withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: root) }
            for (program, arguments) in [
                ("systemd-sysusers", ["\(Self.units)/surplus.sysusers"]),
                ("systemd-tmpfiles", ["--create", "\(Self.units)/surplus.tmpfiles"]),
            ] {
                let result = try LivePool.run(["--root=\(root)"] + arguments, path: "/usr/bin/\(program)")
                #expect(result.status == 0, "\(result.errors)")
            }
            let users = try String(contentsOfFile: root + "/etc/passwd", encoding: .utf8)
            let user = try #require(users.split(separator: "\n").first { $0.hasPrefix("surplus:") }?.split(separator: ":")[2])
            for (path, mode, owner) in [
                ("/run/surplus", 0o755, user), ("/var/lib/surplus", 0o700, user), ("/var/lib/surplus-warden", 0o711, "0"),
            ] {
                let found = try FileManager.default.attributesOfItem(atPath: root + path)
                #expect(found[.posixPermissions] as? Int == mode, "\(path)")
                #expect((found[.ownerAccountID] as? Int).map { "\($0)" } == String(owner), "\(path)")
            }
        }
    }
}
