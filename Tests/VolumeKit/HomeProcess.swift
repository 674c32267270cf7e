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
    /// Of its sessions, in seconds: so long that a test which is held up does not lose them.
    private var term: Int64 = 600

    package init(_ volume: VolumeID, in directory: String, as peer: StoredPeer, port: Int = 0) {
        (self.volume, self.directory, self.peer, self.port) = (volume, directory, peer, port)
    }

    /// Serves as long as it is needed.
    package func run(while isNeeded: @Sendable () -> Bool) async throws {
        var options = HomeService.Options()
        options.home.sessionTerm = .seconds(term)
        let service = try HomeService(
            directory: directory, volume: volume, options: options, rule: { _, _, _ in nil }, clock: { .ofSystem })
        let server = FrameServer([service.server], as: peer.node, limits: .wide, times: .patient)
        let listener = try await FrameListener(server, host: "127.0.0.1", port: port, as: peer)
        OtherProcess.say(listener.port)
        while isNeeded() { usleep(100_000) }
    }

    /// Serves in another process while the body runs, which is killed afterwards at the latest.
    package func serving<Value: Sendable>(_ body: (OtherProcess) async throws -> Value) async throws -> Value {
        let process = try await OtherProcess("home", self)
        let result = await Result { () async throws in try await body(process) }
        await process.end()
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
