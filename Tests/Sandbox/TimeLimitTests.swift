import Foundation
import Kernel
import Resources
import Testing

@testable import Sandbox

@Suite("The time limit of a program")
struct TimeLimitTests {
    /// Long enough for a program to begin, on a busy machine.
    private static let limit = Microseconds.seconds(3)
    private static let reason = "it ran longer than its time limit of 3 s"

    @Test("It is asked to end when its time is over, and ended after a grace")
    func steps() {
        var limit = TimeLimit(.seconds(60), from: Instant(microseconds: 0))
        func step(_ seconds: Int64) -> TimeLimit.Step? { limit.step(at: Instant(microseconds: seconds * 1_000_000)) }
        #expect(step(59) == nil)
        #expect(!limit.isOver)
        #expect(step(60) == .warn)
        #expect(limit.isOver)
        #expect(step(69) == nil)
        #expect(step(70) == .end)
        #expect(limit.reason == "it ran longer than its time limit of 1 min")
    }

    @Test("A program that ends in time does not notice")
    func inTime() async throws {
        let job = try TestJob(script: "exit 4", timeLimit: .minutes(5))
        #expect(try await job.run().reason == .exited(4))
    }

    @Test("One that does not may save what it has, and its end says why", .timeLimit(.minutes(1)))
    func saves() async throws {
        let job = try TestJob(
            script: "trap 'echo saved > file; exit 0' TERM; while :; do sleep 0.01; done", timeLimit: Self.limit)
        let record = try await job.run()
        #expect(record.reason == .stopped(reason: Self.reason))
        #expect(record.finished - record.started < Self.limit + TimeLimit.grace)
        #expect(try String(contentsOfFile: job.files.work + "/file", encoding: .utf8) == "saved\n")
    }

    @Test("One that ignores being asked is killed after the grace", .timeLimit(.minutes(1)))
    func ignores() async throws {
        let job = try TestJob(script: "trap '' TERM; while :; do sleep 0.1; done", timeLimit: Self.limit)
        let record = try await job.run()
        #expect(record.reason == .stopped(reason: Self.reason))
        #expect(record.finished - record.started >= Self.limit + TimeLimit.grace)
    }
}
