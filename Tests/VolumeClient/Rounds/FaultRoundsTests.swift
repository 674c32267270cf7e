import FrameKit
import Glibc
import Testing
import VolumeKit

@Suite("Rounds of faults with real processes", .timeLimit(.minutes(10)))
struct FaultRoundsTests {
    private static let isPossible = geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0

    @Test(
        "no call fails and nothing is lost while a good copy exists, and afterwards there are as many copies as before",
        .enabled(if: isPossible, "needs root and /dev/fuse"), arguments: 0..<4 as Range<UInt64>)
    func rounds(seed: UInt64) async throws {
        try await ScatteredVolume.serving { volume in
            let rounds = try await FaultRounds(13, seed: seed, on: volume)
            do { try await rounds.run() } catch {
                Issue.record("seed \(seed): \(error)\n\(rounds.history)\n\(await rounds.standing)")
            }
            #expect(try await volume.faults() == [], "seed \(seed)\n\(rounds.history)")
        }
    }
}
