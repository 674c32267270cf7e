import ArgumentParser

struct Completions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Write a script that lets a shell complete commands, options and the ids of leases, jobs and nodes.",
        discussion: """
            Examples:
              source <(surplus completions bash)         for this shell
              surplus completions bash > ~/.local/share/bash-completion/completions/surplus
              surplus completions zsh > "${fpath[1]}/_surplus"
              surplus completions fish > ~/.config/fish/completions/surplus.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument { case bash, zsh, fish }

    @Argument(help: ArgumentHelp("The shell to write for.", valueName: "shell"))
    var shell: Shell

    func run() throws {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        try Terminal.print(Surplus.completionScript(for: kind) + "\n")
    }
}
