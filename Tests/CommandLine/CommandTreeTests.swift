import ArgumentParser
import Testing

@testable import surplus

/// What holds for every command there is, whoever adds one.
@Suite struct CommandTreeTests {
    /// What a person could write for an argument, by its name in the help.
    private static func sample(_ argument: CommandTree.Argument) -> [String] {
        if argument.parsingStrategy == "postTerminator" { return ["--", "true"] }
        return switch argument.valueName {
        case "lease", "id": [Sample.lease]
        case "job": [Sample.job]
        case "count": ["3"]
        case "shell": ["bash"]
        case "duration": ["1m"]
        case "size": ["1GiB"]
        default: ["x"]
        }
    }

    private static func isRequired(_ argument: CommandTree.Argument) -> Bool {
        !argument.isOptional || argument.parsingStrategy == "postTerminator" || argument.parsingStrategy == "allRemainingInput"
    }

    /// A command line that is good, with `options` in it and without the argument of the given place.
    private static func line(_ command: CommandTree, options: [String] = [], without omitted: Int? = nil) -> [String] {
        let required = command.shownArguments.enumerated().filter { isRequired($1) && $0 != omitted }.map(\.element)
        let named = required.filter { !$0.isPositional }.flatMap { [$0.preferredName?.text ?? ""] + sample($0) }
        return command.path.dropFirst() + options + named + required.filter(\.isPositional).flatMap(sample)
    }

    private static func takesAnything(_ command: CommandTree) -> Bool {
        command.shownArguments.contains { $0.isPositional && ($0.isRepeating || $0.parsingStrategy != "default") }
    }

    private static var commands: [CommandTree] { get throws { try CommandTree.load().withDescendants } }

    /// Every command line that is wrong in one way.
    private static func wrongLines(_ command: CommandTree) -> [[String]] {
        var lines = [line(command, options: ["--no-such-option"])]
        guard command.children.isEmpty else { return lines + [command.path.dropFirst() + ["no-such-command"]] }
        if !takesAnything(command) { lines.append(line(command) + ["excess", "words"]) }
        for (place, argument) in command.shownArguments.enumerated() {
            if isRequired(argument) { lines.append(line(command, without: place)) }
            guard argument.kind == "option", let name = argument.preferredName?.text else { continue }
            lines.append(command.path.dropFirst() + [name])
            if ["cores", "size", "duration", "count", "credits", "level", "when"].contains(argument.valueName) {
                lines.append(line(command, options: [name, "no such value"]))
            }
        }
        return lines
    }

    /// What a command is called would otherwise be made of its type's name, each time any command is started,
    /// which takes a third of a millisecond for each.
    @Test("every command says what it is called")
    func namesAreGiven() {
        func check(_ command: any ParsableCommand.Type) {
            #expect(command.configuration.commandName != nil, "\(command)")
            for child in command.configuration.subcommands { check(child) }
        }
        check(Surplus.self)
    }

    @Test("a command line with something unknown, missing, wrong or too much is bad usage, with one complaint and a hint")
    func wrongUsage() async throws {
        for command in try Self.commands {
            for line in Self.wrongLines(command) {
                do {
                    _ = try await Invocation.parse(line)
                    Issue.record("\(line) is taken as good")
                } catch {
                    let text = Surplus.fullMessage(for: error)
                    #expect(Surplus.exitCode(for: error) == .validationFailure, "\(line): \(text)")
                    let complaints = text.split(separator: "\n").filter { $0.hasPrefix("surplus: ") }
                    #expect(complaints.count == 1 && complaints[0].count > 12, "\(line): \(text)")
                    #expect(text.contains("Usage: surplus") && text.contains("--help"), "\(line): \(text)")
                }
            }
        }
    }

    @Test("the program ends with 2 for it, and writes nothing to standard output")
    func status() async throws {
        for command in try Self.commands {
            let ended = await (try Program(Self.line(command, options: ["--no-such-option"]))).end()
            #expect(ended.status == 2 && ended.stdout.isEmpty && ended.stderr.hasPrefix("surplus: "), "\(command.path)")
        }
    }

    @Test("an option that takes a number says what is wrong with a negative one")
    func negativeNumbers() async throws {
        for command in try Self.commands where command.children.isEmpty {
            for argument in command.shownArguments where argument.kind == "option" {
                guard let name = argument.preferredName?.text else { continue }
                do {
                    _ = try await Invocation.parse(Self.line(command, options: [name, "-1"]))
                } catch {
                    #expect(!Surplus.message(for: error).hasPrefix("Missing value"), "\(command.path) \(name)")
                }
            }
        }
    }

    @Test("help begins with what the command does and examples of it, and explains every argument")
    func help() async throws {
        for command in try Self.commands {
            let name = command.path.joined(separator: " ")
            let guide = Guide(command.discussion ?? "")
            #expect(command.discussion?.hasPrefix("Examples:\n") == true, "\(name)")
            #expect(guide.examples.contains { $0.contains(name) }, "\(name): no example of it")
            #expect(command.abstract?.hasSuffix(".") == true, "\(name)")
            for argument in command.shownArguments {
                let which = argument.preferredName?.text ?? argument.valueName ?? "?"
                #expect(argument.abstract?.hasSuffix(".") == true, "\(name) \(which): not explained")
            }
            let ended = await (try Program(command.path.dropFirst() + ["--help"])).end()
            #expect(ended.status == 0 && ended.stderr.isEmpty, "\(name)")
            let parts = ended.stdout.split(separator: "\n\n", maxSplits: 1)
            #expect(parts[0].replacing("\n", with: " ") == "OVERVIEW: \(command.abstract ?? "")", "\(name)")
            #expect(parts[1].hasPrefix("Examples:\n  "), "\(name)")
        }
    }

    @Test("every command that shows something can do so for scripts and for grep")
    func output() throws {
        let silent = [
            "run", "attach", "wait", "logs", "fetch", "exec", "env", "start", "down", "completions", "manual", "export",
            "mount", "unmount",
        ]
        for command in try Self.commands where command.children.isEmpty {
            let names = command.shownArguments.compactMap(\.preferredName?.name)
            guard !silent.contains(command.commandName) || names.contains("plain") else { continue }
            #expect(Set(names).isSuperset(of: ["json", "plain", "color"]), "\(command.path)")
        }
    }
}

enum Sample {
    static let lease = "lse_01jd3x9k3v8q2m7r5t6w8y0z1a"
    static let job = "job_01jd3x9k3v8q2m7r5t6w8y0z1a"
    static let dispute = "dsp_01jd3x9k3v8q2m7r5t6w8y0z1a"
    static let receipt = "rct_01jd3x9k3v8q2m7r5t6w8y0z1a"
    static let volume = "vol_01jd3x9k3v8q2m7r5t6w8y0z1a"
    static let otherVolume = "vol_01jd3x9k3v8q2m7r5t6w8y0z1b"
    static let session = "ses_01jd3x9k3v8q2m7r5t6w8y0z1a"
    static func node(_ number: Int) -> String { "nde_01jd3x9k3v8q2m7r5t6w8y0z1\(number)" }
    /// Of `node1` and its like.
    static func node(of name: String) -> String { "nde_01jd3x9k3v8q2m7r5t6w8y0z1\(name.suffix(1))" }
}
