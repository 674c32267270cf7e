import ArgumentParser
import Foundation
import Kernel

/// A program started as from a prompt: once, or many times, some side by side.
struct Clients {
    /// The program's path and its arguments.
    let command: [String]
    /// What its environment holds besides a path.
    let environment: [String: String]

    /// Runs it once.
    ///
    /// - Returns: what it wrote to its standard output and error.
    /// - Throws: `ValidationError` with that when it fails.
    func output() throws -> String {
        let file = try Self.scratchFile()
        let descriptor = file.fileDescriptor
        let process = try ChildProcess.start(command, environment: environment, output: descriptor, errors: descriptor)
        let status = try Self.wait(for: process)
        guard status == 0 else { throw fault(status, file) }
        return try Self.content(of: file)
    }

    /// Runs it `count` times, at most `concurrency` at once: where one ends the next is started.
    ///
    /// - Returns: how many ended each second.
    /// - Throws: `ValidationError` with what was written to standard error when one fails.
    func throughput(of count: Int, concurrency: Int) throws -> Double {
        let errors = try Self.scratchFile()
        var (started, running) = (0, 0)
        var failure: Int32?
        let began = ContinuousClock.now
        while running > 0 || started < count && failure == nil {
            if started < count, running < concurrency, failure == nil {
                _ = try ChildProcess.start(command, environment: environment, errors: errors.fileDescriptor)
                (started, running) = (started + 1, running + 1)
            } else {
                let status = try Self.wait(for: Self.anyChild)
                running -= 1
                if status != 0 { failure = failure ?? status }
            }
        }
        let took = (ContinuousClock.now - began).milliseconds
        if let failure { throw fault(failure, errors) }
        return Double(count) / took * 1000
    }

    /// Only where this program has no other children.
    private static let anyChild: pid_t = -1

    /// Waits for the end of a child.
    ///
    /// - Returns: what `waitpid` says of it; 0 for success.
    private static func wait(for process: pid_t) throws(KernelError) -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw KernelError("wait for a program", errno) }
        }
        return status
    }

    private func fault(_ status: Int32, _ file: FileHandle) -> ValidationError {
        let words = (try? Self.content(of: file)) ?? ""
        return ValidationError("\(command.joined(separator: " ")) failed (wait status \(status)): \(words)")
    }

    /// A file without a name, to append to.
    private static func scratchFile() throws -> FileHandle {
        let path = NSTemporaryDirectory() + "/surplus-bench-\(getpid())"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw KernelError("make \(path)", errno) }
        unlink(path)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private static func content(of file: FileHandle) throws -> String {
        try file.seek(toOffset: 0)
        return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    }
}
