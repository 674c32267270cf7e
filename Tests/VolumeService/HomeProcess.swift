import Foundation
import FrameKit
import Frames
import Glibc
import Resources
import Testing
import VolumeService
import VolumeStore
import Volumes

/// A home in a process of its own, which can be killed.
struct HomeProcess: Codable, Sendable {
    let directory: String
    let peer: StoredPeer
    /// 0 lets the system choose.
    var port = 0
    /// The file in which it says where it listens, and which process it is.
    var said: String { directory + ".said" }

    /// Serves until it is killed; ends with the process that started it.
    func run() async throws {
        let parent = getppid()
        let service = try HomeService(
            directory: directory, volume: ServedHome.volume, rule: { _, _, _ in nil }, clock: systemMoment)
        var limits = FrameLimits()
        (limits.running, limits.requests) = (512, 1024)
        let server = FrameServer([service.server], as: peer.node, limits: limits, times: .patient)
        let listener = try await FrameListener(server, host: "127.0.0.1", port: port, as: peer)
        try Data("\(listener.port) \(getpid())".utf8).write(to: URL(fileURLWithPath: said), options: .atomic)
        while getppid() == parent { usleep(100_000) }
    }

    /// Serves in another process while the body runs, which is killed afterwards at the latest.
    ///
    /// - Returns: what the body returned, and the port on which it listened.
    func serving<Value: Sendable>(_ body: (Running) async throws -> Value) async throws -> Value {
        try? FileManager.default.removeItem(atPath: said)
        async let ended: Void = runUntilKilled()
        let running = try await started()
        let result = await Result { () async throws in try await body(running) }
        running.kill()
        await ended
        return try result.get()
    }

    private func runUntilKilled() async {
        await #expect(processExitsWith: .signal(SIGKILL)) { [home = self as HomeProcess] in try await home.run() }
    }

    private func started() async throws -> Running {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let text = try? String(contentsOfFile: said, encoding: .utf8) {
                let words = text.split(separator: " ").compactMap { Int($0) }
                return Running(port: words[0], process: pid_t(words[1]))
            }
            await Task.yield()
        }
        throw POSIXError(.ETIMEDOUT)
    }

    struct Running: Sendable {
        let port: Int
        let process: pid_t

        func kill() { Glibc.kill(process, SIGKILL) }
        func pause() { Glibc.kill(process, SIGSTOP) }
        func goOn() { Glibc.kill(process, SIGCONT) }
    }
}
