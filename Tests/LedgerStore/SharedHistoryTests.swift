import Bookkeeping
import Foundation
import Resources
import Testing

@testable import LedgerStore

/// What the ledger on disk has of what was settled with a peer.
@Suite struct SharedHistoryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static func id(_ mark: Int, _ low: UInt64 = 1) -> TransferID { TransferID(high: UInt64(mark), low: low) }

    private static func paid(_ mark: Int, _ amount: Microcredits, low: UInt64 = 1, to other: NodeID = peer) -> Record {
        .transfer(
            Transfer(id: id(mark, low), kind: .direct, debit: .peer(other), credit: .earned, amount: amount, at: start.utc))
    }

    /// Two segments; the second has a row that is late, the rest of an entry that the first has begun, and those of somebody else.
    private func fill() async throws {
        let stranger = NodeID(high: 9, low: 9)
        try await directory.withStore { store in
            try await store.commit([Self.paid(20, 5), Self.paid(10, 3), Self.paid(15, 900, to: stranger)])
            try await store.closeSegment()
            try await store.commit([
                Self.paid(5, 1), Self.paid(20, 2, low: 2), Self.paid(30, 7), Self.paid(25, 900, to: stranger),
            ])
        }
    }

    private func query(
        after latest: Checkpoint? = nil, until: UInt64 = .max, checksPast: Bool = false, from: Int64 = 1
    ) -> SharedHistoryQuery {
        let digest = latest.map { Digest(sha256: $0.document) }
        return SharedHistoryQuery(
            own: us, peer: peer, latest: digest, scope: .open(after: digest, until: until), checksPast: checksPast, from: from)
    }

    private func read(_ query: SharedHistoryQuery) async throws -> SharedHistory {
        try await directory.withStore { try $0.sharedHistory(query).get() }
    }

    /// What both sign over a history.
    private func checkpoint(_ history: SharedHistory, _ number: UInt64, place: LedgerPlace? = nil) -> SignedCheckpoint {
        let checkpoint = Checkpoint(
            id: CheckpointID(high: 1, low: number), first: peer, second: us, previous: history.baseDigest ?? .zero,
            until: history.until,
            count: Int64(history.entries.count), digest: history.entries[...].digest(by: Digest.init(sha256:)),
            total: (history.base?.total ?? 0) + Int64(history.entries.count), balance: history.sum,
            firstPlace: LedgerPlace(sequence: 1, head: .zero), secondPlace: place ?? history.place, at: start.utc)
        return SignedCheckpoint(
            checkpoint, own: sign(checkpoint.document, by: us), of: us, peer: sign(checkpoint.document, by: peer))
    }

    @Test("entries of all segments are in the order of their marks, each with all its transfers, and nobody else's")
    func order() async throws {
        try await fill()
        let history = try await read(query())
        #expect(history.entries.map(\.mark) == [5, 10, 20, 30])
        // The peer has the lesser id: what it came to owe this node is negative in the form that both share.
        #expect(history.entries.map(\.moved.credits) == [-1, -3, -7, -7])
        #expect(history.entries[2].transfer == Self.id(20, 1))
        #expect(history.place.sequence == 8 && history.rest == nil)
    }

    @Test("what is beyond the mark is left out, and known to be")
    func mark() async throws {
        try await fill()
        let history = try await read(query(until: 15))
        #expect(history.entries.map(\.mark) == [5, 10])
        #expect(history.rest == 1 && history.next == 1)
    }

    @Test("a checkpoint is a row of the chain; the next history has what it does not cover, late rows as well")
    func increment() async throws {
        try await fill()
        let first = try await read(query(until: 20))
        let signed = checkpoint(first, 1)
        try await directory.withStore { store in
            try await store.commit([.checkpoint(signed, with: peer), Self.paid(12, 4)])
            try await store.commit([.checkpoint(signed, with: peer)])
            #expect(try store.lastCheckpoint(with: peer) == signed)
        }
        let next = try await read(query(after: signed.checkpoint, from: first.next))
        #expect(next.entries.map(\.mark) == [12, 30] && next.base == signed.checkpoint)
        let whole = try await read(query(after: signed.checkpoint, checksPast: true, from: first.next))
        #expect(whole.entries == next.entries && whole.unsound == nil)
        let found = try await directory.withStore { try $0.verify(signatures: isSigned) }
        #expect(found.fault == nil && found.checkpoints == 1)
    }

    @Test("an entry that was changed after it was signed is found when the past is recounted, and can be read as it is now")
    func unsound() async throws {
        try await fill()
        let signed = checkpoint(try await read(query()), 1)
        try await directory.withStore { try await $0.commit([.checkpoint(signed, with: peer)]) }
        try directory.tamper("ledger-000001.sqlite", "UPDATE transfers SET amount = 4 WHERE sequence = 2")
        let digest = Digest(sha256: signed.document)
        #expect(try await read(query(after: signed.checkpoint, from: 9)).unsound == nil)
        #expect(try await read(query(after: signed.checkpoint, checksPast: true, from: 9)).unsound == digest)
        var recorded = query(after: signed.checkpoint, from: 9)
        recorded.scope = .recorded(digest)
        #expect(try await read(recorded).entries.map(\.moved.credits) == [-1, -4, -7, -7])
    }

    @Test("a checkpoint that is not one of this ledger's is refused, and so is what was moved away with its file")
    func refused() async throws {
        try await fill()
        let signed = checkpoint(try await read(query()), 1)
        let unknown = try await directory.withStore { try $0.sharedHistory(query(after: signed.checkpoint)) }
        #expect(throws: Refusal.self) { try unknown.get() }
        let archive = try TemporaryDirectory()
        try await directory.withStore { store in
            _ = try store.archive(to: archive.path, keeping: 0)
            let missing = store
            let found = try missing.sharedHistory(query())
            guard case .failure(let refusal) = found else {
                Issue.record("\(found)")
                return
            }
            #expect(refusal.reason.contains("surplus ledger mount"))
        }
    }

    @Test("verification names a checkpoint whose signature is not good, or that signs another row than there is")
    func verification() async throws {
        try await fill()
        let history = try await read(query())
        var unsigned = checkpoint(history, 1)
        unsigned.firstSignature = sign(unsigned.document, by: us)
        let elsewhere = checkpoint(history, 2, place: LedgerPlace(sequence: history.place.sequence, head: .zero))
        let earlier = checkpoint(history, 3, place: LedgerPlace(sequence: 2, head: .zero))
        for (signed, reason) in [(unsigned, "signature"), (elsewhere, "is not the one that"), (earlier, "is not the one that")] {
            let other = try TemporaryDirectory()
            try FileManager.default.removeItem(atPath: other.path)
            try FileManager.default.copyItem(atPath: directory.path, toPath: other.path)
            let found = try await other.withStore { store in
                try await store.commit([.checkpoint(signed, with: peer)])
                return try store.verify(signatures: isSigned)
            }
            #expect(
                found.fault?.table == "checkpoints" && found.fault?.difference.contains(reason) == true,
                "\(String(describing: found.fault))")
        }
    }
}
