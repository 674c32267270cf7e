internal import Foundation
package import Glibc

/// A named pipe through which another process says that it is ready.
package struct ReadyPipe: Codable, Sendable {
    private let path: String

    package init(_ path: String) throws {
        self.path = path
        guard mkfifo(path, 0o600) == 0 || errno == EEXIST else { throw POSIXError(.EIO) }
    }

    package func say(_ words: [Int]) {
        let file = open(path, O_WRONLY)
        let line = words.map(String.init).joined(separator: " ") + "\n"
        _ = line.withCString { write(file, $0, strlen($0)) }
        close(file)
    }

    /// Waits for what the other process says.
    package func words() async -> [Int] {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [path] in
                var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 256))
                let file = open(path, O_RDONLY)
                while case let count = read(file, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
                close(file)
                let words = String(decoding: text, as: UTF8.self).split { $0 == " " || $0 == "\n" }
                continuation.resume(returning: words.compactMap { Int($0) })
            }
        }
    }
}

/// Another process of a test.
package struct OtherProcess: Sendable {
    package let id: pid_t
    /// On which it listens, where it does.
    package let port: Int

    package func kill() { Glibc.kill(id, SIGKILL) }
    package func pause() { Glibc.kill(id, SIGSTOP) }
    package func goOn() { Glibc.kill(id, SIGCONT) }
}
