import FoundationEssentials
import GRPCCore
import Reclaim
import Resources
import Testing
import Wire

@testable import Agent

@Suite("Watching a job")
struct JobWatchTests {
    private func watch(_ work: JobWork) -> JobWatch { JobWatch(work: work) { Surplus_V1_JobInfo($0) } }

    private func attach(stdout: Int64 = 0, follow: Bool = true) -> Surplus_V1_JobAttach {
        .with {
            $0.stdoutOffset = stdout
            $0.follow = follow
        }
    }

    private func input(_ text: String, at offset: Int64) -> Surplus_V1_JobInput {
        .with {
            $0.stdin = Data(text.utf8)
            $0.stdinOffset = offset
        }
    }

    private func write(_ text: String, to job: JobFixture) async throws {
        _ = try await job.work.stdout.append(Data(text.utf8), at: job.work.stdout.size)
        job.work.notify()
    }

    private func end(_ job: JobFixture) async throws {
        try await job.work.change(in: job.store) {
            $0.conclude(JobEnd(outcome: .exited(.code(0)), usage: .zero), at: JobFixture.at)
        }
    }

    @Test("All output comes in order, and the end comes last")
    func order() async throws {
        let job = try JobFixture()
        let received = Received()
        async let shown: Void = watch(job.work).show(attach()) { await received.add($0) }
        try await write("one ", to: job)
        await received.wait { $0.text() == "one " }
        try await write("two ", to: job)
        try await write("three", to: job)
        try await end(job)
        try await shown
        let messages = await received.messages
        #expect(messages.text() == "one two three")
        #expect(messages.last?.finished.state == .finished)
        #expect(messages.count { if case .finished? = $0.output { true } else { false } } == 1)
    }

    @Test("Who comes back is sent what it has not seen, and nothing twice")
    func resuming() async throws {
        let job = try JobFixture()
        try await write("seen unseen", to: job)
        try await end(job)
        let received = Received()
        try await watch(job.work).show(attach(stdout: 5)) { await received.add($0) }
        let messages = await received.messages
        #expect(messages.text() == "unseen")
        #expect(messages.first { $0.data.stream == .stdout }?.data.offset == 5)
    }

    @Test("Without following, what there is comes and the call ends while the job runs")
    func replay() async throws {
        let job = try JobFixture()
        try await write("so far", to: job)
        let received = Received()
        try await watch(job.work).show(attach(follow: false)) { await received.add($0) }
        let messages = await received.messages
        #expect(messages.text() == "so far")
        #expect(!messages.contains { if case .finished? = $0.output { true } else { false } })
    }

    @Test("Who follows a job is told when its owner holds it back or lets it go on, and not what it uses")
    func standing() async throws {
        let job = try JobFixture()
        try await job.work.change(in: job.store) { $0.started(at: JobFixture.at, limitsEnforced: true) }
        let received = Received()
        async let shown: Void = watch(job.work).show(attach()) { await received.add($0) }
        await received.wait { !$0.isEmpty }
        func fares(_ rung: Rung, _ reason: String = "", using cpu: Millicores = 5) {
            job.work.note(JobStanding(rung: rung, reason: reason, using: Amounts(cpu: cpu)))
        }
        fares(.shaped)
        for cpu in 1...3 { fares(.frozen, "the owner is back", using: Millicores(Int64(cpu))) }
        await received.wait { $0.contains { $0.progress.standing.rung == "frozen" } }
        fares(.shaped, using: 9)
        await received.wait { $0.last?.progress.standing.rung == "shaped" }
        #expect(job.work.view.standing?.using.cpu == 9)
        try await end(job)
        try await shown
        #expect(job.work.view.standing == nil, "a job that has ended uses nothing")
        let told = await received.messages.filter { $0.progress.hasStanding }.map(\.progress.standing)
        #expect(told.map(\.rung).suffix(2) == ["frozen", "shaped"])
        #expect(told.count { $0.rung == "frozen" } == 1)
        #expect(told.first { $0.rung == "frozen" }?.reason == "the owner is back")
        #expect(told.allSatisfy { $0.using == Surplus_V1_Amounts(Amounts.zero) })
    }

