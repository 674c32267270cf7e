import Foundation
import FrameKit
import Glibc
import Kernel
import Resources
import Synchronization
import Testing
import VolumeClient
import VolumeKit
import VolumeStore
import Volumes

@Suite("A mount whose home's process is killed", .serialized, .timeLimit(.minutes(5)))
struct KilledHomeMountTests {
    /// A home in a process of its own, which is not there all the time.
    private struct Place: HomePlace {
        let process: HomeProcess

        var node: NodeID { process.peer.node }
        var port: Int { process.port }

        init(_ volume: VolumeID, _ directory: String, _ peers: FramePeers) throws {
            let path = directory + "/home"
            try VolumeDatabase.create(
                directory: path, volume: volume, capacity: 1 << 30, inodeLimit: 100_000, owner: geteuid(), group: getegid(),
                at: FileTime(rawValue: 1))
            process = HomeProcess(
                volume, in: path, as: StoredPeer(try peers.node("home")), port: Int(try ListenerPorts.free()))
        }

        func end() {}
    }

    @Test("programs go on without an error, all that they made durable is there, and what was not durable comes back")
    func goingOn() async throws {
        try await ServedVolume.serving(home: Place.init) { served in
            let place = try #require(served.home as? Place)
            let writers = Writers(3)
            var mounts: [MountedVolume] = []
            for round in 0..<4 {
                try await place.process.serving { home in
                    if round == 0 {
                        var link = HomeLink.Options()
                        link.patience = .seconds(600)
                        mounts = [try served.mount(link: link), try served.mount(link: link)]
                        for number in 0..<3 { try sys { mkdir(mounts[number % 2].path + "/d\(number)", 0o755) } }
                        writers.start { "\(mounts[$0 % 2].path)/d\($0)" }
                    }
                    await writers.progress(by: 40)
                    if round == 3 { try await finish(writers, served, mounts) } else { home.kill() }
                }
            }
        }
    }

    private func finish(_ writers: Writers, _ served: ServedVolume, _ mounts: [MountedVolume]) async throws {
        let written = try await writers.stop()
        let reader = try served.mount()
        for (number, count) in written.enumerated() {
            #expect(count > 0)
            for file in 0..<count {
                let found = try? text("\(reader.path)/d\(number)/\(file)")
                #expect(found == Writers.content(number, file), "writer \(number), file \(file)")
            }
        }
        for mount in mounts { mount.end() }
        reader.end()
    }
}

/// Programs that write files one after the other, each over a handle that is open all the time.
private final class Writers: Sendable {
    private struct State {
        var written: [Int]
        var error: (any Error)?
        var isOver = false
        var left: Int
    }

    private let state: Mutex<State>
    private let count: Int
    private let progress = AsyncStream.makeStream(of: Int.self)

    init(_ count: Int) {
        self.count = count
        state = Mutex(State(written: Array(repeating: 0, count: count), left: count))
    }

    static func content(_ writer: Int, _ file: Int) -> String {
        "writer \(writer) file \(file) " + String(repeating: "x", count: file * 7)
    }

    /// - Parameter directory: of a writer.
    func start(_ directory: (Int) -> String) {
        for number in 0..<count {
            let path = directory(number)
            Thread.detachNewThread { [self] in
                do { try write(number, path) } catch { state.withLock { $0.error = $0.error ?? error } }
                progress.continuation.yield(number)
                if state.withLock({
                    $0.left -= 1
                    return $0.left == 0
                }) {
                    progress.continuation.finish()
                }
            }
        }
    }

    private func write(_ number: Int, _ path: String) throws {
        let log = try OpenFile(path + "/log", O_RDWR | O_CREAT)
        var file = 0
        while !state.withLock({ $0.isOver }) {
            let text = Self.content(number, file)
            try OpenFile(path + "/new", O_WRONLY | O_CREAT | O_TRUNC).write(text)
            try sys { rename(path + "/new", path + "/\(file)") }
            try log.write("\(file)\n")
            // Every other one is made durable; the rest has to come back.
            if file % 2 == 0 { try log.synchronize() }
            file += 1
            state.withLock { $0.written[number] = file }
            progress.continuation.yield(number)
        }
        #expect(try log.text().hasPrefix("\(file - 1)\n"))
    }

    /// Waits until so many more files are written.
    func progress(by count: Int) async {
        var left = count
        for await _ in progress.stream {
            left -= 1
            if left == 0 || state.withLock({ $0.error != nil }) { return }
        }
    }

    /// - Returns: how many files each has written.
    func stop() async throws -> [Int] {
        state.withLock { $0.isOver = true }
        for await _ in progress.stream {}
        return try state.withLock { state in
            if let error = state.error { throw error }
            return state.written
        }
    }
}
