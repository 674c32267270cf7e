import Crypto
import FoundationEssentials
import GRPCCore
import Resources
import Testing
import Wire

@testable import Agent

@Suite("The job desk", .timeLimit(.minutes(1)))
struct JobDeskTests {
    private static let ada = JobFixture.user(4711)
    private static let eve = JobFixture.user(4712)
    private static let root = JobFixture.user(0, .owner)

    private func submission(
        _ program: String, _ arguments: [String] = [], outputs: [String] = [], hasInput: Bool = false,
        files: [String: String] = [:],
        _ change: (inout Surplus_V1_SubmitJob) -> Void = { _ in }
    ) -> [Surplus_V1_SubmitPart] {
        let submit = Surplus_V1_SubmitPart.with { part in
            part.submit = .with {
                $0.spec.program = program
                $0.spec.arguments = arguments
                $0.spec.outputs = outputs
                $0.spec.stdinOpen = hasInput
                $0.request.amounts.cpuMillicores = 1000
                $0.request.amounts.memoryBytes = 64 << 20
                change(&$0)
            }
        }
        let parts = files.sorted { $0.key < $1.key }.flatMap { name, text in
            let data = Data(text.utf8)
            return [
                Surplus_V1_FilePart.with {
                    $0.entry = .with { ($0.path, $0.kind, $0.mode, $0.sizeBytes) = (name, .file, 0o644, Int64(data.count)) }
                }, .with { $0.data = data }, .with { $0.sha256 = Data(SHA256.hash(data: data)) },
            ]
        }
        return [submit] + parts.map { part in .with { $0.file = part } }
    }

    private func submit(_ parts: [Surplus_V1_SubmitPart], to desk: JobDesk) async throws -> String {
        try await desk.submit(RPCAsyncSequence(parts), by: Self.ada).job
    }

    private func follow(_ job: String, at desk: JobDesk, input: [Surplus_V1_JobInput] = []) async throws -> [Surplus_V1_JobOutput]
    {
        let received = Received()
        let attach = Surplus_V1_JobInput.with {
            $0.attach.job = job
            $0.attach.follow = true
        }
        try await desk.attach(RPCAsyncSequence([attach] + input), by: Self.ada) { await received.add($0) }
        return await received.messages
    }

    /// Returns once nothing is left to be done about a job.
    private func tidied(_ job: String, at desk: JobDesk) async throws {
        let work = try await desk.find(job, by: Self.ada)
        for await _ in work.changes() where work.record.isTidy { return }
    }

