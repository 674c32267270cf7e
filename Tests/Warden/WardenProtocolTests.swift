import Foundation
import Kernel
import Reclaim
import Resources
import Sandbox
import Testing

@testable import Warden

@Suite("The protocol between agent and warden")
struct WardenProtocolTests {
    private static let lease = LeaseID(high: 1, low: 2)
    private static let job = JobID(high: 3, low: 4)
    private static let amounts = Amounts(cpu: 1500, memory: .mebibytes(100))
    private static let spec = GuestSpec(
        job: job, lease: lease, program: "sh", arguments: ["-c", "x"], environment: [.init("A", "b")], hasInput: true,
        timeLimit: .minutes(10), image: "debian")
    static let requests: [WardenRequest] = [
        .hello(lowest: 1, highest: 3, release: "0.1"),
        .setPolicy(WardenPolicy(capacity: amounts, thresholds: Thresholds(amounts), owner: .group("/owner"))),
        .openLease(LeaseGrant(lease: lease, amounts: amounts, floor: .zero, remaining: .seconds(9))), .closeLease(lease),
        .evictLease(lease),
        .prepareJob(job, lease), .startJob(spec), .signalJob(job, 15), .jobState(job), .claimWork(job), .removeJob(job),
        .inventory, .readings, .measurements, .moves(after: Timestamp(microseconds: 5)),
        .setPolicy(
            WardenPolicy(
                capacity: amounts,
                thresholds: Thresholds(amounts, periods: [.init(from: 7, until: 3, cpu: 5), .init(from: 1, until: 2, memory: 6)]))
        ), .setPolicy(waiting),
    ]
    /// All that an owner can say of how long its work may wait.
    private static let waiting = WardenPolicy(
        capacity: amounts,
        thresholds: Thresholds(
            amounts, pressure: Pressure(cpu: .whole, memory: 7, disk: nil),
            periods: [.init(from: 1, until: 2, pressure: Pressure(cpu: 4, memory: nil, disk: 5))]), reserve: 77)
    private static let newest = WardenProtocol.form(in: WardenProtocol.versions.upperBound)

    @Test("Every request reads back as it was written", arguments: requests)
    func request(_ request: WardenRequest) throws {
        let call = WardenCall(number: 7, request: request)
        #expect(try WardenCall(bytes: call.bytes(form: Self.newest)) == call)
    }

    static let messages: [WardenMessage] = {
        var activity = GroupActivity()
        (activity.diskRead, activity.ioPressure) = (8, PressureTotals(some: 9, full: 10))
        let measured = LeaseMeasurement(lease: lease, at: Instant(microseconds: 1), cpu: 2, memory: 3, activity: activity)
        let meter = LeaseMeter(measured: Usage(cpu: 5, memory: 6), billable: Usage(cpu: 4, memory: 3), throttled: 2)
        let state = LeaseState(
            lease: lease, amounts: amounts, floor: .zero, remaining: -5, ceiling: 10, rung: .throttled, using: amounts,
            meter: meter)
        var frozen = state
        (frozen.rung, frozen.taking) = (.frozen, TakingBack(atOnce: true, reason: "r"))
        var enforcer = EnforcerState(threshold: amounts, pressure: .unknown, available: 5, coolDown: 6, isDryRun: true)
        (enforcer.pressure, enforcer.tolerance) = (Pressure(cpu: nil, memory: 5, disk: 10_000), Thresholds.usualPressure)
        (enforcer.reserve, enforcer.diskRate) = (8, 9)
        let record = ExitRecord(
            reason: .signalled(9), cpu: 1, peakMemory: 2, started: Timestamp(microseconds: 3),
            finished: Timestamp(microseconds: 4),
            output: OutputSizes(stdout: 5, stderr: 6))
        let pressure = Pressure(cpu: nil, memory: 5, disk: 10_000)
        let evidence = Evidence(
            owner: amounts, guests: amounts, threshold: amounts, pressure: pressure, tolerance: Thresholds.usualPressure,
            diskRate: 8, available: 9, before: 3, after: 2)
        let move = Move(
            at: Timestamp(microseconds: 9),
            change: RungChange(lease: lease, from: .shaped, to: .frozen, resource: .disk, reason: "r", evidence: evidence),
            isDryRun: true)
        let jobs = [JobState.Stage.prepared, .running, .lost, .exited(record)].map { JobState(job: job, lease: lease, stage: $0) }
        return [
            .reply(1, .done), .reply(2, .closed(nil)), .reply(3, .closed(meter)), .reply(4, .place("/x")),
            .reply(5, .job(jobs[3])),
            .reply(6, .inventory(WardenInventory(leases: [state], jobs: jobs))),
            .reply(7, .readings(WardenReadings(owner: amounts, guests: .zero, memoryShort: 1, leases: [state]))),
            .reply(
                10,
                .measurements([
                    measured,
                    LeaseMeasurement(lease: lease, at: Instant(microseconds: 5), cpu: 6, memory: 7, activity: GroupActivity()),
                ])),
            .reply(8, .failed(WardenFault(.full, "no more"))),
            .reply(9, .hello(WardenHello(version: 1, release: "a", instance: "b", enforcement: "c", sandboxFault: "d"))),
            .notice(.moved(move)), .notice(.takingBack(lease, TakingBack(atOnce: false, reason: "r"))),
            .reply(11, .moves([move])),
            .reply(
                12,
                .readings(
                    WardenReadings(
                        owner: amounts, guests: .zero, memoryShort: 1, leases: [frozen],
                        enforcer: enforcer))),
            .notice(.jobEnded(jobs[0])), .notice(.leaseEnded(lease, meter)), .notice(.memoryShort(7)),
        ]
    }()

