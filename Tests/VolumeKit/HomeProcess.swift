package import FrameKit
internal import Frames
internal import Glibc
package import Resources
internal import VolumeService
internal import VolumeStore
internal import Volumes

/// A home in a process of its own, which can be killed.
package struct HomeProcess: Codable, Sendable {
    package let volume: VolumeID
    package let directory: String
    package let peer: StoredPeer
    /// 0 lets the system choose.
    package var port = 0
    private let ready: ReadyPipe

    package init(_ volume: VolumeID, in directory: String, as peer: StoredPeer, port: Int = 0) throws {
        (self.volume, self.directory, self.peer, self.port) = (volume, directory, peer, port)
        ready = try ReadyPipe(directory + ".ready")
    }

    /// Serves until it is killed; ends with the process that started it.
    package func run() async throws {
        let parent = getppid()
        let service = try HomeService(
            directory: directory, volume: volume, rule: { _, _, _ in nil }, clock: { .ofSystem })
        let server = FrameServer([service.server], as: peer.node, limits: .wide, times: .patient)
        let listener = try await FrameListener(server, host: "127.0.0.1", port: port, as: peer)
        ready.say([Int(getpid()), listener.port])
        while getppid() == parent { usleep(100_000) }
    }

    /// Serves in another process while the body runs, which is killed afterwards at the latest.
    ///
    /// - Parameter run: comes back when a process that runs this has been killed.
    package func serving<Value: Sendable>(
        by run: @escaping @Sendable () async -> Void, _ body: (OtherProcess) async throws -> Value
    ) async throws -> Value {
        async let ended: Void = run()
        let words = await ready.words()
        let process = OtherProcess(id: pid_t(words[0]), port: words[1])
        let result = await Result { () async throws in try await body(process) }
        process.kill()
        await ended
        return try result.get()
    }
}

extension Moment {
    /// By this machine's clocks.
    package static var ofSystem: Moment {
        func microseconds(_ clock: clockid_t) -> Int64 {
            var time = timespec()
            clock_gettime(clock, &time)
            return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        }
        return Moment(
            boot: BootID("this"), instant: Instant(microseconds: microseconds(CLOCK_BOOTTIME)),
            utc: Timestamp(microseconds: microseconds(CLOCK_REALTIME)))
    }
}