    @Test("A running job is shown with what it uses and with what its lender's owner leaves it, as its lender says")
    func standing() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        try await pair.running(desk) {
            let job = try await submit(submission("starve"), to: desk)
            let work = try await desk.find(job, by: Self.ada)
            for await _ in work.changes() where work.view.standing != nil { break }
            let info = try await desk.info(job, by: Self.ada)
            #expect(info.state == .running)
            #expect(info.standing.rung == "frozen" && info.standing.reason == "the owner is back")
            #expect(info.standing.using.memoryBytes == 5 << 20)
            _ = try await desk.cancel(job, by: Self.ada)
            #expect(try await !desk.info(job, by: Self.ada).hasStanding)
        }
        await pair.stop()
    }

    @Test("A run that is cut short is followed by another, with what was saved, and its output goes on")
    func retried() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        try await pair.running(desk) {
            let job = try await submit(
                submission("flee", ["2"], files: ["a": "1"]) {
                    $0.spec.checkpoints = ["state/now", "missing"]
                    $0.retry.limit = 5
                }, to: desk)
            let messages = try await follow(job, at: desk)
            #expect(messages.text() == "run 1;run 2;run 3;")
            let info = try #require(messages.last?.finished)
            #expect(info.state == .finished && !info.interrupted)
            #expect(info.attempts.map(\.reason) == ["taken back", "taken back"])
            #expect(info.attempts.map(\.lenderName) == ["lender", "lender"])
            #expect(Set(info.attempts.map(\.lease) + [info.lease]).count == 3)
            let story = pair.lender.story
            #expect(story.collected == ["checkpoints", "checkpoints"])
            #expect(story.staged == ["a", "state", "state/now"])
            try await tidied(job, at: desk)
            #expect(pair.engine.read { $0.leases.values.filter(\.lease.isOpen).count } == 0)
            let kinds = try pair.house.store.events(after: 0, limit: 1000).map(\.event.kind)
            #expect(kinds.filter { $0 == "job.interrupted" }.count == 2)
        }
        await pair.stop()
    }

    @Test("A run that is cut short for the last time failed for that reason, and what it had made is here")
    func exhausted() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        try await pair.running(desk) {
            let job = try await submit(
                submission("flee", ["9"], outputs: ["made"]) {
                    $0.spec.checkpoints = ["state"]
                    $0.retry.limit = 1
                }, to: desk)
            let info = try #require(try await follow(job, at: desk).last?.finished)
            #expect(info.state == .failed && info.interrupted && info.failure == "taken back")
            #expect(info.attempts.count == 1 && info.outputsReady && info.missingOutputs.isEmpty)
            #expect(pair.lender.story.collected == ["checkpoints", "outputs"])
            try await tidied(job, at: desk)
        }
        await pair.stop()
    }

    @Test("Output at a position that no output has fails the job, and nothing else")
    func impossiblePosition() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        try await pair.running(desk) {
            let job = try await submit(submission("leap") { $0.retry.limit = 1 }, to: desk)
            let messages = try await follow(job, at: desk)
            #expect(messages.text() == "leap")
            let info = try #require(messages.last?.finished)
            #expect(info.state == .failed && info.failure.contains("left out a part of its output"))
            try await tidied(job, at: desk)
        }
        await pair.stop()
    }

    @Test("Of a program that a limit ended, what it had made comes home, and it is not run again")
    func limited() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        try await pair.running(desk) {
            let parts = submission("overrun", outputs: ["made", "missing"]) {
                $0.spec.checkpoints = ["state"]
                $0.retry.limit = 1
            }
            let job = try await submit(parts, to: desk)
            let info = try #require(try await follow(job, at: desk).last?.finished)
            #expect(info.state == .failed && info.stopped && !info.interrupted && info.failure == "its time is over")
            #expect(info.outputsReady && info.missingOutputs.isEmpty && info.attempts.isEmpty)
            let names = Received()
            try await desk.fetchOutputs(of: job, by: Self.ada) { part in
                await names.add(.with { $0.progress.text = part.entry.path })
            }
            #expect(await names.messages.map(\.progress.text) == ["made"])
            try await tidied(job, at: desk)
        }
        await pair.stop()
    }

    @Test("Only a job with a lease of its own can be run again")
    func givenLease() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        try await pair.running(desk) {
            let parts = submission("sleep") {
                $0.lease = JobFixture.newID(LeaseID.self).description
                $0.retry.limit = 1
            }
            await #expect(throws: FieldError.self) { try await submit(parts, to: desk) }
            let many = submission("sleep") { $0.retry.limit = 101 }
            await #expect(throws: FieldError.self) { try await submit(many, to: desk) }
        }
        await pair.stop()
    }

    @Test("A job runs to its end under a lease of its own; a broken connection costs no output and doubles none")
    func brokenConnection() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        try await pair.running(desk) {
            let job = try await submit(submission("print", ["to be or not to be"]), to: desk)
            let messages = try await follow(job, at: desk)
            #expect(messages.text() == "to be or not to be")
            let info = try #require(messages.last?.finished)
            #expect(info.state == .finished)
            #expect(info.lenderName == "lender")
            #expect(info.usage.cpuCoreMicroseconds == 1500)
            try await tidied(job, at: desk)
            #expect(pair.lender.story.discarded == [job])
            let open = pair.engine.read { $0.leases.values.filter(\.lease.isOpen).count }
            #expect(open == 0)
        }
        #expect(pair.lender.story.attachments == 2)
        await pair.stop()
    }

    @Test("A job in an image is started only where there are images", arguments: [true, false])
    func image(isKnown: Bool) async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        pair.roster.note(features: isKnown ? ["image"] : [], of: pair.lenderID)
        try await pair.running(desk) {
            let job = try await submit(submission("print", ["x"]) { $0.spec.image = "debian" }, to: desk)
            let info = try #require(try await follow(job, at: desk).last?.finished)
            #expect(info.state == (isKnown ? .finished : .failed))
            #expect(info.failure.contains("older version, which has no images") == !isKnown)
            #expect(pair.lender.story.specs[job]?.image == (isKnown ? "debian" : nil))
        }
        await pair.stop()
    }

    @Test("A job with a network is started only where there could be one", arguments: [true, false])
    func network(isKnown: Bool) async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        pair.roster.note(features: isKnown ? ["network"] : [], of: pair.lenderID)
        try await pair.running(desk) {
            let job = try await submit(submission("print", ["x"]) { $0.spec.network = .outbound }, to: desk)
            let info = try #require(try await follow(job, at: desk).last?.finished)
            #expect(info.state == (isKnown ? .finished : .failed))
            #expect(info.failure.contains("older version, which gives jobs no network") == !isKnown)
            #expect(pair.lender.story.specs[job]?.network == (isKnown ? .outbound : nil))
        }
        await pair.stop()
    }

    @Test("A job with a time limit is started only where that is heeded", arguments: [true, false])
    func timeLimit(isHeeded: Bool) async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        pair.roster.note(features: isHeeded ? ["story", "time-limit"] : ["story"], of: pair.lenderID)
        try await pair.running(desk) {
            let parts = submission("print", ["x"]) { $0.spec.timeLimitMicroseconds = 60_000_000 }
            let job = try await submit(parts, to: desk)
            let info = try #require(try await follow(job, at: desk).last?.finished)
            #expect(info.state == (isHeeded ? .finished : .failed))
            #expect(info.failure.contains("older version, which would not hold it to its time limit") == !isHeeded)
            #expect(pair.lender.story.specs[job]?.timeLimitMicroseconds == (isHeeded ? 60_000_000 : nil))
        }
        await pair.stop()
    }

    @Test("Input that is kept here reaches the program, and its end")
    func input() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        let text = String(repeating: "0123456789abcdef", count: 40_000)
        let pieces = stride(from: 0, to: text.utf8.count, by: 64_000).map { offset in
            Surplus_V1_JobInput.with {
                $0.stdin = Data(text.utf8.dropFirst(offset).prefix(64_000))
                $0.stdinOffset = Int64(offset)
            }
        }
        let end = Surplus_V1_JobInput.with { ($0.stdinEnd, $0.stdinOffset) = (true, Int64(text.utf8.count)) }
        try await pair.running(desk) {
            let job = try await submit(submission("cat", hasInput: true), to: desk)
            let messages = try await follow(job, at: desk, input: pieces + [end])
            #expect(messages.text() == text)
            #expect(messages.contains { $0.stdinReceived == Int64(text.utf8.count) })
        }
        await pair.stop()
    }

    @Test("Inputs are sent until the lender has them, outputs come home, and what was not made is named")
    func files() async throws {
        let pair = try await TestPair()
        pair.lender.change { $0.brokenStagings = 1 }
        let desk = pair.desk()
        try await pair.running(desk) {
            let parts = submission("make", outputs: ["made", "missing"], files: ["a": "1", "b": "2"])
            let job = try await submit(parts, to: desk)
            let info = try #require(try await follow(job, at: desk).last?.finished)
            #expect(info.state == .finished)
            #expect(info.outputsReady)
            #expect(info.missingOutputs == ["missing"])
            #expect(pair.lender.story.staged == ["a", "b"])
            #expect(pair.lender.story.stagings == 2)
            let names = Received()
            try await desk.fetchOutputs(of: job, by: Self.ada) { part in
                await names.add(.with { $0.progress.text = part.entry.path })
            }
            #expect(await names.messages.map(\.progress.text) == ["made"])
            #expect(try await desk.info(job, by: Self.ada).outputsFetched)
        }
        await pair.stop()
    }

    @Test("Cancelling ends a running job at the lender and gives its lease back")
    func cancelling() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        try await pair.running(desk) {
            let job = try await submit(submission("sleep"), to: desk)
            let work = try await desk.find(job, by: Self.ada)
            for await _ in work.changes() where work.record.stage == .running { break }
            #expect(desk.running == 1)
            let info = try await desk.cancel(job, by: Self.ada)
            #expect(info.state == .cancelled)
            for await _ in work.changes() where work.record.isTidy { break }
            #expect(pair.lender.story.discarded == [job])
            #expect(pair.engine.read { $0.leases.values.allSatisfy { !$0.lease.isOpen } })
        }
        await pair.stop()
    }

    @Test("A job whose lease is taken back fails for that reason")
    func revoked() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        try await pair.running(desk) {
            let job = try await submit(submission("sleep"), to: desk)
            let work = try await desk.find(job, by: Self.ada)
            for await _ in work.changes() where work.record.stage == .running { break }
            let lease = try #require(work.record.lease)
            pair.lending.handle(.reclaim(lease, atOnce: true, reason: "the owner is back"))
            let info = try #require(try await follow(job, at: desk).last?.finished)
            #expect(info.state == .failed)
            #expect(info.failure.contains("the owner is back"))
        }
        await pair.stop()
    }

    @Test("After a restart a running job is found again and comes to its end, its program started once more by nobody")
    func restart() async throws {
        let pair = try await TestPair()
        let first = pair.desk()
        let job = try await pair.running(first) {
            let job = try await submit(submission("cat", hasInput: true), to: first)
            let work = try await first.find(job, by: Self.ada)
            for await _ in work.changes() where work.record.stage == .running { break }
            let watch = JobWatch(work: work) { first.info($0) }
            try await watch.take(.with { $0.stdin = Data("before ".utf8) })
            return job
        }
        let second = pair.desk()
        try await pair.running(second) {
            let more = [
                Surplus_V1_JobInput.with { ($0.stdin, $0.stdinOffset) = (Data("before after".utf8), 0) },
                .with { ($0.stdinEnd, $0.stdinOffset) = (true, 12) },
            ]
            let messages = try await follow(job, at: second, input: more)
            #expect(messages.text() == "before after")
            #expect(messages.last?.finished.state == .finished)
        }
        #expect(pair.lender.story.starts == 1)
        await pair.stop()
    }

    @Test("A lease that was got for a job, its agent dying before the job's record could say so, is the one that it runs under")
    func leaseOfQueuedJob() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        // nobody drives it yet
        let job = try await submit(submission("true"), to: desk)
        var want = JobFixture.want
        want.job = JobID(job)
        let lease = try #require(try await pair.requests.borrow(want, from: [pair.lenderID]).first)
        let afterwards = pair.desk()
        try await pair.running(afterwards) {
            let info = try #require(try await follow(job, at: afterwards).last?.finished)
            #expect(info.state == .finished && info.lease == lease.description)
            try await tidied(job, at: afterwards)
            #expect(pair.engine.read { $0.leases.values.map(\.lease.isOpen) } == [false])
        }
        await pair.stop()
    }

    @Test("A lease that was got for a job that does not need it any more is given back at the next start")
    func leaseOfEndedJob() async throws {
        let pair = try await TestPair()
        var want = JobFixture.want
        want.job = JobFixture.newID()
        let lease = try #require(try await pair.requests.borrow(want, from: [pair.lenderID]).first)
        want.job = nil
        let other = try #require(try await pair.requests.borrow(want, from: [pair.lenderID]).first)
        try await pair.running(pair.desk()) {
            _ = await pair.requests.wait(for: lease) { $0?.lease.isOpen == false ? true : nil }
        }
        #expect(pair.engine.read { $0.leases[lease]?.lease.endReason } == .released)
        #expect(pair.engine.read { $0.leases[other]?.lease.isOpen } == true)
        await pair.stop()
    }

    @Test("Users see and touch their own jobs only, the owner of the node all")
    func rights() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        let job = try await submit(submission("sleep"), to: desk)
        #expect(try await desk.list(all: true, by: Self.ada).map(\.job) == [job])
        #expect(try await desk.list(all: true, by: Self.eve).isEmpty)
        #expect(try await desk.list(all: true, by: Self.root).map(\.job) == [job])
        for attempt in [
            { _ = try await desk.info(job, by: Self.eve) }, { _ = try await desk.cancel(job, by: Self.eve) },
            { try await desk.fetchOutputs(of: job, by: Self.eve) { _ in } },
        ] as [@Sendable () async throws -> Void] {
            let error = await #expect(throws: RPCError.self) { try await attempt() }
            #expect(error?.code == .notFound)
        }
        await pair.stop()
    }

    @Test("A submission that cannot be accepted leaves nothing behind")
    func badSubmissions() async throws {
        let pair = try await TestPair()
        let desk = pair.desk()
        let unfinished = Array(submission("sort", files: ["a": "1"]).dropLast())
        let bad: [[Surplus_V1_SubmitPart]] = [
            [], submission(""), Array(submission("sort", files: ["a": "1"]).dropFirst()), unfinished,
            submission("sort", files: ["../a": "1"]), submission("sort", outputs: ["/etc/passwd"]),
            submission("sort") { $0.request.amounts.cpuMillicores = -1 }, submission("sort") { $0.request.on = ["nobody"] },
            submission("sort") { $0.lease = LeaseID(high: 1, low: 2).description }, submission("sort") + submission("sort"),
        ]
        for parts in bad {
            await #expect(throws: (any Error).self) { try await desk.submit(RPCAsyncSequence(parts), by: Self.ada) }
        }
        #expect(FileTree.names(in: JobFolder.home(in: pair.house.configuration.dataDirectory)).isEmpty)
        #expect(try await desk.list(all: true, by: Self.root).isEmpty)
        await pair.stop()
    }

    @Test("A job waits a while for what can soon be lent")
    func waiting() async throws {
        let pair = try await TestPair()
        let busy = Refusal(term: "cpu", reason: "all is lent to others", retryAfter: .seconds(30))
        pair.lending.handle(.lending(busy))
        let desk = pair.desk()
        try await pair.running(desk) {
            let job = try await submit(submission("true"), to: desk)
            let work = try await desk.find(job, by: Self.ada)
            for await _ in work.changes() where work.view.progress.text.contains("all is lent") { break }
            pair.lending.handle(.lending(nil))
            #expect(try await follow(job, at: desk).last?.finished.state == .finished)
        }
        await pair.stop()
    }

    @Test("What nobody lends fails with the reasons of those asked")
    func refused() async throws {
        let pair = try await TestPair()
        pair.lending.handle(.lending(Refusal(term: "lending", reason: "the owner said no")))
        let desk = pair.desk()
        try await pair.running(desk) {
            let job = try await submit(submission("true"), to: desk)
            let info = try #require(try await follow(job, at: desk).last?.finished)
            #expect(info.state == .failed)
            #expect(info.failure.contains("the owner said no"))
            #expect(pair.lender.story.starts == 0)
        }
        await pair.stop()
    }
}