    @Test("Every message reads back as it was written", arguments: messages)
    func message(_ message: WardenMessage) throws {
        #expect(try WardenMessage(bytes: message.bytes(form: Self.newest)) == message)
    }

    @Test("An agent or a warden of the version before is understood, and is told nothing that it does not know")
    func formBefore() throws {
        let grant = LeaseGrant(lease: Self.lease, amounts: Self.amounts, floor: .zero, remaining: .seconds(9), notice: .zero)
        guard
            case .openLease(let read) = try WardenCall(
                bytes: WardenCall(number: 1, request: .openLease(grant)).bytes(form: 1)
            ).request
        else {
            Issue.record("another request")
            return
        }
        #expect(read.remaining == grant.remaining)
        #expect(read.notice == NoticeClass.standard.notice)
        for message in Self.messages {
            guard case .notice(let notice) = message else { continue }
            let isNew =
                switch notice {
                case .moved, .takingBack: true
                case .jobEnded, .leaseEnded, .memoryShort: false
                }
            #expect(notice.isKnown(in: 1) == !isNew, "\(notice)")
        }
        for case .reply(_, .readings(let readings)) in Self.messages {
            let old = try WardenMessage(bytes: WardenMessage.reply(1, .readings(readings)).bytes(form: 1))
            guard case .reply(_, .readings(let told)) = old else {
                Issue.record("another message")
                return
            }
            #expect(told.enforcer == nil)
            #expect(told.leases.allSatisfy { $0.rung <= .throttled && $0.taking == nil })
        }
    }

    @Test("An agent of the version before asks for neither time limit nor image, and is understood")
    func formBeforeTimeLimits() throws {
        let call = WardenCall(number: 1, request: .startJob(Self.spec))
        guard case .startJob(var read) = try WardenCall(bytes: call.bytes(form: 2)).request else {
            Issue.record("another request")
            return
        }
        #expect(read.timeLimit == nil && read.image == nil)
        (read.timeLimit, read.image) = (Self.spec.timeLimit, Self.spec.image)
        #expect(read == Self.spec)
    }

    @Test("An agent or a warden of the version before knows the usual waiting and reserve only, and fewer readings")
    func formBeforeWaiting() throws {
        let call = WardenCall(number: 1, request: .setPolicy(Self.waiting))
        guard case .setPolicy(let read) = try WardenCall(bytes: call.bytes(form: 4)).request else {
            Issue.record("another request")
            return
        }
        #expect(read.thresholds.pressure == Thresholds.usualPressure)
        #expect(read.reserve == Enforcer.Configuration.usualReserve.of(Self.amounts.memory))
        #expect(read.thresholds.periods == [.init(from: 1, until: 2)])
        for case .notice(.moved(let move)) in Self.messages {
            let message = WardenMessage.notice(.moved(move))
            guard case .notice(.moved(let told)) = try WardenMessage(bytes: message.bytes(form: 4)) else {
                Issue.record("another message")
                return
            }
            #expect(told.change.evidence.diskRate == nil && told.change.evidence.tolerance == .unknown)
            #expect(told.change.evidence.pressure == move.change.evidence.pressure)
        }
    }

    @Test("A job with a time limit is not started by a warden that would not heed it")
    func oldWarden() async throws {
        let warden = try await RunningWarden()
        let client = WardenClient(socket: warden.socket, release: "test", versions: 1...3)
        let error = await #expect(throws: WardenFault.self) { try await client.startJob(Self.spec) }
        #expect(error?.kind == .version)
        #expect(error?.description.contains("cannot hold a job to a time limit, or in an image: upgrade it") == true)
    }

