import Accounting
import Foundation
import Glibc
import Resources
import Testing

@testable import HistoryStore

@Suite("kill -9 while the history is written")
struct CrashTests {
    @Test("Nothing that was written is lost, and all resolutions agree on it", arguments: 0..<4 as Range<UInt64>)
    func kill(seed: UInt64) throws {
        let scratch = try ScratchDirectory()
        var random = SeededGenerator(seed: seed)
        var written: Int64 = 0
        for _ in 0..<12 {
            let writer = try Writing(to: scratch.file)
            let acknowledged = try writer.kill(after: .random(in: 1...60, using: &random))
            let store = try HistoryStore(path: scratch.file, limit: .mebibytes(64))
            let samples = try store.samples(.day)
            #expect(samples >= written + acknowledged, "what was acknowledged is there")
            for resolution in [Resolution.minute, .hour] { #expect(try store.samples(resolution) == samples) }
            written = samples
            store.close()
        }
    }
}

/// A process that writes history and says how many samples are on disk.
private struct Writing {
    private let process = Process()
    private let output = Pipe()

    init(to file: String) throws {
        // Products are built side by side.
        let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        process.executableURL = products.appendingPathComponent("surplus-bench")
        process.arguments = ["history-writer", file]
        process.standardOutput = output
        try process.run()
    }

    /// Kills it as soon as it has said something `count` times; returns the last it said.
    func kill(after count: Int) throws -> Int64 {
        var last: Int64 = 0
        var seen = 0
        var text = Data()
        while case let more = output.fileHandleForReading.availableData, !more.isEmpty {
            text += more
            while let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                last = try #require(Int64(String(decoding: text[..<end], as: UTF8.self)))
                text = Data(text[(end + 1)...])
                seen += 1
                if seen == count { Glibc.kill(process.processIdentifier, SIGKILL) }
            }
        }
        process.waitUntilExit()
        #expect(seen >= count, "the writer ended by itself")
        return last
    }
}
