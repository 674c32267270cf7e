import Accounting
import Foundation
import Glibc
import HistoryStore
import Logging
import Resources
import Synchronization
import TestKit
import Testing

@testable import Agent

@Suite("What happens to the history's file")
struct ArchiveTests {
    /// Keeps what was logged.
    private struct Inbox: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.add("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private let scratch: ScratchDirectory
    private let lines = Lines()
    private var clock = ManualClock()
    private var chronicle = Chronicle()
    private var file: String { scratch.path + "/history.sqlite" }

    init() throws { scratch = try ScratchDirectory() }

    private func archive() -> Archive {
        let lines = lines
        return Archive(path: file, limit: .mebibytes(64), log: Logger(label: "test") { _ in Inbox(lines: lines) })
    }

    private mutating func measure(_ seconds: Int) {
        for _ in 0..<seconds {
            clock.advance(by: .seconds(1))
            var reading = Reading(at: clock.now.instant)
            reading.memory = 5
            chronicle.record(reading, of: .machine, at: clock.now, grain: .seconds(1), isIncident: false)
        }
    }

    private mutating func write(_ archive: inout Archive) -> Bool {
        _ = archive.open(at: clock.now)
        let batch = chronicle.batch
        guard archive.write(batch, at: clock.now) else { return false }
        chronicle.wrote(batch)
        return true
    }

    private func samples(_ archive: inout Archive) -> Int64? {
        archive.read { (store) throws(HistoryStoreError) in
            let open = try store.openIntervals().first?.cascade.current(.day) ?? []
            let rows = try store.rows(of: .machine, .day, in: Timestamp(microseconds: 0)..<Timestamp(microseconds: .max / 2))
            return (rows + open).reduce(0) { $0 + ($1.values[.memory]?.count ?? 0) }
        }
    }

    @Test("A file that is no history is set aside with a word in the log, and a new one begun at once")
    mutating func damagedAtStart() throws {
        try Data("this is no database, and long enough to be looked at as one".utf8).write(to: URL(fileURLWithPath: file))
        var archive = archive()
        measure(100)
        #expect(write(&archive))
        #expect(archive.fault == nil)
        #expect(samples(&archive) == 99)
        #expect(FileManager.default.fileExists(atPath: file + ".damaged"))
        #expect(lines.all.contains { $0.contains("error") && $0.contains("damaged") && $0.contains(".damaged") })
    }

    @Test("A file that is cut short while it is open is set aside; what is measured goes on in a new one")
    mutating func truncatedWhileOpen() throws {
        var archive = archive()
        measure(4000)
        #expect(write(&archive))
        archive.close()
        try FileHandle(forWritingTo: URL(fileURLWithPath: file)).truncate(atOffset: 5000)
        var isWritten = false
        for _ in 0..<5 where !isWritten {
            measure(100)
            isWritten = write(&archive)
        }
        #expect(isWritten)
        #expect(FileManager.default.fileExists(atPath: file + ".damaged"))
        #expect(try #require(samples(&archive)) >= 100)
    }

    @Test("Only one damaged file is kept")
    mutating func twice() throws {
        for number in 0..<2 {
            try Data("garbage number \(number), which is long enough for a header or so".utf8)
                .write(to: URL(fileURLWithPath: file))
            var archive = archive()
            measure(50)
            #expect(write(&archive))
            archive.close()
        }
        let kept = try String(contentsOfFile: file + ".damaged", encoding: .utf8)
        #expect(kept.hasPrefix("garbage number 1"))
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(names.count { $0.contains("damaged") } == 1)
    }

    @Test("Where nothing can be written that is said once, and made up for when it can")
    mutating func unwritable() throws {
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
        var archive = archive()
        for _ in 0..<5 {
            measure(100)
            #expect(!write(&archive))
        }
        #expect(archive.fault?.isLasting == false)
        #expect(archive.failures == 5)
        #expect(lines.all.count { $0.contains("error") } == 1, "\(lines.all)")
        try FileManager.default.removeItem(atPath: file)
        #expect(write(&archive))
        #expect(samples(&archive) == 499)
        #expect(lines.all.last?.contains("written again") == true)
    }

    @Test(
        "A full disk is said, and nothing of what waits is lost", .enabled(if: geteuid() == 0, "only root can mount a small disk")
    )
    mutating func full() throws {
        try #require(mount("none", scratch.path, "tmpfs", 0, "size=2m,mode=700") == 0)
        defer { umount2(scratch.path, Int32(MNT_DETACH)) }
        var archive = archive()
        measure(100)
        #expect(write(&archive))
        let filler = scratch.path + "/filler"
        let descriptor = open(filler, O_WRONLY | O_CREAT, 0o600)
        let page = [UInt8](repeating: 7, count: 4096)
        while Glibc.write(descriptor, page, page.count) > 0 {}
        Glibc.close(descriptor)
        var isWritten = true
        var measured = 100
        for _ in 0..<40 where isWritten {
            measure(200)
            measured += 200
            isWritten = write(&archive)
        }
        #expect(!isWritten)
        #expect(archive.fault?.isLasting == false, "\(lines.all)")
        #expect(lines.all.contains { $0.contains("tried again") }, "\(lines.all)")
        unlink(filler)
        #expect(write(&archive))
        #expect(samples(&archive) == Int64(measured - 1))
        archive.close()
    }
}
