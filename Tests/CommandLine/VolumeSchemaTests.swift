import TestKit
import Testing

@testable import surplus

/// What commands for volumes print as JSON against what Docs/schema says of it.
@Suite struct VolumeSchemaTests {
    private static let commands: [(arguments: [String], status: Int32, schema: String)] = [
        (["list"], 0, "volumes"), (["status", "media"], 0, "volume"), (["create", "media", "--size", "10GiB"], 0, "volume"),
        (["takeover", "media"], 0, "volume"), (["create", "media", "--size", "10GiB", "--dry-run"], 0, "volume-plan"),
        (["create", "media", "--size", "99GiB", "--dry-run"], 1, "volume-plan"),
        (["grow", "media", "--size", "101GiB", "--dry-run"], 1, "volume-plan"),
        (["shrink", "media", "--size", "50GiB", "--dry-run"], 0, "volume-plan"),
        (["evacuate", "node3", "--dry-run"], 0, "volume-plan"), (["grow", "media", "--size", "101GiB"], 0, "volume-work"),
        (["shrink", "media", "--size", "50GiB"], 0, "volume-work"), (["evacuate", "node3"], 1, "volume-work"),
        (["scrub", "media"], 0, "volume-work"), (["check", "media"], 1, "volume-work"),
        (["delete", "media", "--yes"], 0, "volume-removal"), (["delete", "media", "--dry-run"], 1, "dry-run"),
        (["takeover", "media", "--dry-run"], 0, "dry-run"),
    ]

    @Test("every command for volumes prints JSON as it is documented, and every one is among these")
    func documented() async throws {
        let children = try CommandTree.load().children.first { $0.commandName == "volume" }?.children.map(\.commandName)
        #expect(Set(Self.commands.compactMap(\.arguments.first)) == Set(children ?? []))
        let lines = try await FakeAgent.serving { agent in
            var lines = ""
            for command in Self.commands {
                let ended = await (try Program(["volume"] + command.arguments + ["--json"], agent: agent)).end()
                #expect(ended.status == command.status, "\(command.arguments): \(ended.stderr)")
                lines += "\(command.schema) \(ended.stdout.split(separator: "\n").joined())\n"
            }
            return lines
        }
        let validator = try Program(SchemaValidator.arguments, executable: SchemaValidator.path)
        validator.send(lines)
        let ended = await validator.end()
        #expect(ended.status == 0 && ended.stdout.isEmpty, "\(ended.stdout)\(ended.stderr)")
    }
}
