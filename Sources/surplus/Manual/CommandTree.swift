import ArgumentParser
import FoundationEssentials

/// One command with its arguments and subcommands, as the argument parser describes it.
struct CommandTree: Decodable {
    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String

            /// `--last`, `-n`.
            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        /// `positional`, `option` or `flag`.
        var kind: String
        var shouldDisplay: Bool
        var isOptional: Bool
        var isRepeating: Bool
        var names: [Name]?
        var preferredName: Name?
        var valueName: String?
        var defaultValue: String?
        var allValues: [String]?
        var abstract: String?
        var discussion: String?
        /// How the words behind it are read, such as `postTerminator`.
        var parsingStrategy: String

        var isPositional: Bool { kind == "positional" }
    }

    private struct Dump: Decodable { var command: CommandTree }

    var commandName: String
    var superCommands: [String]?
    var shouldDisplay: Bool
    var abstract: String?
    var discussion: String?
    var subcommands: [CommandTree]?
    var arguments: [Argument]?

    /// The tree of this program, without what the parser adds for help.
    static func load() throws -> CommandTree {
        try JSONDecoder().decode(Dump.self, from: Data(Surplus._dumpHelp().utf8)).command
    }

    /// `["surplus", "lease", "list"]`.
    var path: [String] { (superCommands ?? []) + [commandName] }
    /// `surplus-lease-list`.
    var pageName: String { path.joined(separator: "-") }
    /// Without `help`.
    var children: [CommandTree] { (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" } }
    /// Whether it does something by itself, and not only by its subcommands.
    var standsAlone: Bool { children.isEmpty || shownArguments.contains { $0.preferredName?.name != "version" } }
    var withDescendants: [CommandTree] { [self] + children.flatMap(\.withDescendants) }
    var shownArguments: [Argument] { (arguments ?? []).filter { $0.shouldDisplay && $0.preferredName?.name != "help" } }
}

extension CommandTree.Argument {
    /// What stands for its value; `nil` for a flag.
    var value: String? { kind == "flag" ? nil : valueName ?? "value" }

    /// What it is for, what it may be and what it is when nothing is said.
    var story: String {
        let choices = allValues.map { "One of \($0.joined(separator: ", "))." }
        let standard = defaultValue.map { "Default: \($0)." }
        return [abstract, discussion, choices, standard].compactMap(\.self).joined(separator: " ")
    }
}
