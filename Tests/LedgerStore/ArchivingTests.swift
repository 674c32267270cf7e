import Bookkeeping
import Foundation
import GRDB
import Resources
import Testing

@testable import LedgerStore

@Suite("Archiving")
struct ArchivingTests {
    private let directory: TemporaryDirectory
    private let archive: String

    init() throws {
        directory = try TemporaryDirectory()
        archive = directory.path + ".archive"
    }

    /// A ledger of one transfer a segment, numbered alike, the last in the current segment.
    static func fill(_ directory: TemporaryDirectory, segments: Int) async throws {
        try await directory.withStore { store in
            for n in 1...segments {
                try await store.commit([.transfer(direct(n).with { $0.at = moment(Int64(n)).utc })])
                if n < segments { try await store.closeSegment() }
            }
        }
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasPrefix("ledger-") }.sorted()
    }

    private func removeArchives() { try? FileManager.default.removeItem(atPath: archive) }

    @Test("closed segments are moved, those to be kept and the current one stay, and what is read says where it begins")
    func moving() async throws {
        defer { removeArchives() }
        try await Self.fill(directory, segments: 5)
        try await directory.withStore { store in
            #expect(try store.beginning() == nil)
            #expect(try store.archive(to: archive, keeping: 1) == [1, 2, 3])
            #expect(try names(archive) == (1...3).map(Segment.name))
            #expect(try names(directory.path).filter { $0.hasSuffix(".sqlite") } == (4...5).map(Segment.name))
            #expect(try store.archive(to: archive, keeping: 1) == [])
            #expect(try store.beginning() == LedgerBeginning(segment: 4, at: moment(4).utc))
            #expect(try store.posted(PostedQuery(), after: 0, limit: 10).map(\.transfer.id) == [4, 5].map(transferID))
            #expect(try store.verify(signatures: isSigned).firstSegment == 4)
            #expect(try store.archive(to: archive, keeping: 0) == [4])
            try await store.commit([.transfer(direct(6))])
        }
        for name in try names(archive) {
            #expect(DurableFiles.isProtected("\(archive)/\(name)"))
        }
    }

    @Test("what was closed a moment ago is moved, also while a standby still copies it")
    func atOnce() async throws {
        defer { removeArchives() }
        let standby = try TemporaryDirectory()
        var options = LedgerStore.Options()
        options.standby = StandbySettings(directory: standby.path)
        try await directory.withStore(options) { store in
            try await store.commit([])
            let copying = try #require(store.writer.standby)
            #expect(copying.waitUntilShipped(try store.writer.openSegment(), .seconds(60)))
            for n in 1...4 {
                try await store.commit([.transfer(direct(n))])
                try await store.closeSegment()
                let moved = try store.archive(to: archive, keeping: 0)
                #expect(moved == [n])
            }
            try await store.mount(archive, telling: event(1))
            let found = try store.verify(signatures: isSigned)
            #expect(found.fault == nil && found.transfers == 4)
            #expect(store.standby?.fault == nil)
        }
        let copied = try SegmentDirectory(path: standby.path).entries().map(\.number)
        #expect(copied == [1, 2, 3, 4])
    }

    @Test("what is mounted is read as if it were in place, after a restart too, until it is unmounted")
    func mounting() async throws {
        defer { removeArchives() }
        try await Self.fill(directory, segments: 4)
        try await directory.withStore { store in
            let whole = try store.verify(signatures: isSigned)
            _ = try store.archive(to: archive, keeping: 0)
            try await store.mount(archive, telling: event(1))
            #expect(try store.verify(signatures: isSigned) == whole)
        }
        try await directory.withStore { store in
            #expect(try store.posted(PostedQuery(), after: 0, limit: 10).count == 4)
            #expect(try store.beginning() == nil)
            #expect(try store.inventory().mounts.map(\.last) == [3])
            // what is closed later goes on from there
            try await store.closeSegment()
            try await store.commit([.transfer(direct(5))])
            #expect(try store.archive(to: archive, keeping: 0) == [4])
            #expect(try store.posted(PostedQuery(), after: 0, limit: 10).count == 5)
            await #expect(throws: LedgerStoreError.self) { try await store.mount(archive, telling: event(2)) }
            try await store.unmount(archive, telling: event(3))
            #expect(try store.posted(PostedQuery(), after: 0, limit: 10).count == 1)
            await #expect(throws: LedgerStoreError.self) { try await store.unmount(archive, telling: event(4)) }
        }
    }

    @Test("an archive that is gone makes one clear error, and can be unmounted")
    func goneArchive() async throws {
        try await Self.fill(directory, segments: 3)
        try await directory.withStore { store in
            _ = try store.archive(to: archive, keeping: 0)
            try await store.mount(archive, telling: event(1))
            removeArchives()
            let error = #expect(throws: LedgerStoreError.self) { try store.posted(PostedQuery(), after: 0, limit: 10) }
            #expect(error?.description.contains("surplus ledger unmount \(archive)") == true)
            #expect(try store.inventory().mounts.first?.fault != nil)
            try await store.commit([.transfer(direct(9))])
            try await store.unmount(archive, telling: event(2))
            #expect(try store.posted(PostedQuery(), after: 0, limit: 10).count == 2)
        }
    }

    @Test("an archive of another node, a gap, an empty directory and the ledger's own are one clear error, and change nothing")
    func refused() async throws {
        defer { removeArchives() }
        let other = try TemporaryDirectory()
        try await Self.fill(other, segments: 4)
        try await other.withStore { try await $0.closeSegment() }
        try await directory.withStore { store in
            for n in 1...5 {
                try await store.commit([.transfer(direct(100 + n))])
                try await store.closeSegment()
            }
            _ = try store.archive(to: archive, keeping: 2)
            let foreign = await #expect(throws: LedgerStoreError.self) { try await store.mount(other.path, telling: event(1)) }
            #expect(foreign?.description.contains("of different ledgers") == true)
            let gap = archive + "/gap"
            try FileManager.default.createDirectory(atPath: gap, withIntermediateDirectories: false)
            let empty = await #expect(throws: LedgerStoreError.self) { try await store.mount(gap, telling: event(1)) }
            #expect(empty?.description.contains("no ledger files") == true)
            try FileManager.default.copyItem(atPath: "\(archive)/\(Segment.name(1))", toPath: "\(gap)/\(Segment.name(1))")
            let missing = await #expect(throws: LedgerStoreError.self) { try await store.mount(gap, telling: event(1)) }
            #expect(missing?.description.contains("segment 2 is missing") == true)
            for taken in [directory.path, other.path, gap] {
                #expect(throws: LedgerStoreError.self, "\(taken)") { try store.archive(to: taken, keeping: 0) }
            }
            #expect(try store.mounts() == [] && store.lastEvents(1).isEmpty)
            #expect(try store.verify(signatures: isSigned).segments == 3)
        }
        #expect(try names(other.path) == (1...5).map(Segment.name))
    }

    @Test("a faulty segment is not moved, and named")
    func faulty() async throws {
        defer { removeArchives() }
        try await Self.fill(directory, segments: 3)
        try directory.tamper(Segment.name(2), "UPDATE transfers SET amount = 7")
        try await directory.withStore { store in
            let error = #expect(throws: LedgerStoreError.self) { try store.archive(to: archive, keeping: 0) }
            #expect(error?.description.contains("table transfers, row 3") == true)
            let moved = try names(archive)
            #expect(moved == [Segment.name(1)])
        }
        #expect(try names(directory.path) == (2...3).map(Segment.name))
    }
}
