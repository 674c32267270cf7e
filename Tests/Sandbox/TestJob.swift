import CLinux
import Foundation
import Kernel
import Resources
import Synchronization
import Testing

@testable import Sandbox

/// A job in a directory of its own, run by a real shim in a real sandbox. As root the guest runs as a user of its own.
final class TestJob: Sendable {
    static let isRoot = geteuid() == 0
    static let guest = isRoot ? ProcessOwner(user: 61_234, group: 61_234) : nil
    static let warden = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("surplus-warden").path

    let files: JobFiles
    let spec: ShimSpec
    private let shim = Mutex<pid_t?>(nil)

    init(
        _ program: String, _ arguments: [String] = [], environment: [GuestSpec.Variable] = [], hasInput: Bool = false,
        outputLimit: Bytes = .mebibytes(64), in directory: String? = nil, groups: [String] = [], disk: Bytes = .gibibytes(1),
        timeLimit: Microseconds? = nil
    ) throws {
        files = JobFiles(directory: try directory ?? Self.makeDirectory())
        spec = ShimSpec(
            guest: GuestSpec(
                job: JobID(high: 1, low: 2), lease: LeaseID(high: 3, low: 4), program: program, arguments: arguments,
                environment: environment, hasInput: hasInput, outputLimit: outputLimit, timeLimit: timeLimit),
            agent: .current, runAs: Self.guest, enforcement: "none: a test", groups: groups, disk: disk)
        mkdir(files.work, 0o700)
        if let guest = Self.guest { chown(files.work, guest.user, guest.group) }
        try files.write(spec)
    }

    /// A shell script.
    convenience init(
        script: String, hasInput: Bool = false, outputLimit: Bytes = .mebibytes(64), disk: Bytes = .gibibytes(1),
        timeLimit: Microseconds? = nil
    ) throws {
        try self.init(
            "sh", ["-c", script], hasInput: hasInput, outputLimit: outputLimit, disk: disk, timeLimit: timeLimit)
    }

    static func makeDirectory() throws -> String {
        var template = Array("/tmp/surplus-sandbox-XXXXXX".utf8CString)
        let made = mkdtemp(&template).map { String(cString: $0) }
        let directory = try #require(made)
        chmod(directory, 0o711)
        return directory
    }

    deinit {
        if let shim = shim.withLock({ $0 }), files.isAttended { kill(shim, SIGKILL) }
        try? FileManager.default.removeItem(atPath: files.directory)
    }

    /// Starts the shim and waits until it can be attached to; its process id.
    ///
    /// - Parameter launcher: a program, with arguments, that starts the one that its further arguments name in its own place.
    @discardableResult
    func start(by launcher: [String] = []) async throws -> pid_t {
        let words = launcher + [Self.warden, "shim", files.directory]
        let started = try await launch(words[0], Array(words.dropFirst())).process
        shim.withLock { $0 = started }
        return started
    }

    /// The process of the shim; only after ``start()``.
    var shimProcess: pid_t {
        get throws {
            let process = shim.withLock { $0 }
            return try #require(process)
        }
    }

    func attach() throws -> ShimClient { try ShimClient(attachingTo: files.directory) }

    /// Runs it to its end without input.
    func run() async throws -> ExitRecord {
        try await start()
        return try await attach().end()
    }

    func text(of output: JobFiles.Output) throws -> String {
        String(decoding: try files.read(output, at: 0, atMost: 1 << 20), as: UTF8.self)
    }
}

extension ShimClient {
    /// Follows the job to its end.
    func end() async throws -> ExitRecord {
        for await event in events { if case .exited(let record) = event { return record } }
        throw ShimUnreachable("the stream ended before the job")
    }

    /// Follows the job until it has written this much to its standard output.
    func waitForOutput(of size: Int64) async throws {
        for await event in events {
            if case .output(let sizes) = event, sizes.stdout.rawValue >= size { return }
        }
        throw ShimUnreachable("the stream ended before the output was there")
    }
}

/// Starts a program and waits until it closes its standard output; what it wrote there.
@discardableResult
func launch(_ program: String, _ arguments: [String]) async throws -> (process: pid_t, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = await onThread { (try? pipe.fileHandleForReading.readToEnd()) ?? nil }
    return (process.processIdentifier, String(decoding: output ?? Data(), as: UTF8.self))
}

/// Runs what blocks on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in Thread.detachNewThread { continuation.resume(returning: body()) } }
}

/// Waits until a process of this machine has gone.
func waitForEnd(of process: pid_t) async throws {
    let descriptor = surplus_pidfd_open(process)
    guard descriptor >= 0 else { return }  // it has gone already
    defer { close(descriptor) }
    let ended = await onThread {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, 10_000)
    }
    guard ended == 1 else { throw ShimUnreachable("process \(process) is still there after 10 s") }
}
