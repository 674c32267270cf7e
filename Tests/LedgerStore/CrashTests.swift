import Foundation
import Glibc
import Resources
import Testing

@testable import LedgerStore

@Suite("kill -9")
struct CrashTests {
    @Test(
        "nothing acknowledged is lost at any moment, in the middle of commits and of changes of segment",
        arguments: 0..<4 as Range<UInt64>)
    func kill(seed: UInt64) async throws {
        let (directory, standby) = (try TemporaryDirectory(), try TemporaryDirectory())
        var random = SeededGenerator(seed: seed)
        var durable: Int64 = 0
        for _ in 0..<12 {
            // Segments are so short that changing them is hit often.
            let writer = try Writing(to: directory.path, segment: .random(in: 5...60, using: &random), standby: standby.path)
            let acknowledged = try writer.kill(after: .random(in: 1...150, using: &random), atLeast: durable)
            durable = try await directory.withStore { store in
                let last = try #require(try store.state(.setting, id: "last", as: Int64.self))
                #expect(last >= acknowledged, "\(acknowledged) was acknowledged, \(last) is there")
                let verification = try store.verify(signatures: isSigned)
                #expect(verification.fault == nil)
                #expect(verification.transfers == last, "transfers and state are of one commit")
                #expect(try store.lastEvents(1).first?.event.text == "wrote \(last)")
                return last
            }
            try await checkStandby(standby, atMost: durable)
        }
        #expect(try !StandbyDirectory(path: standby.path).generations().isEmpty)
    }

    /// What can be restored is what stood after some commit.
    private func checkStandby(_ standby: TemporaryDirectory, atMost durable: Int64) async throws {
        let restored = try TemporaryDirectory()
        do throws(LedgerStoreError) {
            _ = try Restoring(from: standby.path, to: restored.path).run()
        } catch {
            #expect(error.description.contains("nothing complete yet"), "\(error)")
            return
        }
        try await restored.withStore { store in
            let verification = try store.verify(signatures: isSigned)
            #expect(verification.fault == nil && verification.transfers <= durable)
            let last = try store.state(.setting, id: "last", as: Int64.self) ?? 0
            #expect(verification.transfers == last, "transfers and state are of one commit")
        }
    }
}

/// A process that writes to a ledger and says what is durable.
private struct Writing {
    private let process = Process()
    private let output = Pipe()

    init(to directory: String, segment: Int, standby: String) throws {
        // Products are built side by side.
        let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        process.executableURL = products.appendingPathComponent("surplus-bench")
        process.arguments = ["ledger-writer", directory, "--segment", "\(segment)", "--standby", standby]
        process.standardOutput = output
        try process.run()
    }

    /// Kills it as soon as it has acknowledged `count` writes after `first`; returns the last it ever acknowledged.
    func kill(after count: Int, atLeast first: Int64) throws -> Int64 {
        var last = first
        var text = Data()
        while case let more = output.fileHandleForReading.availableData, !more.isEmpty {
            text += more
            // What the kill cut off before its line end is no acknowledgement.
            while let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: text[..<end], as: UTF8.self)
                text = Data(text[(end + 1)...])
                #expect(Int64(line) == last + 1, "the writer said: \(line)")
                last += 1
                if last == first + Int64(count) { Glibc.kill(process.processIdentifier, SIGKILL) }
            }
        }
        process.waitUntilExit()
        #expect(last >= first + Int64(count), "the writer ended by itself")
        return last
    }
}
