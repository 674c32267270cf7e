import Configuration
import Foundation
import Policy
import Testing

/// The page about the policy language shows only what the language understands.
@Suite("The page about policies")
struct PolicyPageTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "../../Docs/policy.md")

    /// The YAML examples, each with the line at which it begins.
    private func examples() throws -> [(line: Int, text: String)] {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        var examples: [(line: Int, text: String)] = []
        var isInside = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line == "```yaml" {
                isInside = true
                examples.append((number + 2, ""))
            } else if line == "```" {
                isInside = false
            } else if isInside, let last = examples.indices.last {
                examples[last].text += line + "\n"
            }
        }
        return examples
    }

    @Test("Every example is a part of a good policy")
    func good() throws {
        let examples = try examples()
        #expect(examples.count > 8)
        for example in examples {
            let files = [
                ("mine.yaml", "include: [blade, example.yaml]\nname: mine\n"), ("example.yaml", example.text),
                ("site.yaml", "name: site\n"),
            ]
            let source = PolicySource(files: files.map { .init(name: $0, bytes: Array($1.utf8)) })
            #expect(throws: Never.self, "Docs/policy.md:\(example.line)") { try PolicyFile(source: source) }
        }
    }

    @Test("The page names every reading")
    func readings() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        for gauge in Gauge.allCases { #expect(text.contains("`\(gauge.rawValue)`"), "\(gauge.rawValue)") }
    }
}