    @Test("No request that is cut short or has a byte too many is taken", arguments: requests)
    func truncated(request: WardenRequest) {
        let bytes = WardenCall(number: 7, request: request).bytes(form: Self.newest)
        for count in 0..<bytes.count {
            #expect(throws: CanonicalReader.Malformed.self) { try WardenCall(bytes: Array(bytes.prefix(count))) }
        }
        #expect(throws: CanonicalReader.Malformed.self) { try WardenCall(bytes: bytes + [0]) }
    }

    @Test("What is out of range is not taken")
    func ranges() {
        let huge = Amounts(cpu: Bounds.cpu + 1, memory: .zero)
        let negative = Amounts(cpu: -1, memory: 5)
        let low = Amounts(cpu: 1, memory: 1)
        let bad: [WardenRequest] = [
            .openLease(LeaseGrant(lease: Self.lease, amounts: huge, floor: .zero, remaining: 1)),
            .openLease(LeaseGrant(lease: Self.lease, amounts: negative, floor: .zero, remaining: 1)),
            .openLease(LeaseGrant(lease: Self.lease, amounts: .zero, floor: .zero, remaining: 1)),
            .openLease(LeaseGrant(lease: Self.lease, amounts: low, floor: Self.amounts, remaining: 1)),
            .openLease(LeaseGrant(lease: Self.lease, amounts: low, floor: .zero, remaining: Bounds.term + 1)),
            .openLease(LeaseGrant(lease: Self.lease, amounts: low, floor: .zero, remaining: -1)),
            .setPolicy(WardenPolicy(capacity: low, thresholds: Thresholds(low), owner: .group("relative"))),
            .setPolicy(WardenPolicy(capacity: low, thresholds: Thresholds(low), owner: .group("/a/../b"))),
            .signalJob(Self.job, 0), .signalJob(Self.job, 65),
            .startJob(GuestSpec(job: Self.job, lease: Self.lease, program: "")),
            .startJob(GuestSpec(job: Self.job, lease: Self.lease, program: "a\u{0}b")),
            .startJob(GuestSpec(job: Self.job, lease: Self.lease, program: "a", environment: [.init("A=B", "c")])),
            .startJob(GuestSpec(job: Self.job, lease: Self.lease, program: "a", processLimit: 0)),
            .startJob(GuestSpec(job: Self.job, lease: Self.lease, program: "a", timeLimit: .zero)),
            .startJob(GuestSpec(job: Self.job, lease: Self.lease, program: "a", timeLimit: Bounds.term + 1)),
        ]
        for request in bad {
            #expect(throws: CanonicalReader.Malformed.self, "\(request)") {
                try WardenCall(bytes: WardenCall(number: 1, request: request).bytes(form: Self.newest))
            }
        }
    }
}

@Suite("Strangers and garbage at the warden's door")
struct WardenDoorTests {
    /// Sends raw bytes on a new connection, and reads until the warden closes it.
    private func exchange(_ bytes: [UInt8], with warden: RunningWarden) async throws -> [WardenMessage] {
        let descriptor = try UnixSocket.connect(to: warden.socket)
        defer { close(descriptor) }
        _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        var stream = FrameStream(descriptor: descriptor, limit: WardenProtocol.largestFrame)
        var messages: [WardenMessage] = []
        try await eventually {
            let progress = stream.receive()
            while let frame = try stream.next() { messages.append(try WardenMessage(bytes: frame)) }
            if case .closed = progress { return true } else { return false }
        }
        return messages
    }

