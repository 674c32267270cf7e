import ArgumentParser
import Wire

/// Which agent to talk to, and as whom.
struct AgentOptions: ParsableArguments {
    static let defaultSocket = "/run/surplus/agent.sock"
    /// In the home directory.
    static let defaultIdentity = ".config/surplus/identity.pem"

    /// What was written before the command's name.
    @TaskLocal static var leading = AgentChoice()

    @Option(
        name: .customLong("agent"),
        help: ArgumentHelp(
            "The agent of another node, as HOST or HOST:PORT; or the path of a local agent's socket.",
            discussion: "Default: $SURPLUS_AGENT, else the local agent. Can also be written before the command.",
            valueName: "host"))
    var place: String?

    @Option(
        help: ArgumentHelp(
            "The file with your certificate, for agents of other nodes.",
            discussion:
                "Default: $SURPLUS_IDENTITY, else ~/\(defaultIdentity). Without --agent the agent that it names is asked.",
            valueName: "file"))
    var identity: String?

    @Option(
        help: ArgumentHelp(
            "The local agent's Unix socket.", discussion: "Default: $SURPLUS_SOCKET, else \(defaultSocket).", valueName: "path"),
        completion: .file())
    var socket: String?

    func validate() throws {
        do { _ = try choice.place() } catch { throw ValidationError("\(error)") }
    }

    /// The agent that was chosen; that the choice can be meant was found out by ``validate()``.
    var agent: AgentLink { AgentLink((try? choice.place()) ?? .socket(Self.defaultSocket)) }

    private var choice: AgentChoice {
        AgentChoice(agent: place, identity: identity, socket: socket).orElse(Self.leading)
    }
}

/// What was said about which agent to talk to.
struct AgentChoice: Equatable, Sendable {
    private static let defaultPort = 7800

    var agent: String?
    var identity: String?
    var socket: String?

    /// Takes the options that stand before a command's name out of `arguments`.
    ///
    /// - Throws: ``Failure`` when one has no value.
    init(leading arguments: inout [String]) throws(Failure) {
        while let first = arguments.first {
            let parts = first.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = Self.options[parts[0]] else { return }
            guard let value = parts.count == 2 ? parts[1] : arguments.dropFirst().first, !value.isEmpty else {
                throw Failure(object: first, fault: "no value", remedy: "see 'surplus --help'", status: Invocation.usageStatus)
            }
            self[keyPath: option] = value
            arguments.removeFirst(parts.count == 2 ? 1 : 2)
        }
    }

    init(agent: String? = nil, identity: String? = nil, socket: String? = nil) {
        self.agent = agent
        self.identity = identity
        self.socket = socket
    }

    private static var options: [String: WritableKeyPath<AgentChoice, String?>] {
        ["--agent": \.agent, "--identity": \.identity, "--socket": \.socket]
    }

    /// This choice, and `other` where nothing was said.
    func orElse(_ other: AgentChoice) -> AgentChoice {
        let isPlaced = agent != nil || socket != nil
        return AgentChoice(
            agent: isPlaced ? agent : other.agent, identity: identity ?? other.identity,
            socket: isPlaced ? socket : other.socket)
    }

    /// The agent that is meant; what was not said is looked up in the environment.
    ///
    /// - Throws: ``Failure`` when nothing can be meant.
    func place() throws(Failure) -> AgentLink.Place {
        guard agent == nil || socket == nil else {
            throw Failure(object: "--agent and --socket", fault: "contradict each other", remedy: "give one of them")
        }
        if let socket { return .socket(socket) }
        if let agent { return try place(of: agent, from: "--agent") }
        if let identity { return .remote(nil, identity: identity) }
        if let agent = Terminal.variable("SURPLUS_AGENT") { return try place(of: agent, from: "SURPLUS_AGENT") }
        return .socket(Terminal.variable("SURPLUS_SOCKET") ?? AgentOptions.defaultSocket)
    }

    /// Whatever has a slash in it or begins with a point is a socket's path.
    private func place(of text: String, from source: String) throws(Failure) -> AgentLink.Place {
        guard !text.contains("/"), !text.hasPrefix(".") else { return .socket(text) }
        let isBareAddress = text.count { $0 == ":" } > 1 && !text.hasPrefix("[")
        let endpoint = Endpoint(text) ?? Endpoint("\(isBareAddress ? "[\(text)]" : text):\(Self.defaultPort)")
        guard let endpoint, endpoint.port > 0 else {
            throw Failure(
                object: source, fault: "'\(text)' is no address",
                remedy: "write HOST or HOST:PORT, such as blade1:7800 or [fd00::7]:7800, or the path of a socket")
        }
        return .remote(endpoint, identity: identityPath)
    }

    private var identityPath: String {
        identity ?? Terminal.variable("SURPLUS_IDENTITY")
            ?? "\(Terminal.variable("HOME") ?? "/root")/\(AgentOptions.defaultIdentity)"
    }
}
