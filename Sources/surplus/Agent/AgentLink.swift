import GRPCCore
import Identity
import Wire

/// The agent as commands see it: connect, ask, and get either the answer or a ``Failure`` that says what to do.
struct AgentLink: Sendable {
    enum Place: Equatable, Sendable {
        /// The agent of this machine, by its Unix socket.
        case socket(String)
        /// The agent of another node, over mutual TLS with the certificate in the file `identity`; without an address, the
        /// agent that the file names.
        case remote(Endpoint?, identity: String)
    }

    private let place: Place

    init(_ place: Place) { self.place = place }

    init(socket: String) { self.init(.socket(socket)) }

    /// Asks the agent something that it answers soon.
    ///
    /// - Parameter limit: how long the answer may take.
    /// - Throws: ``Failure``.
    func ask<Answer: Sendable>(
        within limit: Duration = .seconds(30), _ question: @Sendable (ControlClient.Client, CallOptions) async throws -> Answer
    ) async throws -> Answer {
        try await connected { control in
            var options = CallOptions.defaults
            options.timeout = limit
            return try await question(control, options)
        }
    }

    /// Connects for as long as `body` runs.
    ///
    /// - Throws: ``Failure``, also for what the agent refused; ``Failure/isLostConnection`` says whether it was heard at all.
    func connected<Answer: Sendable>(_ body: @Sendable (ControlClient.Client) async throws -> Answer) async throws -> Answer {
        switch place {
        case .socket(let path):
            return try await Self.explaining(path) { try await ControlClient.connect(to: path, body) }
        case .remote(let endpoint, let file):
            let agent = try RemoteAgent(endpoint, identity: file)
            return try await Self.explaining("\(agent.endpoint)") {
                try await ControlClient.connect(to: agent.endpoint, with: agent.credentials, verify: agent.verify, body)
            }
        }
    }

    private static func explaining<Answer>(_ name: String, _ body: () async throws -> Answer) async throws -> Answer {
        do { return try await body() } catch let error as WireError {
            throw Failure(object: "", fault: error.description, isLostConnection: true, isDenied: error.isDenied)
        } catch let error as RPCError {
            throw Failure(error, agent: name)
        }
    }
}
