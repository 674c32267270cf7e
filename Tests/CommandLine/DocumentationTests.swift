import Foundation
import Testing

@testable import surplus

/// What the help texts and pages show can be typed.
@Suite struct DocumentationTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static var pages: [String] {
        get throws {
            ["README.md"] + (try Scratch.names("\(repository)/Docs")).filter { $0.hasSuffix(".md") }.map { "Docs/\($0)" }
        }
    }

    private static func isGood(_ line: ShownLine, _ place: String) async {
        for var command in line.commands {
            do {
                _ = try AgentChoice(leading: &command)
                _ = try await Invocation.parse(command)
            } catch {
                guard Surplus.exitCode(for: error) != .success else { continue }
                Issue.record("\(place): surplus \(command.joined(separator: " ")): \(Surplus.message(for: error))")
            }
        }
    }

    @Test("every example in a help text is a command line that is taken")
    func examples() async throws {
        for command in try CommandTree.load().withDescendants {
            let lines = Guide(command.discussion ?? "").examples.map(ShownLine.init)
            #expect(lines.contains { !$0.commands.isEmpty }, "\(command.pageName): no example")
            for line in lines { await Self.isGood(line, command.pageName) }
        }
    }

    @Test("every command line on a page is one that is taken")
    func pages() async throws {
        var count = 0
        for page in try Self.pages {
            let text = try Scratch.read("\(Self.repository)/\(page)")
            // the page about every command shows the examples of the help texts
            guard !page.hasSuffix(CommandReference.fileName) else { continue }
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                guard let shown = line.prefixMatch(of: #/ {4}(?:\$ )?|(?:[a-z]+@)?(?:all|blade\d)[#$] |\$ /#) else { continue }
                let commands = ShownLine(String(line[shown.range.upperBound...]))
                count += commands.commands.count
                await Self.isGood(commands, "\(page):\(number + 1)")
            }
        }
        #expect(count > 100)
    }

    @Test("the page about every command says what the help says")
    func reference() throws {
        let page = try Scratch.read("\(Self.repository)/Docs/\(CommandReference.fileName)")
        let isCurrent = page == CommandReference(try CommandTree.load()).text
        #expect(isCurrent, "Docs/\(CommandReference.fileName) is out of date; \(CommandReference.recipe) makes it anew")
    }
}

/// A line as people type it, or as it is shown with a remark behind it.
private struct ShownLine {
    /// The words behind `surplus`, for each time that it is called.
    let commands: [[String]]

    init(_ line: String) {
        // a remark stands behind at least two spaces
        let line = line.split(separator: #/\s{2,}/#, maxSplits: 1).first.map(String.init) ?? ""
        let calls = line.ranges(of: #/(?:^|[|;(!] ?|&& |\b(?:until|if|do|ssh \w+) )surplus (?=\S)/#)
        commands = calls.map { Self.words(line[$0.upperBound...]) }
    }

    /// Words up to what belongs to the shell, without their quotes.
    private static func words(_ text: Substring) -> [String] {
        var words: [String] = []
        var rest = text
        while let match = rest.prefixMatch(of: #/ *((?:"[^"]*"|'[^']*'|[^\s"'|;&()<>])+)/#) {
            rest = rest[match.range.upperBound...]
            words.append(meant(String(match.1).replacing(#/["']/#, with: ""), behind: words))
        }
        return words
    }

    /// What somebody would write for an id that is cut short, in a variable or only called one; and for a file to be sent.
    private static func meant(_ word: String, behind words: [String]) -> String {
        if words.last == "--input" { return Program.path }
        return switch word {
        case "lse_...", "$lease": Sample.lease
        case "job_...", "$job": Sample.job
        case "ID": words.first == "job" ? Sample.job : Sample.lease
        default: word
        }
    }
}
