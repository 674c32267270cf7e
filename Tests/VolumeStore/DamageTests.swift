import Foundation
import Resources
import Testing
import Volumes

@testable import VolumeStore

@Suite("Damaged files of a volume")
struct DamageTests {
    private static let pageSize = 4096
    private let directory: TemporaryDirectory
    private let whole: String
    private let history: RandomHistory

    /// Both files have many pages and no log.
    init() throws {
        directory = try TemporaryDirectory()
        whole = directory.file("whole")
        try Beginning.create(whole)
        var history = RandomHistory(seed: 3)
        let database = try VolumeDatabase(directory: whole, volume: volumeID)
        for record in try history.records(400) { _ = try database.apply(record).get() }
        database.close()
        self.history = history
    }

    /// What comes of a volume in which `body` has changed the bytes of one file.
    private func outcome(_ file: (String) -> String, _ body: (inout [UInt8]) -> Void) throws -> Outcome {
        let path = directory.file("damaged")
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for file in [VolumeDirectory.state(in:), VolumeDirectory.journal(in:)] {
            try FileManager.default.copyItem(atPath: file(whole), toPath: file(path))
        }
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(path))))
        body(&bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: file(path)))
        do throws(VolumeStoreError) {
            let faults = try VolumeDatabase.faults(directory: path, volume: volumeID)
            guard faults.isEmpty else { return .faults(faults) }
            let database = try VolumeDatabase(directory: path, volume: volumeID)
            let records = try database.journal.records(after: 0, limit: 1000)
            return .whole(content: try database.read { Content($0.state) }, records: records)
        } catch { return .refused(error) }
    }

    private enum Outcome {
        case refused(VolumeStoreError)
        case faults([String])
        case whole(content: Content, records: [Record])

        var isFound: Bool { if case .whole = self { false } else { true } }
    }

    private func pages(_ file: String) throws -> Int { try Data(contentsOf: URL(fileURLWithPath: file)).count / Self.pageSize }

    @Test("a file that was cut short anywhere is told to be damaged")
    func truncated() throws {
        for file in [VolumeDirectory.state(in:), VolumeDirectory.journal(in:)] {
            for page in 0..<(try pages(file(whole))) {
                for length in [page * Self.pageSize, page * Self.pageSize + 100] {
                    let outcome = try outcome(file) { $0.removeLast($0.count - length) }
                    #expect(outcome.isFound, "\(file("")) of \(length) bytes")
                    if case .refused(let error) = outcome { #expect(error.description.contains(file("")), "\(error)") }
                }
            }
        }
    }

    @Test("a page that was wiped is found, whichever it is")
    func wiped() throws {
        for file in [VolumeDirectory.state(in:), VolumeDirectory.journal(in:)] {
            for page in 0..<(try pages(file(whole))) {
                let outcome = try outcome(file) { bytes in
                    bytes.replaceSubrange(
                        page * Self.pageSize..<(page + 1) * Self.pageSize, with: [UInt8](repeating: 0, count: Self.pageSize))
                }
                #expect(outcome.isFound, "page \(page) of \(file(""))")
            }
        }
    }

    @Test("a bit of the journal that was flipped is found, or changes no record", arguments: 0..<20 as Range<UInt64>)
    func flippedInJournal(seed: UInt64) throws {
        let records = try SQLiteJournal(path: VolumeDirectory.journal(in: whole), volume: volumeID).records(after: 0, limit: 1000)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5 {
            guard case .whole(_, let found) = try flipped(VolumeDirectory.journal(in:), &random) else { continue }
            #expect(found == records)
        }
    }

    @Test("a bit of the state that was flipped never ends the program, and changes no name and nothing that is counted unseen")
    func flippedInState() throws {
        var random = SeededGenerator(seed: 4)
        var found = 0
        for _ in 0..<150 {
            guard case .whole(let content, _) = try flipped(VolumeDirectory.state(in:), &random) else {
                found += 1
                continue
            }
            let expected = Content(history.volume.state)
            #expect(content.extents.map { $0.map(\.length) } == expected.extents.map { $0.map(\.length) })
            #expect(content.inodes.map(\.number) == expected.inodes.map(\.number))
            #expect(content.header.used == expected.header.used && content.header.applied == expected.header.applied)
        }
        #expect(found > 0)
    }

    private func flipped(_ file: (String) -> String, _ random: inout SeededGenerator) throws -> Outcome {
        try outcome(file) { bytes in
            bytes[.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
    }
}
