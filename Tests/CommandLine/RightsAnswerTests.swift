import Foundation
import Testing
import Wire

@testable import surplus

@Suite struct RightsAnswerTests {
    @Test("users are listed with role, standing and when the certificate ended; JSON leaves out what is not known")
    func users() async throws {
        try await FakeAgent.serving { agent in
            let text = await (try Program(["pool", "user", "list"], agent: agent)).end().stdout
            #expect(text.contains("anna"))
            #expect(text.contains("ago"))
            #expect(text.contains("none"))
            let json = await (try Program(["pool", "user", "list", "--json"], agent: agent)).end().stdout
            #expect(json.contains("\"role\" : \"borrower\""))
            #expect(json.contains("\"schema\" : 1"))
            let changed = await (try Program(["pool", "user", "role", "anna", "operator"], agent: agent)).end().stdout
            #expect(changed.contains("operator"))
            #expect(changed.contains("1 peer, unreachable now"))
        }
    }

    @Test("the audit log is a table, says when there is more, and is one object of JSON")
    func audit() async throws {
        try await FakeAgent.serving { agent in
            let text = await (try Program(["audit"], agent: agent)).end().stdout
            for word in ["anna@pool", "ReclaimLease", "refused", "10.0.0.7:41912", "no right", "--last"] {
                #expect(text.contains(word))
            }
            let json = await (try Program(["audit", "--user", "anna@pool", "--json"], agent: agent)).end().stdout
            #expect(json.contains("\"more\" : false"))
            #expect(json.contains("\"outcome\" : \"refused\""))
            #expect(json.contains("\"schema\" : 1"))
        }
    }

    @Test("a certificate that was not made, or is not for the key that asked, leaves no file")
    func noCertificate() async throws {
        try await FakeAgent.serving { agent in
            let file = agent.directory + "/anna.pem"
            for command in [["add", "anna", "--role", "viewer"], ["renew", "anna"]] {
                let ended = await (try Program(["pool", "user"] + command + ["--out", file], agent: agent)).end()
                #expect(ended.status == 1)
                #expect(ended.stderr.hasPrefix("surplus: "))
                #expect(!FileManager.default.fileExists(atPath: file))
            }
        }
    }

    @Test(
        "an agent is a host with or without port, an address, or a socket's path",
        arguments: [
            ("blade1", "blade1:7800"), ("blade1:9", "blade1:9"), ("10.0.0.7", "10.0.0.7:7800"), ("fd00::7", "[fd00::7]:7800"),
            ("[fd00::7]:9", "[fd00::7]:9"), ("/run/x", nil), ("./x", nil), ("run/x", nil),
        ] as [(String, String?)])
    func places(_ text: String, _ endpoint: String?) throws {
        let place = try AgentChoice(agent: text, identity: "me.pem").place()
        let expected = endpoint.flatMap { Endpoint($0) }
        #expect(place == (expected.map { .remote($0, identity: "me.pem") } ?? .socket(text)))
    }

    @Test("what stands behind the command goes before what stands before it")
    func leading() throws {
        var arguments = ["--agent", "blade1", "--identity=me.pem", "status", "--agent", "blade2"]
        let choice = try AgentChoice(leading: &arguments)
        #expect(choice == AgentChoice(agent: "blade1", identity: "me.pem"))
        #expect(arguments == ["status", "--agent", "blade2"])
        #expect(AgentChoice(agent: "blade2").orElse(choice) == AgentChoice(agent: "blade2", identity: "me.pem"))
        #expect(AgentChoice(socket: "/run/x").orElse(choice) == AgentChoice(identity: "me.pem", socket: "/run/x"))
        #expect(AgentChoice().orElse(choice) == choice)
        #expect(try AgentChoice(identity: "me.pem").place() == .remote(nil, identity: "me.pem"))
    }
}