    @Test("Several watch at once")
    func several() async throws {
        let job = try JobFixture()
        let (first, second) = (Received(), Received())
        async let one: Void = watch(job.work).show(attach()) { await first.add($0) }
        async let two: Void = watch(job.work).show(attach()) { await second.add($0) }
        try await write("for all", to: job)
        await first.wait { $0.text() == "for all" }
        await second.wait { $0.text() == "for all" }
        try await end(job)
        _ = try await (one, two)
    }

    @Test("Input is acknowledged once it is kept, also input that is there when somebody comes back")
    func input() async throws {
        let job = try JobFixture(hasInput: true)
        let watch = watch(job.work)
        try await watch.take(input("hello", at: 0))
        try await watch.take(input("hello", at: 0))
        let received = Received()
        async let shown: Void = watch.show(attach()) { await received.add($0) }
        await received.wait { $0.contains { $0.stdinReceived == 5 } }
        try await watch.take(input(" world", at: 5))
        await received.wait { $0.contains { $0.stdinReceived == 11 } }
        try await end(job)
        try await shown
        #expect(try await job.work.stdin.read(from: 0) == Data("hello world".utf8))
    }

    @Test("Input with a gap, after a false end, or that nobody reads is refused")
    func badInput() async throws {
        let job = try JobFixture(hasInput: true)
        await #expect(throws: FieldError.self) { try await watch(job.work).take(input("x", at: 7)) }
        await #expect(throws: FieldError.self) {
            try await watch(job.work).take(.with { ($0.stdinEnd, $0.stdinOffset) = (true, 1) })
        }
        await #expect(throws: FieldError.self) { try await watch(job.work).take(.with { $0.signal = 65 }) }
        let deaf = try JobFixture()
        await #expect(throws: RPCError.self) { try await watch(deaf.work).take(input("x", at: 0)) }
        #expect(job.work.stdin.size == 0)
    }

    @Test("A change that the disk refuses is not shown to anybody")
    func failedChange() async throws {
        let job = try JobFixture()
        job.store.close()
        await #expect(throws: (any Error).self) { try await end(job) }
        #expect(!job.work.record.isFinal)
    }

    @Test("Signals wait for the program, up to a bound")
    func signals() throws {
        let job = try JobFixture()
        for _ in 0..<1000 { job.work.add(signal: 2) }
        job.work.add(signal: 15)
        var taken: [UInt32] = []
        while let signal = job.work.takeSignal() { taken.append(signal) }
        #expect(taken.count == 64)
        #expect(taken.allSatisfy { $0 == 2 })
    }
}

@Suite("An attaching call")
struct AttachCallTests {
    @Test("It must begin by saying what to attach to")
    func first() async {
        let input = RPCAsyncSequence<Surplus_V1_JobInput, any Error>([.with { $0.signal = 2 }])
        await #expect(throws: FieldError.self) {
            try await AttachCall.serve(input) { _ in
                1
            } take: { _, _ in
            } show: { _, _ in
            }
        }
    }

    @Test("It goes on after the caller has said everything, and ends with the output while the caller could go on")
    func ends() async throws {
        let said = RPCAsyncSequence<Surplus_V1_JobInput, any Error>([.with { $0.attach.job = "a" }])
        let received = Received()
        try await AttachCall.serve(said) {
            $0.job
        } take: { _, _ in
        } show: { _, job in
            await received.add(.with { $0.finished.job = job })
        }
        #expect(await received.messages.map(\.finished.job) == ["a"])

        let (stream, continuation) = AsyncThrowingStream.makeStream(of: Surplus_V1_JobInput.self)
        continuation.yield(.with { $0.attach.job = "b" })
        try await AttachCall.serve(RPCAsyncSequence(wrapping: stream)) {
            $0.job
        } take: { _, _ in
        } show: { _, _ in
        }
        continuation.finish()
    }
}
