import ArgumentParser

/// Which agent to talk to.
struct AgentOptions: ParsableArguments {
    static let defaultSocket = "/run/surplus/agent.sock"

    @Option(
        help: ArgumentHelp(
            "The agent's Unix socket.", discussion: "Default: $SURPLUS_SOCKET, else \(defaultSocket).", valueName: "path"))
    var socket: String?

    var agent: AgentLink { AgentLink(socket: socket ?? Terminal.variable("SURPLUS_SOCKET") ?? Self.defaultSocket) }
}
