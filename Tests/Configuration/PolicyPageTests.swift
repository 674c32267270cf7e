import Configuration
import Foundation
import Policy
import Testing

/// The pages show only what is understood.
@Suite("The pages about policies and configuration")
struct PolicyPageTests {
    /// Those whose examples are policies.
    private static let policyPages = ["policy.md", "disputes.md", "favours.md", "swaps.md"]

    @Test("Every example of the policy language is a part of a good policy")
    func good() throws {
        let examples = try Self.policyPages.flatMap(PageExample.yaml)
        #expect(examples.count > 9)
        for example in examples {
            let files = [
                ("mine.yaml", "include: [blade, example.yaml]\nname: mine\n"), ("example.yaml", example.text),
                ("site.yaml", "name: site\n"),
            ]
            let source = PolicySource(files: files.map { .init(name: $0, bytes: Array($1.utf8)) })
            #expect(throws: Never.self, "Docs/\(example.page):\(example.line)") { try PolicyFile(source: source) }
        }
    }

    @Test("Every other example is a part of a good configuration of an agent")
    func configuration() throws {
        let examples = try PageExample.allPages.filter { !Self.policyPages.contains($0) }.flatMap(PageExample.yaml)
        #expect(Set(examples.map(\.page)).isSuperset(of: ["events.md", "rights.md"]))
        let directory = FileManager.default.temporaryDirectory.appending(path: "surplus-pages-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        // what the examples name
        try Data("a secret of some length".utf8).write(to: directory.appending(path: "webhook.secret"))
        for example in examples {
            let file = directory.appending(path: "agent.yaml")
            try Data(example.text.utf8).write(to: file)
            #expect(throws: Never.self, "Docs/\(example.page):\(example.line)") { try AgentConfiguration.load(path: file.path) }
        }
    }

    @Test("The page names every reading")
    func readings() throws {
        let text = try PageExample.text(of: "policy.md")
        for gauge in Gauge.allCases { #expect(text.contains("`\(gauge.rawValue)`"), "\(gauge.rawValue)") }
    }
}
