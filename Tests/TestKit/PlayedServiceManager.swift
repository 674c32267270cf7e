import Glibc
import Kernel
import Resources
import Synchronization

/// Plays the service manager of daemons: a socket to which they tell how they are doing (sd_notify(3)).
package final class PlayedServiceManager: Sendable {
    private let path: String
    private let descriptor: Int32

    /// - Parameter path: Where the socket is made; one that begins with `@` has no file.
    package init(at path: String) throws(KernelError) {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { space in
            space.copyBytes(from: path.utf8)
            if path.hasPrefix("@") { space[0] = 0 }
        }
        let length = path.hasPrefix("@") ? 2 + path.utf8.count : MemoryLayout<sockaddr_un>.size
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) == 0 }
        }
        guard isBound else { throw KernelError("listen at \(path)", errno) }
        if !path.hasPrefix("@") { chmod(path, 0o666) }
    }

    deinit {
        close(descriptor)
        if !path.hasPrefix("@") { unlink(path) }
    }

    /// What a daemon finds in its environment that this manager starts.
    ///
    /// - Parameter watchdog: After how long without a sign of life it would be taken for dead.
    package func environment(watchdog: Microseconds? = nil) -> [String: String] {
        ["NOTIFY_SOCKET": path].merging(watchdog.map { ["WATCHDOG_USEC": "\($0.rawValue)"] } ?? [:]) { $1 }
    }

    /// Waits for the next message, for a minute at most; its lines. Keeps no thread from whoever is to send it.
    package func next() async -> [String]? {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let message = receive() { return message }
            // one that is cancelled meanwhile comes round the sooner
            try? await Task.sleep(for: .milliseconds(2))
        }
        return nil
    }

    /// The messages that are there already.
    package func waiting() -> [[String]] {
        var messages: [[String]] = []
        while let message = receive() { messages.append(message) }
        return messages
    }

    private func receive() -> [String]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Waits for the next message that has this line, passing over others.
    package func next(with line: String) async -> [String]? {
        while let message = await next() { if message.contains(line) { return message } }
        return nil
    }
}
