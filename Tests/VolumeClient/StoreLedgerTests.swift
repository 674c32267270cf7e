import Resources
import Testing
import Volumes

@testable import VolumeClient

@Suite("Room in stores, as a client keeps it")
struct StoreLedgerTests {
    private static let now = Instant(microseconds: 1)

    private static func node(_ number: UInt64) -> NodeID { NodeID(high: 1, low: number) }

    private static func ledger(copies: Int, granted: [UInt64]) -> StoreLedger {
        var ledger = StoreLedger(copies: copies)
        ledger.learn(granted.indices.map { StoreCondition(node(UInt64($0)), free: 1 << 30) })
        for (place, bytes) in granted.enumerated() { ledger.grant(bytes, by: node(UInt64(place))) }
        return ledger
    }

    @Test("What is covered can be placed, whatever sizes the blocks have, each copy on another node and out of what was granted")
    func covered() {
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let copies = Int.random(in: 1...3, using: &random)
            let unit: UInt64 = 512
            let granted = (0..<Int.random(in: copies...6, using: &random)).map { _ in
                UInt64.random(in: 0...400, using: &random) * unit
            }
            var ledger = Self.ledger(copies: copies, granted: granted)
            var promised: [UInt64] = []
            while ledger.covers(unit, copies: copies), promised.count < 200 {
                ledger.promise(unit)
                promised.append(unit)
            }
            while let bytes = promised.popLast() {
                let before = ledger.granted
                let nodes = ledger.place(copies, of: bytes, besides: [], doubtful: [], at: Self.now, using: &random)
                #expect(Set(nodes).count == copies, "seed \(seed)")
                for node in nodes {
                    #expect((before[node] ?? 0) >= bytes, "seed \(seed): \(node) granted \(before[node] ?? 0)")
                    #expect(ledger.granted[node] == (before[node] ?? 0) - bytes, "seed \(seed)")
                }
                ledger.settle(bytes)
            }
            #expect(ledger.promised == 0)
        }
    }

    @Test("What is covered with fewer copies than there are to be keeps those, and no block takes another's room for one more")
    func coveredWithFewer() {
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let unit: UInt64 = 512
            let granted = (0..<Int.random(in: 3...5, using: &random)).map { _ in
                UInt64.random(in: 0...400, using: &random) * unit
            }
            var ledger = Self.ledger(copies: 3, granted: granted)
            var left = 0
            while ledger.covers(unit, copies: 2), left < 200 {
                ledger.promise(unit)
                left += 1
            }
            while left > 0 {
                let before = ledger.granted
                let nodes = ledger.place(3, of: unit, besides: [], doubtful: [], at: Self.now, using: &random)
                let safe = nodes.filter { (before[$0] ?? 0) >= unit }
                #expect(safe.count >= 2, "seed \(seed): \(left) left, of \(granted)")
                for node in nodes where !safe.contains(node) {
                    #expect(ledger.granted[node] == before[node], "seed \(seed): \(node) had not granted so much")
                }
                ledger.settle(unit)
                left -= 1
            }
        }
    }

    @Test("A store that has not answered is asked last, and one that has no more to grant not at all for a while")
    func silent() {
        var random = SeededGenerator(seed: 1)
        var ledger = Self.ledger(copies: 3, granted: [0, 0, 0])
        ledger.miss(Self.node(0), at: Self.now)
        ledger.exhaust(Self.node(1), at: Self.now)
        #expect(ledger.lenders(for: 1, besides: [], at: Self.now, using: &random) == [Self.node(2)])
        let all = ledger.lenders(for: 1, besides: [Self.node(2)], evenSilent: true, at: Self.now, using: &random)
        #expect(all == [Self.node(0)])
    }

    @Test("Room on too few nodes covers nothing, however much it is")
    func tooFew() {
        #expect(Self.ledger(copies: 2, granted: [1 << 40]).covers(1, copies: 2) == false)
        #expect(Self.ledger(copies: 2, granted: [1 << 40, 0]).covers(1, copies: 2) == false)
        #expect(Self.ledger(copies: 2, granted: [1 << 40, 124]).covers(100, copies: 2) == false)
        #expect(Self.ledger(copies: 2, granted: [1 << 40, 125]).covers(100, copies: 2))
    }

    @Test("A store without room gets no blocks for some time, and none that is closed, leaving or lost ever does")
    func shunned() {
        var random = SeededGenerator(seed: 1)
        var ledger = Self.ledger(copies: 1, granted: [1000, 0])
        ledger.shun(Self.node(0), at: Self.now)
        #expect(ledger.granted[Self.node(0)] == nil)
        #expect(ledger.place(2, of: 10, besides: [], doubtful: [], at: Self.now, using: &random) == [Self.node(1)])
        #expect(ledger.place(2, of: 10, besides: [], doubtful: [], at: Self.now + .seconds(11), using: &random).count == 2)
        ledger.learn(
            [.closed, .leaving, .lost].enumerated().map { StoreCondition(Self.node(UInt64($0)), phase: $1, free: 1 << 30) })
        #expect(ledger.place(2, of: 10, besides: [], doubtful: [], at: Self.now, using: &random).isEmpty)
        #expect(ledger.lenders(for: 1, besides: [], at: Self.now, using: &random).isEmpty)
    }

    @Test("Stores that are doubtful are the last choice")
    func doubtful() {
        for seed in 0..<50 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var ledger = Self.ledger(copies: 2, granted: [1000, 0, 0])
            let nodes = ledger.place(2, of: 10, besides: [], doubtful: [Self.node(0)], at: Self.now, using: &random)
            #expect(Set(nodes) == [Self.node(1), Self.node(2)])
            #expect(ledger.place(3, of: 10, besides: [], doubtful: [Self.node(0)], at: Self.now, using: &random).count == 3)
        }
    }

    @Test("Nothing is given back while something is promised; then all is, with what may have been granted besides")
    func givingBack() {
        var ledger = Self.ledger(copies: 2, granted: [1000, 2000])
        ledger.promise(10)
        #expect(ledger.takeUnneeded().isEmpty)
        ledger.lose(5, to: Self.node(0))
        ledger.settle(10)
        #expect(Array(ledger.takeUnneeded().values) == [1005, 2000])
        #expect(ledger.takeUnneeded().isEmpty && !ledger.covers(1, copies: 1))
    }
}
