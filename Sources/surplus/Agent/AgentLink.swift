import GRPCCore
import Wire

/// The agent as commands see it: connect, ask, and get either the answer or a ``Failure`` that says what to do.
struct AgentLink: Sendable {
    let socket: String

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
        do {
            return try await ControlClient.connect(to: socket, body)
        } catch let error as WireError {
            throw Failure(object: "", fault: error.description, isLostConnection: true)
        } catch let error as RPCError {
            throw Failure(error, socket: socket)
        }
    }
}
