import FoundationEssentials
import Glibc
import Resources
import Testing
import Wire

@testable import surplus

@Suite struct JobRuleTests {
    private func at(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    @Test("the third interrupt within five seconds cancels, slower ones never do")
    func interrupts() {
        var fast = Interrupts()
        #expect([0, 2, 4].map { fast.receive(SIGINT, during: .running, at: at($0)) } == [.forward(2), .forward(2), .cancel])
        var slow = Interrupts()
        for second in stride(from: 0, to: 60, by: 3) as StrideTo<Int64> {
            #expect(slow.receive(SIGINT, during: .running, at: at(second)) == .forward(2))
        }
    }

    @Test("other signals are always the program's, and none is swallowed twice: a second try lets go of the job")
    func otherSignals() {
        var interrupts = Interrupts()
        for _ in 0..<5 { #expect(interrupts.receive(SIGTERM, during: .running, at: at(0)) == .forward(15)) }
        #expect(interrupts.receive(SIGTERM, during: .starting, at: at(0)) == .cancel)
        #expect(interrupts.receive(SIGTERM, during: .starting, at: at(0)) == .detach)
        var away = Interrupts()
        #expect(away.receive(SIGINT, during: .outOfReach, at: at(0)) == .detach)
    }

    @Test("output that came before is skipped, a gap is an error")
    func cursor() throws {
        var cursor = OutputCursor()
        func data(_ offset: Int64, _ text: String) -> Surplus_V1_JobData {
            .with { ($0.stream, $0.offset, $0.bytes) = (.stdout, offset, Data(text.utf8)) }
        }
        #expect(try cursor.take(data(0, "abc")) == Array("abc".utf8))
        #expect(try cursor.take(data(1, "bcde")) == Array("de".utf8))
        #expect(try cursor.take(data(0, "abc")) == [])
        #expect(cursor.stdout == 5)
        #expect(throws: OutputCursor.Gap(stream: "standard output", from: 5, to: 6)) { try cursor.take(data(6, "g")) }
    }

    @Test("a job's end is an exit status as a shell would give it")
    func outcome() {
        func job(_ state: Surplus_V1_JobState, _ exit: (inout Surplus_V1_ExitStatus) -> Void = { _ in }) -> Surplus_V1_JobInfo {
            .with {
                ($0.job, $0.state, $0.failure, $0.spec.program) = ("job_1", state, "the lender is gone", "tool")
                exit(&$0.exit)
            }
        }
        #expect(Outcome(of: job(.finished) { $0.code = 3 }).status == 3)
        #expect(Outcome(of: job(.finished) { $0.signal = 9 }).status == 137)
        #expect(Outcome(of: job(.cancelled) { $0.signal = 15 }).status == 143)
        #expect(Outcome(of: job(.finished) { ($0.code, $0.notStarted) = (126, "permission denied") }).status == 126)
        #expect(Outcome(of: job(.finished) { $0.notStarted = "exec format error" }).status == 126)
        let failed = Outcome(of: job(.failed))
        #expect(failed.status == 125)
        #expect(failed.remark == "job_1: the lender is gone")
        #expect(Outcome(of: job(.finished)).status == 125)
    }

    @Test("looking for the agent again gets less frequent and ends after minutes")
    func backoff() {
        var backoff = Backoff()
        var total = Duration.zero
        var longest = Duration.zero
        while let wait = backoff.wait() { (total, longest) = (total + wait, max(longest, wait)) }
        #expect(total >= .seconds(300) && total < .seconds(310))
        #expect(longest == .seconds(5))
    }
}
