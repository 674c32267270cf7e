import Testing
import Wire

@testable import surplus

@Suite struct OwnerTests {
    @Test("the doctor ends with 1 when something is at fault, and with 0 for warnings alone")
    func doctor() async throws {
        try await FakeAgent.serving { agent in
            let warning = Surplus_V1_Finding.with {
                ($0.area, $0.name, $0.severity, $0.finding) = ("clock", "skew", "warning", "it is late")
                $0.remedy = "set it"
            }
            agent.state.withLock { $0.findings = [warning] }
            let warned = try await Program.run("doctor", agent: agent)
            #expect(warned.status == 0)
            #expect(warned.stdout.contains("remedy: set it") && warned.stdout.contains("0 faults, 1 warning"))
            agent.state.withLock { $0.findings.append(.with { ($0.area, $0.severity) = ("disk", "fault") }) }
            #expect(try await Program.run("doctor", agent: agent).status == 1)
            agent.state.withLock { $0.heals = true }
            let waited = try await Program.run("doctor", "--wait", "1m", agent: agent)
            #expect(waited.status == 0 && waited.stdout.contains("0 faults"))
        }
    }

    @Test("the enforcer's status and history tell what was taken, why, and what was read")
    func enforcer() async throws {
        try await FakeAgent.serving { agent in
            let status = try await Program.run("enforcer", agent: agent)
            #expect(status.status == 0)
            for word in [
                "1.6 cores", "disk 12.5%", "held back for 45 s", "frozen", "less than guests need", "cpu ignored, disk 30%",
                "7 MiB/s",
                "3 GiB, 80 MiB is kept free",
            ] {
                #expect(status.stdout.contains(word), "\(word)")
            }
            let history = try await Program.run("enforcer", "history", "--last", "7", agent: agent)
            for word in ["frozen", "cpu", "1.5 cores + 0.01 cores of 1.6 cores", "waited 34% of 30%; guests moved 12 MiB/s"] {
                #expect(history.stdout.contains(word), "\(word)")
            }
            let json = try await Program.run("enforcer", "history", "--json", agent: agent).stdout
            for word in ["\"guest_disk_bytes_per_second\"", "\"available_bytes\"", "\"tolerance\"", "3400"] {
                #expect(json.contains(word), "\(word)")
            }
            #expect(agent.state.withLock { $0.moveRequests.map(\.last) }.first == 7)
        }
    }

    @Test("without an agent the doctor says so, how to start it, and looks around all the same")
    func absentAgent() async throws {
        let ended = try await Program.run("doctor", "--config", "/nonexistent/agent.yaml", "--plain")
        #expect(ended.status == 1)
        let areas = Set(ended.stdout.split(separator: "\n").compactMap { $0.split(separator: "\t").dropFirst().first })
        #expect(areas.isSuperset(of: ["agent", "configuration", "kernel", "clock"]), "\(ended.stdout)")
        #expect(ended.stdout.contains("surplusd --config /nonexistent/agent.yaml"))
        #expect(!ended.stdout.contains("systemctl"))
    }

    @Test("who may not talk to the agent is told how to be let in, not that the agent is missing")
    func denied() {
        let denied = Failure(object: "", fault: "permission denied", isLostConnection: true, isDenied: true)
        let finding = Doctor.absence(denied, config: "/etc/surplus/agent.yaml")
        #expect(finding.finding == "permission denied")
        #expect(finding.remedy?.contains("group") == true && finding.remedy?.contains("start") == false)
    }

    @Test("logs asks for the last 100, and for all when a time is given")
    func logs() async throws {
        try await FakeAgent.serving { agent in
            for arguments in [[], ["--since", "1h", "--level", "warning"], ["-n", "3", "--follow"]] {
                let ended = await (try Program(["logs"] + arguments, agent: agent)).end()
                #expect(ended.status == 0)
            }
            let asked = agent.state.withLock { $0.logRequests }
            #expect(asked.map(\.last) == [100, 0, 3])
            #expect(asked.map(\.level) == ["", "warning", ""])
            #expect(asked.map(\.follow) == [false, false, true])
            #expect(asked[1].since > 0)
        }
    }

    @Test("status says that lending is paused, by whom and until when")
    func paused() async throws {
        try await FakeAgent.serving { agent in
            let paused = try await Program.run("pause", agent: agent)
            #expect(paused.stdout.contains("paused by ann") && paused.stdout.contains("'surplus resume'"))
            #expect(try await Program.run("resume", agent: agent).stdout.contains("goes on"))
        }
    }

    @Test("cancelling a job that has ended says that it had")
    func cancelEnded() async throws {
        try await FakeAgent.serving { agent in
            let run = try await Program.run("run", "--detach", "--", "echo hello", agent: agent)
            let job = run.stdout.trimmed
            _ = try await Program.run("job", "cancel", job, agent: agent)
            let again = try await Program.run("job", "cancel", job, agent: agent)
            #expect(again.status == 0)
            #expect(again.stderr.contains("\(job): it had ended already"), "\(again.stderr)")
        }
    }
}
