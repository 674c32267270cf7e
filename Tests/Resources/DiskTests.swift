import Foundation
import Resources
import Testing

@Suite("Disk as a resource")
struct DiskTests {
    @Test("A GiB-hour of disk costs its price, and the sum over all resources is rounded down once")
    func cost() {
        let prices = Prices(cpu: 1_000_000, memory: 1, disk: 7)
        let hour = Usage(of: Amounts(disk: .gibibytes(3)), for: .hours(2))
        #expect(hour == Usage(disk: MiBSeconds(3 * 1024 * 7200)) && prices.cost(of: hour) == 42)
        let half = Usage(memory: MiBSeconds(1024 * 1800), disk: MiBSeconds(1024 * 1800))
        #expect(Prices(cpu: .zero, memory: 1, disk: 1).cost(of: half) == 1)
        #expect(Prices(cpu: .zero, memory: .zero, disk: 1).cost(of: half) == .zero)
    }

    @Test("What fits, sums and differs counts disk as it counts the others")
    func operators() {
        let (a, b) = (Amounts(cpu: 1, memory: 2, disk: 3), Amounts(cpu: 1, memory: 2, disk: 4))
        #expect(a.fits(in: b) && !b.fits(in: a) && a + b == Amounts(cpu: 2, memory: 4, disk: 7))
        #expect((a - b).clampedToZero == .zero && b.limited(to: a) == a && a.raised(to: b) == b)
        let (u, v) = (Usage(cpu: 1, memory: 2, disk: 3), Usage(cpu: 1, memory: 2, disk: 4))
        #expect(u.fits(in: v) && !v.fits(in: u) && v - u == Usage(disk: 1) && u + v == Usage(cpu: 2, memory: 4, disk: 7))
        #expect(v.limited(to: u) == u && (u - v).clampedToZero == .zero && !(u - v).isNatural)
        #expect(v.scaled(by: ResourceShares(cpu: .zero, memory: .zero, disk: .percent(50))) == Usage(disk: 2))
        let (p, q) = (Prices(cpu: 1, memory: 2, disk: 3), Prices(cpu: 1, memory: 2, disk: 4))
        #expect(p.atMost(q) && !q.atMost(p))
        #expect(Bounds.accepts(Amounts(disk: Bounds.disk)) && !Bounds.accepts(Amounts(disk: Bounds.disk + 1)))
        #expect(!Bounds.accepts(Amounts(cpu: 1, disk: -1)) && !Bounds.accepts(Prices(cpu: 0, memory: 0, disk: -1)))
    }

    @Test("Disk is lent by itself")
    func mixed() {
        #expect(Amounts(cpu: 1, disk: 1).mixesDisk && Amounts(memory: 1, disk: 1).mixesDisk)
        #expect(!Amounts(disk: 1).mixesDisk && !Amounts(cpu: 1, memory: 1).mixesDisk)
        #expect(Amounts(cpu: 1, disk: 1).unmixed == Amounts(cpu: 1) && Amounts(disk: 1).unmixed == Amounts(disk: 1))
    }

    @Test(
        "Amounts say only what there is of them",
        arguments: [
            (Amounts(), "0 cores"), (Amounts(cpu: 1500), "1.5 cores"), (Amounts(memory: .mebibytes(512)), "512 MiB"),
            (Amounts(disk: .gibibytes(20)), "20 GiB of disk"),
            (Amounts(cpu: 1500, memory: .mebibytes(512)), "1.5 cores and 512 MiB"),
            (Amounts(cpu: 1500, memory: .mebibytes(512), disk: .gibibytes(20)), "1.5 cores, 512 MiB and 20 GiB of disk"),
        ])
    func text(_ amounts: Amounts, _ text: String) { #expect(amounts.text == text) }

    @Test("Usage says disk as such")
    func usageText() {
        #expect(Usage(disk: MiBSeconds(1024 * 3600 * 480)).text == "480 GiB-h of disk" && Usage.zero.text == "nothing")
        #expect(Usage(cpu: 12_500_000, memory: 64).text == "12.5 core-s and 64 MiB-s")
    }

    @Test("Disk in kind is a unit of charges, and its transfers keep the place that it has in the order of units")
    func units() {
        var charge = Charge(credits: 1, inKind: Usage(cpu: 2, memory: 3, disk: 4))
        #expect(charge[.diskTime] == 4 && charge.parts.map(\.unit) == [.credit, .coreTime, .memoryTime, .diskTime])
        charge[.diskTime] = 9
        #expect(charge.inKind == Usage(cpu: 2, memory: 3, disk: 9))
        #expect(LedgerUnit.diskTime.offset == 4 << 16 && LedgerUnit.memoryTime.offset == 2 << 16)
    }

    @Test("A rate says nothing of disk where none of it is owed")
    func rate() {
        let (from, until) = (Timestamp(microseconds: 1), Timestamp(microseconds: 2))
        let plain = Deferral(share: ResourceShares(cpu: .whole, memory: .whole), from: from, until: until, premium: .zero)
        #expect(plain.rate.disk == .zero && plain.isWithinBounds)
        let share = ResourceShares(cpu: .zero, memory: .zero, disk: .whole)
        let disk = Deferral(share: share, from: from, until: until, premium: .zero)
        #expect(disk.rate.disk == .whole && disk.isWithinBounds && disk.owed(for: Usage(disk: 10)) == Usage(disk: 10))
        let free = Deferral(
            share: share, rate: ResourceShares(cpu: .whole, memory: .whole), from: from, until: until, premium: .zero)
        #expect(!free.isWithinBounds)
    }

    // MARK: Kept state

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func read<Value: Decodable>(_ json: String, as _: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(json.utf8))
    }

