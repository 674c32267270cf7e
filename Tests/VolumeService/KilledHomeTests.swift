import FrameKit
import Resources
import Testing
import VolumeKit
import VolumeStore
import Volumes

@Suite("kill -9 of a home's process under load", .serialized, .timeLimit(.minutes(5)))
struct KilledHomeTests {
    @Test("what was said to be durable is there, sessions resume with all that they were told, and nothing is done twice")
    func kill() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/volume"
        try ServedHome.create(path)
        let peers = try FramePeers()
        let home = HomeProcess(ServedHome.volume, in: path, as: StoredPeer(try peers.node("home")))
        var told = try (1...3).map { LoadingSession($0, as: try peers.node("client\($0)")) }
        for round in 0..<4 {
            let countdown = Countdown(150 * (round + 1))
            told = try await home.serving { running in
                try await LoadingSession.all(told, with: home.peer.node, at: running.port) { session, asker in
                    if round == 0 { try await session.begin(asker) } else { try await session.resume(asker) }
                    await session.work(asker) { if countdown.isOver() { running.kill() } }
                }
            }
        }
        let database = try VolumeDatabase(directory: path, volume: ServedHome.volume)
        for session in told {
            let made = try database.read { volume in
                volume.state.entries(in: session.directory, after: nil, limit: .max).map(\.name.description)
            }
            #expect(UInt64(made.count) >= session.durable && session.durable > 0)
            #expect(made == LoadingSession.history(made.count), "what is there is the history up to some record")
        }
        database.close()
        #expect(try VolumeDatabase.faults(directory: path, volume: ServedHome.volume) == [])
    }
}
