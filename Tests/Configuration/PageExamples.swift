import Foundation

/// The examples of one language on the pages of the documentation.
struct PageExample {
    let page: String
    /// At which it begins.
    let line: Int
    var text = ""

    private static let pages = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Docs")
        .standardized

    static var allPages: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: pages.path).filter { $0.hasSuffix(".md") }.sorted()
        }
    }

    static func text(of page: String) throws -> String { try String(contentsOf: pages.appending(path: page), encoding: .utf8) }

    static func yaml(of page: String) throws -> [PageExample] {
        var examples: [PageExample] = []
        var isInside = false
        for (number, line) in try text(of: page).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line == "```yaml" {
                isInside = true
                examples.append(PageExample(page: page, line: number + 2))
            } else if line == "```" {
                isInside = false
            } else if isInside, let last = examples.indices.last {
                examples[last].text += line + "\n"
            }
        }
        return examples
    }
}
