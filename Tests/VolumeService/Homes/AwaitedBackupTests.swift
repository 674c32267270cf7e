import FrameKit
import Resources
import Testing
import VolumeKit
import VolumeService
import Volumes

@Suite("A backup that is to come", .serialized, .timeLimit(.minutes(2)))
struct AwaitedBackupTests {
    @Test(
        "as long as it is not there it is not waited for; when it comes it is taken in, also when nothing else happens",
        arguments: [1, 600])
    func away(count: Int) async throws {
        try await HomesPool.serving(2) { pool in
            let home = try await pool.start(0)
            let volume = try await pool.makeVolume(on: home)
            let slow = VolumeRefusal.slow("changing the backups of \(volume)")
            await #expect(throws: slow) {
                try await home.homes.change(backups: [pool.node(1)], of: volume, within: .milliseconds(100))
            }
            try await home.asking(volume, as: try pool.peers.node("client")) { asker in
                try await asker.make((0..<count).map(String.init))
                #expect(try await asker.ask(.end) == .done)
            }
            #expect(home.summary(of: volume)?.backups == [])
            let backup = try await pool.start(1)
            try await until { home.summary(of: volume)?.backups == [backup.node] }
            try await until { backup.summary(of: volume)?.role == .backup }
            #expect(!home.hasFailed && !backup.hasFailed)
        }
    }
}
