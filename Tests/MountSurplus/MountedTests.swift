import BlockStore
import Foundation
import FrameKit
import Frames
import Identity
import Resources
import Testing
import VolumeKit
import VolumeStore
import Volumes
import Wire

/// A home and two stores on loopback, and an agent that knows them.
private final class LiveVolume: Sendable {
    static let volume = VolumeID(high: 1, low: 2)
    static let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))

    let directory: String
    let client: FramePeer
    private let home: FramePeer
    private let service: HomeService
    private let listeners: [FrameListener]

    private init(in directory: String) async throws {
        self.directory = directory
        let peers = try FramePeers(at: Self.now)
        (client, home) = (try peers.node("client"), try peers.node("home"))
        try IdentityStore(dataDirectory: directory).save(client.identity)
        try VolumeDatabase.create(
            directory: directory + "/home", volume: Self.volume,
            VolumeTraits(name: "media", copies: 2, key: [UInt8](repeating: 9, count: VolumeTraits.keyLength)),
            capacity: 1 << 28, inodeLimit: 1000, owner: geteuid(), group: getegid(), at: FileTime(rawValue: 1))
        service = try HomeService(
            directory: directory + "/home", volume: Self.volume, rule: { _, _, _ in nil },
            clock: {
                let instant = Instant(microseconds: Int64(DispatchTime.now().uptimeNanoseconds / 1000))
                return Moment(boot: BootID("test"), instant: instant, utc: Self.now)
            })
        var (listeners, places): ([FrameListener], [StorePlace]) = ([], [])
        for number in 0..<2 {
            let place = directory + "/store\(number)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            let store = try BlockStore(on: PosixDisk(place), .init(capacity: .mebibytes(512), segmentSize: .mebibytes(32)))
            let peer = try peers.node("store\(number)")
            let listener = try await Self.serve([BlockServer(store) { _, _, _ in nil }], as: peer)
            listeners.append(listener)
            places.append(
                StorePlace(StoreCondition(peer.node, free: 512 << 20), host: "127.0.0.1", port: UInt16(listener.port)))
        }
        service.server.meet(places)
        listeners.append(try await Self.serve([service.server], as: home))
        self.listeners = listeners
    }

    private static func serve(_ services: [any FrameService], as peer: FramePeer) async throws -> FrameListener {
        try await FrameListener(
            FrameServer(services, as: peer.node, times: .patient), host: "127.0.0.1", port: 0, as: peer)
    }

    private func plan(as user: UInt32) -> Surplus_V1_MountPlan {
        .with {
            ($0.name, $0.node, $0.dataDirectory) = ("media", client.node.description, directory)
            ($0.agentUid, $0.agentGid) = (user, user)
            $0.place = .with {
                ($0.volume, $0.home) = (Self.volume.description, home.node.description)
                ($0.host, $0.port) = ("127.0.0.1", UInt32(listeners[2].port))
            }
        }
    }

    private func end() async {
        service.stop()
        for listener in listeners { await listener.shutDown() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// - Parameter user: whom the agent runs as.
    static func serving(
        as user: UInt32 = geteuid(),
        _ body: @Sendable @escaping (_ point: String, _ options: String, _ log: String) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "/surplus-live-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory + "/point", withIntermediateDirectories: true)
        let volume = try await LiveVolume(in: directory)
        let (point, log) = (directory + "/point", directory + "/mount.log")
        let result: Result<Void, any Error>
        do {
            try await PlayedAgent.serving { _ in
                volume.plan(as: user)
            } _: { _, socket in
                try await body(point, "agent=\(socket),log=\(log)", log)
            }
            result = .success(())
        } catch { result = .failure(error) }
        umount2(point, Int32(MNT_DETACH))
        await volume.end()
        try result.get()
    }
}

@Suite("A volume mounted by mount.surplus", .enabled(if: geteuid() == 0, "only root may mount as mount(8) does"))
struct MountedTests {
    /// What stands in the log of a mount, once it is there.
    private static func log(_ path: String, until word: String) async throws -> String {
        while true {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            if text.contains(word) { return text }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func process(in log: String) throws -> pid_t {
        let match = try #require(log.matches(of: #/pid=(\d+)/#).last)
        return try #require(pid_t(match.1))
    }

    @Test("It goes into the background when it is mounted; what is written is there at the next mount", .timeLimit(.minutes(2)))
    func roundTrip() async throws {
        try await LiveVolume.serving { point, options, log in
            let first = try await ProgramTests.run(["media", point, "-v", "-o", options])
            #expect(first.status == 0 && first.output.contains("mounted media"), "\(first)")
            let content = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 7) })
            try content.write(to: URL(fileURLWithPath: point + "/a"))
            #expect(umount2(point, 0) == 0)
            _ = try await Self.log(log, until: "unmounted")
            #expect(try FileManager.default.contentsOfDirectory(atPath: point).isEmpty)

            let second = try await ProgramTests.run(["media", point, "-o", options + ",ro"])
            #expect(second.status == 0 && second.output.isEmpty, "\(second)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: point + "/a")) == content)
            #expect(!FileManager.default.createFile(atPath: point + "/b", contents: nil))
            #expect(umount2(point, 0) == 0)
        }
    }

    @Test("It serves with the rights of the agent's user, and cannot have those of root again", .timeLimit(.minutes(2)))
    func privileges() async throws {
        try await LiveVolume.serving(as: 65_534) { point, options, log in
            let ended = try await ProgramTests.run(["media", point, "-o", options])
            #expect(ended.status == 0, "\(ended)")
            let process = try Self.process(in: try await Self.log(log, until: "mounted"))
            let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            #expect(status.contains("Uid:\t65534\t65534\t65534\t65534") && status.contains("Gid:\t65534\t65534\t65534\t65534"))
            #expect(status.contains("CapEff:\t0000000000000000") && status.contains("CapPrm:\t0000000000000000"), "\(status)")
            try Data("x".utf8).write(to: URL(fileURLWithPath: point + "/a"))
            #expect(umount2(point, 0) == 0)
        }
    }

    @Test("What a crash leaves on the mount point is taken away by the next mount", .timeLimit(.minutes(2)))
    func crash() async throws {
        try await LiveVolume.serving { point, options, log in
            #expect(try await ProgramTests.run(["media", point, "-o", options]).status == 0)
            let process = try Self.process(in: try await Self.log(log, until: "mounted"))
            // After this the kernel has attributes of the directory, which it goes on giving.
            try Data("x".utf8).write(to: URL(fileURLWithPath: point + "/kept"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: point + "/kept")) == Data("x".utf8))
            kill(process, SIGKILL)
            while FileManager.default.fileExists(atPath: "/proc/\(process)/fd/0") { try await Task.sleep(for: .milliseconds(5)) }
            let again = try await ProgramTests.run(["media", point, "-v", "-o", options])
            #expect(again.status == 0 && again.output.contains("left by a crash"), "\(again)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: point) == ["kept"])
            #expect(umount2(point, 0) == 0)
        }
    }

    @Test("Asked to end, it unmounts", .timeLimit(.minutes(2)))
    func signal() async throws {
        try await LiveVolume.serving { point, options, log in
            #expect(try await ProgramTests.run(["media", point, "-o", options]).status == 0)
            kill(try Self.process(in: try await Self.log(log, until: "mounted")), SIGTERM)
            let text = try await Self.log(log, until: "unmounted")
            #expect(text.contains("asked to end by signal 15"))
        }
    }

    @Test("mount(8) finds it for a line of fstab, and umount(8) ends it", .timeLimit(.minutes(2)))
    func line() async throws {
        try await LiveVolume.serving { point, options, log in
            let folder = (point as NSString).deletingLastPathComponent
            let table = folder + "/fstab"
            try Data("media \(point) surplus _netdev,nofail,x-systemd.automount,\(options) 0 0\n".utf8)
                .write(to: URL(fileURLWithPath: table))
            // In a namespace of its own, where mount(8) finds the program in the place that it looks at.
            let script = """
                mkdir '\(folder)/sbin' && cp '\(ProgramTests.path)' '\(folder)/sbin/' && mount --bind '\(folder)/sbin' /usr/sbin &&
                mount -T '\(table)' '\(point)' && echo kept > '\(point)/a' && findmnt -no FSTYPE,SOURCE '\(point)' && umount '\(point)'
                """
            let ended = try await ProgramTests.run(["--mount", "/bin/sh", "-c", script], program: "/usr/bin/unshare")
            #expect(ended.status == 0 && ended.output.contains("fuse.surplus media"), "\(ended)")
            _ = try await Self.log(log, until: "unmounted")
        }
    }

    @Test("Where something is mounted already, it says what", .timeLimit(.minutes(2)))
    func occupied() async throws {
        try await LiveVolume.serving { point, options, log in
            #expect(try await ProgramTests.run(["media", point, "-o", options]).status == 0)
            let again = try await ProgramTests.run(["media", point, "-o", options])
            #expect(again.status == 32 && again.errors.contains("'media' (fuse.surplus) is mounted there"), "\(again)")
            #expect(umount2(point, 0) == 0)
        }
    }
}
