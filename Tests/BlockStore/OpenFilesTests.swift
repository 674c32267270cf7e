import BlockKit
import BlockStore
import Foundation
import Resources
import Testing

@Suite("Files of blocks that are open")
struct OpenFilesTests {
    /// How many files of a directory this process has open.
    private static func open(in directory: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { descriptor in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + descriptor))?.hasPrefix(directory)
                ?? false
        }
    }

    @Test("Few of many segments are open, and all can be read, also at the same time")
    func bounded() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/blocks-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let options = BlockStore.Options(capacity: .mebibytes(16), segmentSize: .kibibytes(4))
        var store = try BlockStore(on: PosixDisk(path), options)
        for number in 1...400 as ClosedRange<UInt64> {
            try store.put(number)
            if number.isMultiple(of: 10) { try store.synchronize() }
        }
        for isAgain in [false, true] {
            if isAgain { store = try BlockStore(on: PosixDisk(path), options) }
            try store.index()
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).count > 380, "segments and their lists")
            #expect(try Self.open(in: path) < 80)
            try await withThrowingTaskGroup(of: Void.self) { [store] group in
                for seed in 0..<4 as Range<UInt64> {
                    group.addTask {
                        var random = SeededGenerator(seed: seed)
                        for _ in 0..<300 {
                            let number = UInt64.random(in: 1...400, using: &random)
                            let found = try store.bytes(Samples.key(number), 1000)
                            #expect(found == Samples.content(number))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let open = try Self.open(in: path)
            #expect((40..<80).contains(open))
        }
        try store.delete((1...400).map { Samples.key($0).block }, of: Samples.volume, epoch: 1)
        while try store.compact() != nil {}
        #expect(try Self.open(in: path) < 8, "what is gone takes no room")
    }
}
