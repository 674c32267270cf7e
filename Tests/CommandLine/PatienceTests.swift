import Foundation
import Resources
import Testing

@testable import surplus

/// Waiting for an agent, and for what it answers.
@Suite struct PatienceTests {
    private static let absent = Failure.lostConnection(to: "agent", "no agent is running there")

    /// Asks for the next of `answers` each time.
    private static func ask(
        _ patience: Patience, _ answers: [Result<Int, Failure>], until isGood: (Int) -> Bool = { _ in true }
    ) async throws -> Int {
        var rest = answers[...]
        return try await patience.ask(until: isGood) {
            let next = rest.popFirst()
            return try #require(next, "asked too often").get()
        }
    }

    @Test("who waits gets the first answer that will do, also from an agent that was not there at first")
    func waiting() async throws {
        let answers: [Result<Int, Failure>] = [.failure(Self.absent), .success(1), .success(2), .success(3)]
        #expect(try await Self.ask(Patience(.minutes(10)), answers, until: { $0 >= 2 }) == 2)
    }

    @Test("who does not wait gets the first answer, whatever it is")
    func notWaiting() async throws {
        #expect(try await Self.ask(Patience(nil), [.success(1)], until: { $0 >= 2 }) == 1)
        await #expect(throws: Self.absent) { try await Self.ask(Patience(nil), [.failure(Self.absent)]) }
    }

    @Test("a refusal is not waited out")
    func refusal() async throws {
        let refused = Failure(object: "pool", fault: "in none")
        await #expect(throws: refused) { try await Self.ask(Patience(.minutes(10)), [.failure(refused)]) }
    }

    @Test("when the time is over the last answer, or the last failure, is what there is")
    func over() async throws {
        let patience = Patience(.milliseconds(1))
        #expect(try await Self.ask(patience, [.success(1), .success(1)], until: { $0 > 1 }) == 1)
        await #expect(throws: Self.absent) { try await Self.ask(patience, [.failure(Self.absent)]) }
    }

    @Test("status --wait answers once the agent does")
    func status() async throws {
        let ended = try await FakeAgent.serving { agent in
            let later = "\(agent.directory)/later.sock"
            let program = try Program(["status", "--wait", "10m", "--socket", later])
            try FileManager.default.createSymbolicLink(atPath: later, withDestinationPath: agent.socket)
            return await program.end()
        }
        #expect(ended.status == 0, "\(ended.stderr)")
        let absent = try await Program.run("status", "--wait", "1ms", "--socket", "/nonexistent/agent.sock")
        #expect(absent.status == 1 && absent.stderr.contains("no agent is running there"))
    }
}
