import FoundationEssentials
import GRPCCore
import Glibc
import Kernel
import LedgerStore
import Logging
import Resources
import Trading
import Wire

@testable import Agent

/// A directory that is gone with the last who holds it.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws {
        path = "/tmp/surplus-agent-test-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { FileTree.remove(path) }
}

/// A job as somebody submitted it, with the files it has here.
struct JobFixture {
    static let at = Timestamp(microseconds: 1_800_000_000_000_000)

    let scratch: ScratchDirectory
    let store: LedgerStore
    let work: JobWork

    init(hasInput: Bool = false, outputs: [String] = []) throws {
        scratch = try ScratchDirectory()
        store = try LedgerStore(directory: scratch.path + "/ledger")
        let record = Self.record(hasInput: hasInput, outputs: outputs)
        let folder = JobFolder(path: "\(scratch.path)/jobs/\(record.id)")
        try folder.create()
        work = try JobWork(record, in: folder)
    }

    static let want = Want(
        amounts: Amounts(cpu: .cores(1), memory: .mebibytes(64)), term: .minutes(15),
        maxPrices: Prices(cpu: .credits(1), memory: .credits(1)), user: "ada")

    static func record(
        uid: UInt32 = 1000, hasInput: Bool = false, outputs: [String] = [], inputs: Int = 0, own: Bool = false,
        retry: JobRetry? = nil
    ) -> JobRecord {
        var random = SystemRandomNumberGenerator()
        let lease = LeaseID(at: at, using: &random)
        return JobRecord(
            id: JobID(at: at, using: &random), user: "ada", uid: uid,
            order: JobOrder(
                program: "sort", arguments: ["-n"], environment: ["LC_ALL": "C"], outputs: outputs, hasInput: hasInput),
            tenancy: own ? .own(want, from: [], renews: true) : .given(lease), retry: retry, inputs: inputs, inputBytes: 0,
            submittedAt: at)
    }

    static func user(_ uid: UInt32, _ role: Role = .borrower) -> CallingUser {
        let caller = LocalCaller(uid: uid, gid: uid, pid: 1)
        return CallingUser(identity: .local(caller), name: "user\(uid)", role: role, origin: "uid \(uid), pid 1")
    }

    static func newID<Tag>(_: Identifier<Tag>.Type = Identifier<Tag>.self) -> Identifier<Tag> {
        var random = SystemRandomNumberGenerator()
        return Identifier(at: at, using: &random)
    }
}

/// What somebody who watches a job was sent, in order.
actor Received {
    private(set) var messages: [Surplus_V1_JobOutput] = []
    private var waiting:
        [(condition: @Sendable ([Surplus_V1_JobOutput]) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []

    func add(_ message: Surplus_V1_JobOutput) {
        messages.append(message)
        let satisfied = waiting.filter { $0.condition(messages) }
        waiting.removeAll { $0.condition(messages) }
        for waiter in satisfied { waiter.continuation.resume() }
    }

    /// Returns once what was received satisfies `condition`.
    func wait(until condition: @escaping @Sendable ([Surplus_V1_JobOutput]) -> Bool) async {
        guard !condition(messages) else { return }
        await withCheckedContinuation { waiting.append((condition, $0)) }
    }
}

extension [Surplus_V1_JobOutput] {
    /// The bytes of one output stream, in the order they came.
    func text(of stream: Surplus_V1_OutputStream = .stdout) -> String {
        String(decoding: filter { $0.data.stream == stream }.reduce(into: Data()) { $0 += $1.data.bytes }, as: UTF8.self)
    }
}

extension RPCAsyncSequence where Failure == any Error {
    /// The messages of a caller that says these and then nothing more.
    init(_ messages: [Element]) {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: Element.self, throwing: (any Error).self)
        for message in messages { continuation.yield(message) }
        continuation.finish()
        self.init(wrapping: stream)
    }
}
