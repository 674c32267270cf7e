import Foundation
import Testing

@testable import surplus

/// Completion scripts and manual pages, judged by those who read them.
@Suite struct ShellTests {
    private static func shell(_ path: String, _ script: String, agent: FakeAgent? = nil) async throws -> Program.Ended {
        let bin = URL(fileURLWithPath: Program.path).deletingLastPathComponent().path
        return await (try Program(["-c", script], agent: agent, executable: path, variables: ["PATH=\(bin):/usr/bin:/bin"])).end()
    }

    private static let completions = [
        ("surplus lea", "lease"), ("surplus lease ren", "renew"), ("surplus events --fol", "--follow"),
        ("surplus logs --level ", "warning"),
    ]

    @Test("bash completes commands, options and what there is to be named")
    func bash() async throws {
        try await FakeAgent.serving { agent in
            func complete(_ line: String) async throws -> [String] {
                let words = line.split(separator: " ", omittingEmptySubsequences: false).map { "'\($0)'" }.joined(separator: " ")
                let script = """
                    source <(surplus completions bash)
                    COMP_WORDS=(\(words)); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE='\(line)'; COMP_POINT=${#COMP_LINE}
                    $(complete -p surplus | sed 's/.*-F \\([^ ]*\\).*/\\1/') surplus "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """
                let ended = try await Self.shell("/bin/bash", script, agent: agent)
                #expect(ended.stderr.isEmpty, "\(ended.stderr)")
                return ended.stdout.split(separator: "\n").map { $0.trimmed }
            }
            for (line, word) in Self.completions + [("surplus pool grant ", "node1")] {
                var offered = try await complete(line)
                // a shell does not wait long for an agent: a busy machine may need another try
                for _ in 0..<20 where !offered.contains(word) { offered = try await complete(line) }
                #expect(offered.contains(word), "\(line): \(offered)")
            }
        }
    }

    /// What the agent is asked for needs a cursor, which fish has at a terminal only.
    @Test("fish completes commands, options and their values")
    func fish() async throws {
        for (line, word) in Self.completions {
            let script = "set -x HOME /nonexistent; surplus completions fish | source; complete -C '\(line)'"
            let offered = try await Self.shell("/usr/bin/fish", script).stdout
            #expect(offered.contains(word), "\(line): \(offered)")
        }
        let written = try await Program.run("completions", "fish").stdout
        #expect(written.contains("---completion pool grant -- positional@0"))
    }

    @Test("zsh takes the script")
    func zsh() async throws {
        let ended = try await Self.shell(
            "/usr/bin/zsh",
            "surplus completions zsh > /tmp/_surplus.$$; zsh -n /tmp/_surplus.$$; s=$?; rm /tmp/_surplus.$$; exit $s")
        #expect(ended.status == 0, "\(ended.stderr)")
        #expect(try await Program.run("completions", "zsh").stdout.hasPrefix("#compdef surplus"))
    }

    @Test("where no agent answers, completing offers nothing and says nothing")
    func noAgent() async throws {
        let ended = try await Program.run("---completion", "pool", "grant", "--", "positional@0", "0", "0")
        #expect(ended.stdout.trimmed.isEmpty && ended.stderr.isEmpty, "\(ended)")
    }

    @Test("there is a manual page for each command, and no reader of such pages has anything to object")
    func manual() async throws {
        try await Scratch.directory { directory in
            #expect(try await Program.run("manual", "--out", "\(directory)/man1").status == 0)
            let names = try Scratch.names("\(directory)/man1")
            let pages = try CommandTree.load().withDescendants.map { "\($0.pageName).1" } + [MountPage.fileName]
            #expect(names == pages.sorted())
            for name in names {
                let page = "\(directory)/man1/\(name)"
                let lint = await (try Program(["-Tlint", "-Wwarning", page], executable: "/usr/bin/mandoc")).end()
                #expect(lint.status == 0 && lint.stdout.isEmpty, "\(lint.stdout)")
                let groff = await (try Program(["-mdoc", "-Tutf8", "-ww", "-z", page], executable: "/usr/bin/groff")).end()
                #expect(groff.status == 0 && groff.stderr.isEmpty, "\(groff.stderr)")
                let text = try Scratch.read(page)
                for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES"] {
                    #expect(text.contains("\n.Sh \(section)\n"), "\(name): no \(section)")
                }
            }
        }
    }

    @Test("an example in a manual page can be copied from it")
    func examples() async throws {
        try await Scratch.directory { directory in
            _ = try await Program.run("manual", "--out", directory)
            let shown = await (try Program(["-Tascii", "\(directory)/surplus-run.1"], executable: "/usr/bin/mandoc")).end()
            #expect(
                shown.stdout.contains("surplus run --input photos --output out.tar.xz:photos.tar.xz -- tar cJf out.tar.xz photos")
            )
            #expect(shown.stdout.contains("125 when surplus failed"))
        }
    }

    @Test("the manual is the same for the same day", arguments: ["0", "1795247897"])
    func reproducible(epoch: String) async throws {
        try await Scratch.directory { directory in
            for copy in ["a", "b"] {
                let arguments = ["manual", "--out", "\(directory)/\(copy)"]
                _ = await (try Program(arguments, variables: ["SOURCE_DATE_EPOCH=\(epoch)"])).end()
            }
            #expect(try Scratch.read("\(directory)/a/surplus.1") == Scratch.read("\(directory)/b/surplus.1"))
            #expect(
                try Scratch.read("\(directory)/a/surplus.1").hasPrefix(
                    epoch == "0" ? ".Dd January 1, 1970" : ".Dd November 21, 2026"))
        }
    }
}
