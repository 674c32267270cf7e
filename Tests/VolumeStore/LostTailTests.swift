import Foundation
import Resources
import Testing
import Volumes

@testable import VolumeStore

/// The files of a volume as they were at some moment.
private struct Kept {
    let path: String
    /// The record up to which each has all.
    let state: UInt64
    let journal: UInt64
}

@Suite("Lost tails of state and journal")
struct LostTailTests {
    private static let suffixes = ["", "-wal"]

    private func copy(_ file: (String) -> String, from source: String, to target: String) throws {
        for suffix in Self.suffixes {
            let (from, to) = (file(source) + suffix, file(target) + suffix)
            if FileManager.default.fileExists(atPath: from) { try FileManager.default.copyItem(atPath: from, toPath: to) }
        }
    }

    /// Puts the state of one moment beside the journal of another.
    private func combine(_ state: Kept, _ journal: Kept, in path: String) throws {
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try copy(VolumeDirectory.state(in:), from: state.path, to: path)
        try copy(VolumeDirectory.journal(in:), from: journal.path, to: path)
    }

    private func options(_ recordsPerCommit: UInt64) -> VolumeDatabase.Options {
        var options = VolumeDatabase.Options()
        options.recordsPerCommit = recordsPerCommit
        return options
    }

    @Test(
        "whatever tail each of the two has lost, what comes out is the history up to the longer of them, and it goes on from there",
        arguments: 0..<3 as Range<UInt64>)
    func combinations(seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("volume")
        try Beginning.create(path)
        var history = RandomHistory(seed: seed)
        var (contents, kept) = ([Content(history.volume.state)], [Kept]())
        do {
            let database = try VolumeDatabase(directory: path, volume: volumeID, options: options(9))
            for step in 0..<72 as Range<UInt64> {
                for record in try history.records(1) { _ = try database.apply(record).get() }
                contents.append(Content(history.volume.state))
                guard step % 12 == seed * 4 else { continue }
                try database.journal.awaitDurable(database.applied)
                let moment = directory.file("moment-\(step)")
                try FileManager.default.createDirectory(atPath: moment, withIntermediateDirectories: false)
                try copy(VolumeDirectory.state(in:), from: path, to: moment)
                try copy(VolumeDirectory.journal(in:), from: path, to: moment)
                let committed = try SQLiteState(path: VolumeDirectory.state(in: path), isReadOnly: true).header.applied
                #expect(committed <= database.journal.standing.durable, "the journal is ahead")
                kept.append(Kept(path: moment, state: committed, journal: database.journal.standing.durable))
            }
        }
        for (place, state) in kept.enumerated() {
            for journal in kept {
                try check(state, journal, contents, seed: seed &+ UInt64(place), in: directory.file("combined"))
            }
        }
    }

    private func check(_ state: Kept, _ journal: Kept, _ contents: [Content], seed: UInt64, in path: String) throws {
        try combine(state, journal, in: path)
        let expected = max(state.state, journal.journal)
        do {
            let database = try VolumeDatabase(directory: path, volume: volumeID, options: options(9))
            try #require(database.applied == expected, "state \(state.state), journal \(journal.journal)")
            #expect(try database.content() == contents[Int(expected)])
            #expect(database.journal.standing.durable == expected)
            let epoch = database.header.epoch + 1
            try database.journal.begin(epoch: epoch)
            let new = Record(
                index: expected + 1, epoch: epoch, time: database.header.time, operation: .begin(session(77), node: node(1)))
            _ = try database.apply(new).get()
            try database.journal.awaitDurable(expected + 1)
        }
        let again = try VolumeDatabase(directory: path, volume: volumeID)
        #expect(try again.applied == expected + 1 && again.read { $0.state.session(session(77)) } != nil)
        #expect(try VolumeDatabase.faults(directory: path, volume: volumeID) == [])
    }

    @Test("a state older than what was trimmed cannot be brought up: that is said, and nothing changes")
    func trimmed() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("volume")
        try Beginning.create(path)
        let old = directory.file("old")
        try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: false)
        try copy(VolumeDirectory.state(in:), from: path, to: old)
        do {
            let database = try VolumeDatabase(directory: path, volume: volumeID)
            for index in 1...5 as ClosedRange<UInt64> { _ = try database.apply(.making(index)).get() }
            try database.trim(keeping: 2)
            database.close()
        }
        try copy(VolumeDirectory.journal(in:), from: path, to: old)
        #expect(throws: VolumeStoreError.trimmed(through: 3, wanted: 1)) {
            try VolumeDatabase(directory: old, volume: volumeID)
        }
        let journal = try SQLiteJournal(path: VolumeDirectory.journal(in: old), volume: volumeID)
        #expect(journal.standing == JournalStanding(trimmed: 3, durable: 5, last: 5, epoch: 1))
    }
}
