import Foundation
import Resources
import Testing
import Volumes

@testable import VolumeStore

@Suite("kill -9 of a volume's home")
struct CrashTests {
    @Test(
        "nothing that was said to be durable is lost at any moment, and what is there is the history up to some record",
        arguments: 0..<4 as Range<UInt64>)
    func kill(seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("volume")
        try Beginning.create(path)
        var random = SeededGenerator(seed: seed)
        var durable: UInt64 = 0
        for round in 0..<8 {
            let writing = Writing(
                directory: path, acknowledgements: directory.file("said"), seed: seed,
                end: durable + .random(in: 1...120, using: &random),
                recordsPerCommit: .random(in: 1...30, using: &random))
            await #expect(processExitsWith: .signal(SIGKILL)) { [writing = writing as Writing] in try writing.run() }
            durable = try check(writing, atLeast: durable, round: round)
        }
    }

    /// - Returns: the last record that is there.
    private func check(_ writing: Writing, atLeast durable: UInt64, round: Int) throws -> UInt64 {
        let said = try writing.lastAcknowledged()
        #expect(said >= writing.end, "it was killed when it had said so")
        let database = try VolumeDatabase(directory: writing.directory, volume: volumeID)
        #expect(database.applied >= said && database.applied >= durable, "round \(round): \(said) was said")
        var history = RandomHistory(seed: writing.seed)
        _ = try history.records(Int(database.applied))
        #expect(try database.content() == Content(history.volume.state))
        #expect(try VolumeDatabase.faults(directory: writing.directory, volume: volumeID) == [])
        return database.applied
    }
}

/// A home that goes on with a history, says what is durable, and is killed at that, whatever its other thread does.
private struct Writing: Codable, Sendable {
    let directory: String
    /// The file in which it says so: eight bytes for each.
    let acknowledgements: String
    let seed: UInt64
    /// The record at which it is killed.
    let end: UInt64
    let recordsPerCommit: UInt64

    func run() throws {
        let file = open(acknowledgements, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var options = VolumeDatabase.Options()
        options.recordsPerCommit = recordsPerCommit
        let database = try VolumeDatabase(directory: directory, volume: volumeID, options: options) { [end] durable in
            withUnsafeBytes(of: durable) { _ = Glibc.write(file, $0.baseAddress, $0.count) }
            if durable >= end { Glibc.kill(getpid(), SIGKILL) }
        }
        var history = RandomHistory(seed: seed)
        _ = try history.records(Int(database.applied))
        while true {
            let next = try history.step()
            guard try database.apply(next.record) == next.result else { fatalError("record \(next.record.index) went otherwise") }
            if database.applied % 37 == 0 { try database.trim(keeping: 5) }
        }
    }

    func lastAcknowledged() throws -> UInt64 {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: acknowledgements)).suffix(8))
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }
}
