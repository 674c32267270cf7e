import Configuration
import Glibc
import Kernel
import Logging
import Resources
import Synchronization
import Testing

@testable import Agent

/// The machine's clock, moved ahead.
private final class MovedClock: Sendable {
    private let system: SystemClock
    private let ahead = Mutex(Microseconds.zero)

    init() throws { system = try SystemClock() }

    func now() -> Moment { system.now() + ahead.withLock { $0 } }
    func advance(by span: Microseconds) { ahead.withLock { $0 = $0 + span } }
}

/// An agent that can be stopped and started again on the same data.
private final class RestartableAgent {
    private let configuration: AgentConfiguration
    private let clock: MovedClock
    private(set) var agent: Agent
    private var serving: Task<Void, any Error>?

    init(_ name: String, in directory: String, clock: MovedClock) throws {
        var configuration = try AgentConfiguration()
        configuration.name = name
        configuration.dataDirectory = "\(directory)/\(name)"
        configuration.socket = "\(directory)/\(name).sock"
        let port = try ListenerPorts.free()
        configuration.listen = .init(host: "127.0.0.1", port: port)
        configuration.advertise = .init(host: "127.0.0.1", port: port)
        configuration.warden = .none
        mkdir(configuration.dataDirectory, 0o700)
        self.configuration = configuration
        self.clock = clock
        agent = try Self.make(configuration, clock)
        start()
    }

    private static func make(_ configuration: AgentConfiguration, _ clock: MovedClock) throws -> Agent {
        try Agent(configuration, clock: { clock.now() }, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func start() { serving = Task { [agent] in try await agent.run() } }

    func stop() async {
        serving?.cancel()
        _ = await serving?.result
    }

    func restart() throws {
        agent = try Self.make(configuration, clock)
        start()
    }
}

@Suite("Certificates of running agents")
struct RenewalTests {
    @Test(
        "at half of its life a certificate is renewed by whichever issuing node is there: the founder need not be",
        .timeLimit(.minutes(2)))
    func renewed() async throws {
        let (scratch, clock) = (try ScratchDirectory(), try MovedClock())
        let founder = try RestartableAgent("founder", in: scratch.path, clock: clock)
        let second = try RestartableAgent("second", in: scratch.path, clock: clock)
        let third = try RestartableAgent("third", in: scratch.path, clock: clock)

        let pool = try await founder.agent.initPool(named: "lab")
        for newcomer in [second, third] {
            let token = try await pool.createToken(.init())
            _ = try await newcomer.agent.join(address: token.address, token: token.token)
        }
        _ = try await pool.grantIssuer("second")
        let issuing = try await second.agent.pool()
        while await !issuing.issuer.isIssuer { try await Task.sleep(for: .milliseconds(5)) }

        for node in [third, second, founder] { await node.stop() }
        clock.advance(by: .hours(13))
        try second.restart()
        try third.restart()
        let fresh = clock.now().utc + .hours(23)
        for node in [second, third] {
            let membership = try await node.agent.pool()
            while membership.gate.current.expiresAt < fresh { try await Task.sleep(for: .milliseconds(5)) }
        }
        // and with the new certificates they go on speaking to each other
        let (one, other) = (try await third.agent.pool(), try await second.agent.pool())
        while !one.roster.isReachable(other.own) { try await Task.sleep(for: .milliseconds(5)) }
        for node in [third, second] { await node.stop() }
    }
}