    private func frame(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(bytes.count).bigEndian, Array.init) + bytes
    }

    private func fault(in messages: [WardenMessage]) -> WardenFault.Kind? {
        if case .reply(_, .failed(let fault)) = messages.last { fault.kind } else { nil }
    }

    @Test("What is no call ends the connection with one clear fault, and the warden goes on")
    func garbage() async throws {
        let warden = try await RunningWarden()
        let hello = WardenCall(number: 1, request: .hello(lowest: 1, highest: 1, release: "x")).bytes(form: 1)
        let early = WardenCall(number: 1, request: .inventory).bytes(form: 1)
        for bytes in [[0xff, 0xff, 0xff, 0xff], frame([]), frame([1, 2, 3]), frame(early), frame(hello) + frame([9])] {
            #expect(fault(in: try await exchange(bytes, with: warden)) == .malformed)
        }
        #expect(try await warden.client.hello().instance.isEmpty == false)
    }

    @Test("An agent of another time is told which side to upgrade")
    func version() async throws {
        let warden = try await RunningWarden()
        let client = WardenClient(socket: warden.socket, release: "9.0", versions: 7...8)
        let error = await #expect(throws: WardenFault.self) { try await client.hello() }
        #expect(error?.kind == .version)
        #expect(error?.description.contains("upgrade the warden") == true)
        let old = WardenClient(socket: warden.socket, release: "0.0.1", versions: 0...0)
        #expect(
            await #expect(throws: WardenFault.self) { try await old.hello() }?.description.contains("upgrade the agent") == true)
    }

    @Test("Where there is no warden, asking says so and what to do, at once")
    func nobody() async throws {
        let client = WardenClient(socket: "/tmp/surplus-no-warden-here", release: "test")
        let error = await #expect(throws: WardenUnreachable.self) { try await client.hello() }
        #expect(error?.description.contains("start surplus-warden") == true)
    }

    @Test("Users other than the agent's are not let in", .enabled(if: RunningWarden.isRoot, "needs root to be somebody else"))
    func strangers() async throws {
        let warden = try await RunningWarden()
        chmod(warden.socket, 0o777)
        let script =
            "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); sys.exit(42 if s.recv(1)==b'' else 1)"
        let process = try ChildProcess.start(
            [
                "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", script,
                warden.socket,
            ])
        var status: Int32 = 0
        waitpid(process, &status, 0)
        #expect(status >> 8 & 255 == 42)
        try await eventually { warden.log.contains("event=agent.refused") }
    }
}

@Suite("The warden's command line")
struct WardenArgumentsTests {
    @Test(
        "Says what is wrong",
        arguments: [
            ([], "--state is missing"), (["--state", "/s"], "--socket is missing"), (["--socket"], "--socket needs a value"),
            (["--frobnicate"], "unknown option '--frobnicate'"), (["--state", "/a", "--state", "/b"], "--state is given twice"),
            (["--clean", "/a", "--state", "/b"], "--clean goes with neither"),
            (["--socket", "/s", "--state", "/s", "--instance", "a/b"], "'a/b'"),
            (["--socket", "/s", "--state", "/s", "--agent-uid", "-1"], "--agent-uid wants a number"),
            (["--socket", "/s", "--state", "/s", "--agent-uid", "no such"], "there is no user 'no such' here"),
            (["--socket", "/s", "--state", "/s", "--uid-base", "daemon"], "--uid-base wants a number"),
            (["--socket", "/s", "--state", "/s", "--disk-per-job", "0"], "--disk-per-job wants a number of MiB"),
            (["--socket", "/s", "--state", "/s", "--image", "debian"], "--image wants NAME=DIR"),
            (["--socket", "/s", "--state", "/s", "--image", "debian=srv"], "--image wants NAME=DIR"),
            (["--socket", "/s", "--state", "/s", "--image", "a=/b", "--image=a=/c"], "--image a is given twice"),
            (["--socket", "/s", "--state", "/s", "--cgroup-parent", "a"], "--cgroup-parent wants an absolute path"),
        ])
    func misused(arguments: [String], message: String) {
        let error = #expect(throws: WardenArguments.Misused.self) { try WardenArguments(arguments) }
        #expect(error?.description.contains(message) == true)
    }

    @Test("Takes what it is given")
    func taken() throws {
        let arguments = try WardenArguments(
            [
                "--socket=/s", "--state", "st", "--instance", "n1", "--agent-uid", "7", "--unprivileged", "--uid-base", "5000",
                "--disk-per-job", "9", "--image", "debian=/srv/debian", "--image=b=/c=d",
            ])
        guard case .serve(let configuration) = arguments else {
            Issue.record("\(arguments)")
            return
        }
        #expect(configuration.socket == "/s")
        #expect(configuration.state == FileManager.default.currentDirectoryPath + "/st")
        #expect((configuration.instance, configuration.agent, configuration.firstGuestUser) == ("n1", 7, 5000))
        #expect(configuration.images == ["debian": "/srv/debian", "b": "/c=d"])
        #expect(!configuration.isPrivileged && configuration.diskPerJob == .mebibytes(9))
        #expect(try WardenArguments(["shim", "/d"]) == .shim(["/d"]))
        guard case .serve(let named) = try WardenArguments(["--socket=/s", "--state=/s", "--agent-uid=nobody"]) else {
            Issue.record("no warden for nobody")
            return
        }
        #expect(named.agent == 65_534)
    }
}
