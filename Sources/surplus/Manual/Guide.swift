/// What the long text of a command consists of. It begins with examples; a paragraph that begins with `Exit status:` says
/// what its exit status means, where that is more than for all commands.
struct Guide {
    private(set) var examples: [String] = []
    private(set) var paragraphs: [String] = []
    private(set) var exitStatus: String?

    private static let exampleHead = "Examples:"
    private static let exitHead = "Exit status:"

    init(_ text: String) {
        for block in text.split(separator: "\n\n").map({ $0.split(separator: "\n").map(String.init) }) {
            if block.first == Self.exampleHead {
                examples = block.dropFirst().map { String($0.drop { $0 == " " }) }
            } else if block.first?.hasPrefix(Self.exitHead) == true {
                exitStatus = String(block.joined(separator: " ").dropFirst(Self.exitHead.count).drop { $0 == " " })
            } else if !block.isEmpty {
                paragraphs.append(block.map { String($0.drop { $0 == " " }) }.joined(separator: " "))
            }
        }
    }

    /// What an exit status means, for commands that say nothing else.
    static let exitStatuses = [
        ("0", "What was asked for was done."),
        ("1", "It could not be done; standard error says why, and what to do about it."),
        ("2", "The command line is wrong; nothing was done."),
    ]

    /// What the environment changes for every command.
    static let environment = [
        ("SURPLUS_SOCKET", "The agent's Unix socket, where --socket names none."),
        ("SURPLUS_WARDEN", "The warden's Unix socket, where --warden names none."),
        ("NO_COLOR", "When it is not empty, nothing is coloured unless --color always says so."),
        ("CLICOLOR", "When it is 0, nothing is coloured."),
        ("CLICOLOR_FORCE", "When it is neither empty nor 0, colours are written also where no terminal is."),
        ("TERM", "When it is dumb, nothing is coloured."),
        ("LC_ALL", "Before LC_CTYPE and LANG: where it names UTF-8, bars are drawn with block characters."),
    ]

    static let files = [
        ("/run/surplus/agent.sock", "Where the agent is called."),
        ("/etc/surplus/agent.yaml", "The agent's configuration."),
        ("/var/lib/surplus", "Identity, ledger and jobs of the agent."),
    ]
}
