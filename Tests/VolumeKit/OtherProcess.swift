internal import Foundation
package import Glibc

/// Another process of a test, `volume-process`, which can be killed.
package final class OtherProcess: Sendable {
    package let id: pid_t
    /// On which it listens, where it does.
    package let port: Int

    private let process: Process

    private static var program: String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("volume-process").path
    }

    /// Starts it; comes back when it has said that it is ready.
    package init(_ part: String, _ plan: some Encodable) async throws {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = [part, String(decoding: try JSONEncoder().encode(plan), as: UTF8.self)]
        (process.standardInput, process.standardOutput) = (FileHandle.nullDevice, output)
        try process.run()
        id = process.processIdentifier
        self.process = process
        let line = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let data = output.fileHandleForReading.availableData
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
        }
        guard let port = Int(line.trimmingCharacters(in: .newlines)) else {
            Glibc.kill(id, SIGKILL)
            throw POSIXError(.ECHILD)
        }
        self.port = port
    }

    deinit { kill() }

    /// What a process says that is ready.
    static func say(_ port: Int) { FileHandle.standardOutput.write(Data("\(port)\n".utf8)) }

    package func kill() { Glibc.kill(id, SIGKILL) }

    /// Holds it up until it is to go on.
    package func pause() { Glibc.kill(id, SIGSTOP) }
    package func resume() { Glibc.kill(id, SIGCONT) }

    /// Kills it; comes back when it is gone.
    package func end() async {
        kill()
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [process] in
                process.waitUntilExit()
                continuation.resume()
            }
        }
    }
}
