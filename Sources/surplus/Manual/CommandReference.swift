/// A page about every command, in Markdown (CommonMark with tables).
struct CommandReference {
    /// Where it is written to, below the directory for pages.
    static let fileName = "commands.md"
    /// How it is made anew.
    static let recipe = "surplus manual --format markdown --out Docs"

    /// Options that most commands have; they are explained once.
    private static let shared = ["agent", "identity", "socket", "json", "plain", "color", "version"]

    private let tree: CommandTree

    init(_ tree: CommandTree) { self.tree = tree }

    var text: String {
        let commands = tree.withDescendants
        return ([head] + [overview(commands)] + commands.flatMap(section) + sharedOptions(commands) + closing)
            .joined(separator: "\n\n") + "\n"
    }

    private var head: String {
        """
        # Every command

        What `--help` says, on one page, made by `\(Self.recipe)`. What is to be changed here is
        changed in the program. The same is in manual pages, see [shell.md](shell.md).
        """
    }

    private func overview(_ commands: [CommandTree]) -> String {
        let rows = commands.filter(\.standsAlone).map {
            "| [\($0.path.joined(separator: " "))](#\($0.pageName)) | \(Self.prose($0.abstract ?? "")) |"
        }
        return (["| command | what it does |", "| --- | --- |"] + rows).joined(separator: "\n")
    }

    private func section(_ command: CommandTree) -> [String] {
        let guide = Guide(command.discussion ?? "")
        var parts = [
            "## \(command.path.joined(separator: " "))", Self.prose(command.abstract ?? ""), "```text\n\(usage(command))\n```",
        ]
        if !guide.examples.isEmpty { parts += ["Examples:", guide.examples.map { "    \($0)" }.joined(separator: "\n")] }
        parts += guide.paragraphs.map(Self.prose)
        let entries = own(command).map(Self.entry) + command.children.map(Self.entry) + [common(command)].compactMap(\.self)
        if !entries.isEmpty { parts.append(entries.joined(separator: "\n")) }
        if let exitStatus = guide.exitStatus { parts.append("Exit status: \(Self.prose(exitStatus))") }
        return parts
    }

    private func own(_ command: CommandTree) -> [CommandTree.Argument] {
        command.shownArguments.filter { !Self.isShared($0) }
    }

    private static func isShared(_ argument: CommandTree.Argument) -> Bool {
        argument.preferredName.map { shared.contains($0.name) } ?? false
    }

    private func usage(_ command: CommandTree) -> String {
        let arguments = own(command).map { argument in
            let words = [argument.preferredName?.text, argument.value.map { "<\($0)>" }].compactMap(\.self)
            let text = words.joined(separator: " ") + (argument.isRepeating ? " ..." : "")
            return argument.isOptional ? "[\(text)]" : text
        }
        let child = command.children.isEmpty ? [] : [command.standsAlone ? "[<command> ...]" : "<command> ..."]
        return (command.path + arguments + child).joined(separator: " ")
    }

    private static func entry(_ argument: CommandTree.Argument) -> String {
        let names = (argument.names ?? []).map(\.text).joined(separator: ", ")
        let words = [names, argument.value.map { "<\($0)>" } ?? ""].filter { !$0.isEmpty }
        return "- `\(words.joined(separator: " "))`: \(prose(argument.story))"
    }

    private static func entry(_ child: CommandTree) -> String {
        "- [\(child.path.joined(separator: " "))](#\(child.pageName)): \(prose(child.abstract ?? ""))"
    }

    private func common(_ command: CommandTree) -> String? {
        let names = command.shownArguments.filter(Self.isShared).compactMap(\.preferredName).map { "`\($0.text)`" }
        return names.isEmpty ? nil : "- \(names.joined(separator: ", ")): see [below](#options-of-most-commands)"
    }

    private func sharedOptions(_ commands: [CommandTree]) -> [String] {
        let all = commands.flatMap(\.shownArguments)
        let arguments = Self.shared.compactMap { name in all.first { $0.preferredName?.name == name } }
        return ["## Options of most commands", arguments.map(Self.entry).joined(separator: "\n")]
    }

    private var closing: [String] {
        let tables = [("Exit status", Guide.exitStatuses), ("Environment", Guide.environment), ("Files", Guide.files)]
        return tables.flatMap { title, entries in
            ["## \(title)", entries.map { "- `\($0.0)`: \(Self.prose($0.1))" }.joined(separator: "\n")]
        }
    }

    /// Running text without characters that Markdown would take for more than they are.
    private static func prose(_ text: String) -> String {
        text.map { #"\`*<[~|"#.contains($0) ? #"\\#($0)"# : String($0) }.joined()
    }
}