    @Test("What has no disk is kept as it was before there was any, and read from it")
    func kept() throws {
        let old = #"{"cpu":1,"memory":2}"#
        #expect(try Self.json(Amounts(cpu: 1, memory: 2)) == old && Self.read(old) == Amounts(cpu: 1, memory: 2))
        #expect(try Self.json(Usage(cpu: 1, memory: 2)) == old && Self.read(old) == Usage(cpu: 1, memory: 2))
        #expect(try Self.json(Prices(cpu: 1, memory: 2)) == old && Self.read(old) == Prices(cpu: 1, memory: 2))
        #expect(try Self.json(ResourceShares(cpu: 1, memory: 2)) == old && Self.read(old) == ResourceShares(cpu: 1, memory: 2))
    }

    @Test("What has disk is read as it was kept")
    func keptDisk() throws {
        let new = #"{"cpu":1,"disk":3,"memory":2}"#
        #expect(try Self.json(Amounts(cpu: 1, memory: 2, disk: 3)) == new)
        #expect(try Self.read(new) == Amounts(cpu: 1, memory: 2, disk: 3))
        #expect(try Self.read(new) == Usage(cpu: 1, memory: 2, disk: 3))
        #expect(try Self.read(new) == Prices(cpu: 1, memory: 2, disk: 3))
        #expect(try Self.read(new) == ResourceShares(cpu: 1, memory: 2, disk: 3))
        let charge = Charge(credits: 1, inKind: Usage(disk: 3))
        #expect(try Self.read(try Self.json(charge)) == charge)
    }

    // MARK: Shared histories

    private static func checkpoint(_ balance: Charge) -> Checkpoint {
        let zero = Digest([UInt8](repeating: 0, count: 32))
        return Checkpoint(
            id: CheckpointID(high: 4, low: 1), first: NodeID(high: 2, low: 1), second: NodeID(high: 2, low: 2), previous: zero,
            until: 99, count: 2, digest: zero, total: 3, balance: balance, firstPlace: LedgerPlace(sequence: 5, head: zero),
            secondPlace: LedgerPlace(sequence: 6, head: zero), at: Timestamp(microseconds: 1_700_000_000_000_000))
    }

    @Test(
        "Checkpoints without disk are written as ever, and those with it in a version of their own",
        arguments: [
            (checkpoint(Charge(credits: -100, inKind: Usage(cpu: 7, memory: 8))), HistoryVectors.checkpoint),
            (checkpoint(Charge(credits: -100, inKind: Usage(disk: -9))), HistoryVectors.checkpointOfDisk),
        ])
    func checkpoints(_ checkpoint: Checkpoint, _ bytes: [UInt8]) throws {
        #expect(checkpoint.document == bytes)
        #expect(try Checkpoint(document: bytes) == checkpoint)
    }

    @Test("A stretch of entries is hashed as ever where none has moved disk")
    func stretches() {
        func hashed(_ moved: Charge) -> [UInt8] {
            var bytes: [UInt8] = []
            let entry = SharedEntry(transfer: TransferID(high: 7, low: 1), lease: nil, moved: moved)
            _ = [entry][...].digest {
                bytes = $0
                return .zero
            }
            return bytes
        }
        #expect(hashed(Charge(credits: 5, inKind: Usage(cpu: 6))) == HistoryVectors.history)
        #expect(hashed(Charge(credits: 5, inKind: Usage(cpu: 6, disk: 9))) == HistoryVectors.historyOfDisk)
    }
}
