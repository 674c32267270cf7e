import Bookkeeping
import Node
import Resources
import TestKit
import Testing
import Trading

@Suite("Settlement")
struct SettlementTests {
    @Test("A release settles for floor(usage x price) on both sides, and the trust lines mirror each other")
    func released() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.advance(by: .seconds(100))
        pool.use(id, cpu: CoreMicroseconds(99_999_999))
        pool.feed(.release(id), to: 0)
        pool.deliver()
        // 99.999999 core-seconds at a credit per core-hour: 27777.77 microcredits.
        #expect(pool.balance(1, with: 0) == 27_777 && pool.balance(0, with: 1) == -27_777)
        #expect(pool.members[1].node.books.balance(of: .earned).net == -27_777)
        #expect(pool.members[0].node.books.balance(of: .spent).net == 27_777)
        pool.expectRest()
    }

    @Test("Receipts come every two minutes while the lease runs, and come to the same as one")
    func receipts() throws {
        var pool = Pool()
        let id = try pool.borrow()
        for minute in 1...9 {
            pool.use(id, cpu: CoreMicroseconds(Int64(minute) * 59_999_999))
            pool.advance(by: .minutes(1))
            let receipts = pool.members[0].store.receipts.values.filter { $0.accepted != nil }
            #expect(receipts.count == minute / 2)
            #expect(pool.balance(0, with: 1) + pool.balance(1, with: 0) == .zero)
        }
        pool.feed(.release(id), to: 0)
        pool.advance(by: .minutes(1))
        #expect(pool.balance(1, with: 0) == Prices(cpu: .credits(1), memory: .zero).cost(of: Usage(cpu: 539_999_991)))
        pool.expectRest()
    }

    @Test("At its term a lease ends by itself and settles")
    func expired() throws {
        var pool = Pool()
        let id = try pool.borrow(Pool.want(term: .minutes(3)))
        pool.use(id, cpu: 60_000_000)
        pool.advance(by: .minutes(3))
        #expect(pool.lease(id, 0)?.endReason == .expired && pool.lease(id, 1)?.endReason == .expired)
        pool.advance(by: .minutes(1))
        #expect(pool.balance(1, with: 0) == 16_666)
        pool.expectRest()
    }

    @Test("Lost receipts and answers are made good", arguments: 1...8 as ClosedRange<UInt64>)
    func lossy(_ seed: UInt64) throws {
        var pool = Pool()
        let id = try pool.borrow()
        let random = Dice(seed: seed)
        pool.isLost = { _ in random.roll(.percent(60)) }
        for minute in 1...8 {
            pool.use(id, cpu: CoreMicroseconds(Int64(minute) * 50_000_000))
            pool.advance(by: .minutes(1))
        }
        pool.isLost = { _ in false }
        pool.advance(by: .hours(1))
        #expect(pool.balance(1, with: 0) == 111_111)
        pool.expectRest()
    }

    @Test("More usage than the lease can have had is billed for the possible only")
    func capped() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.use(id, cpu: .init(.max / 2))
        pool.advance(by: .minutes(1))
        pool.feed(.release(id), to: 0)
        pool.deliver()
        #expect(pool.balance(1, with: 0) == 16_666)
        pool.expectRest()
    }

    // MARK: Early ends

    @Test("Taking a lease back follows its notice class", arguments: NoticeClass.allCases)
    func notice(_ notice: NoticeClass) throws {
        var pool = Pool(policy: Pool.policy(notice: notice))
        pool.watchOwner(for: .minutes(61))
        let id = try pool.borrow(Pool.want(term: .minutes(15)))
        pool.advance(by: .minutes(1))
        pool.feed(.reclaim(id, atOnce: false, reason: "own work"), to: 1)
        pool.deliver()
        if notice.notice > .zero {
            pool.advance(by: notice.notice - .milliseconds(10))
            #expect(pool.lease(id, 1)?.state == .reclaiming && pool.lease(id, 0)?.state == .reclaiming)
        }
        pool.advance(by: .milliseconds(20))
        #expect(pool.lease(id, 1)?.endReason == .revoked && pool.lease(id, 0)?.isOpen == false)
        pool.advance(by: .minutes(1))
        // Notice was given: there is nothing to pay.
        #expect(pool.balance(1, with: 0) == .zero)
        pool.expectRest()
    }

    @Test("Ending at once pays what is left of the notice at the price of full use", arguments: NoticeClass.allCases)
    func atOnce(_ notice: NoticeClass) throws {
        var pool = Pool(policy: Pool.policy(notice: notice))
        pool.watchOwner(for: .minutes(61))
        let id = try pool.borrow(Pool.want(cores: 2, term: .minutes(15)))
        pool.advance(by: .minutes(1))
        pool.feed(.reclaim(id, atOnce: true, reason: "own work"), to: 1)
        pool.advance(by: .seconds(10))
        let due = Prices(cpu: .credits(1), memory: .zero).cost(of: Usage(of: Amounts(cpu: .cores(2)), for: notice.notice))
        #expect(pool.balance(0, with: 1) == due && pool.balance(1, with: 0) == -due)
        pool.expectRest()
    }

    @Test("Ending at once within the notice pays only what is left of it")
    func rest() throws {
        var pool = Pool(policy: Pool.policy(notice: .firm))
        pool.watchOwner(for: .minutes(61))
        let id = try pool.borrow(Pool.want(cores: 2, term: .minutes(15)))
        pool.feed(.reclaim(id, atOnce: false, reason: "own work"), to: 1)
        pool.advance(by: .minutes(6))
        pool.feed(.reclaim(id, atOnce: true, reason: "own work, now"), to: 1)
        pool.advance(by: .seconds(10))
        // Four minutes of two cores.
        #expect(pool.balance(0, with: 1) == 133_333)
        pool.expectRest()
    }

    @Test("A lender who ends a lease without notice and pays nothing for that is paid so much less")
    func unpaidNotice() throws {
        var pool = Pool(policy: Pool.policy(notice: .standard))
        let id = try pool.borrow(Pool.want(cores: 2, term: .minutes(15)))
        pool.advance(by: .minutes(1))
        pool.use(id, cpu: CoreMicroseconds(.cores(2), for: .seconds(50)))
        pool.wire.append(.init(from: 1, to: 0, message: .closed(id, .revoked, detail: "own work")))
        pool.advance(by: .seconds(10))
        let cost = { Prices(cpu: .credits(1), memory: .zero).cost(of: Usage(of: Amounts(cpu: .cores(2)), for: $0)) }
        // The notice is 30 s, of which one is allowed for messages on their way.
        #expect(pool.balance(1, with: 0) == cost(.seconds(50)) - cost(.seconds(29)))
        pool.expectRest()
    }

    // MARK: Hostile receipts

    /// A lender's receipt of its own making over an open lease.
    private func receipt(_ pool: Pool, _ id: LeaseID, _ change: (inout Receipt) -> Void) throws -> TradeMessage {
        let bill = try #require(pool.members[1].node.leases[id]?.bill)
        var receipt = Receipt(
            id: ReceiptID(high: 1 << 50, low: 1), lease: id, agreement: bill.agreement, lender: bill.lender,
            borrower: bill.borrower,
            sequence: bill.sequence + 1, elapsed: .minutes(1), usage: .zero, throttled: .zero, charge: .zero, compensation: .zero,
            transfer: TransferID(high: 1 << 50, low: 1000), compensationTransfer: nil, amount: .zero, isFinal: false,
            previous: bill.head, issued: pool.now.utc)
        change(&receipt)
        receipt.charge = bill.tariff.charge(for: receipt.usage)
        receipt.amount = receipt.charge - bill.charged
        return .receipt(
            ReceiptOffer(document: receipt.document, lenderSignature: PlainNotary(node: bill.lender).sign(receipt.document)))
    }

    @Test("Of an implausible receipt only the plausible part moves; the rest is in dispute")
    func implausible() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.advance(by: .minutes(1))
        let message = try receipt(pool, id) { $0.usage.cpu = 3_600_000_000 }
        pool.feed(.message(from: pool.members[1].id, message), to: 0)
        let answer = pool.wire.compactMap { if case .receiptAnswer(let reply) = $0.message { reply } else { nil } }.first
        // One core for the minute that has passed and five seconds between the clocks.
        #expect(answer?.accepted == 18_055 && answer?.dispute?.term == "usage")
        #expect(pool.balance(0, with: 1) == -18_055)
    }

    @Test("A receipt whose transfers cannot be booked is not co-signed")
    func unbookable() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.advance(by: .minutes(1))
        let known = try #require(pool.members[0].node.books.reservations.first?.id)
        let ahead = TransferID(high: .max, low: 0)
        let changes: [(inout Receipt) -> Void] = [
            { $0.transfer = known }, { $0.transfer = known.following(.max) }, { $0.transfer = ahead },
            { ($0.isFinal, $0.compensation, $0.compensationTransfer) = (true, 5, known) },
            { ($0.isFinal, $0.compensation, $0.compensationTransfer) = (true, 5, $0.transfer) },
            { ($0.isFinal, $0.compensation, $0.compensationTransfer) = (true, 5, ahead) },
        ]
        for change in changes {
            let message = try receipt(pool, id) {
                $0.usage.cpu = 1_000_000
                change(&$0)
            }
            pool.feed(.message(from: pool.members[1].id, message), to: 0)
            #expect(!pool.wire.contains { $0.message.isReceiptAnswer })
            #expect(pool.balance(0, with: 1) == .zero && pool.lease(id, 0)?.isOpen == true)
        }
    }

    @Test("Settled leases are set apart, still answer late messages, and are forgotten in their turn")
    func settledApart() throws {
        var pool = Pool()
        var ids: [LeaseID] = []
        for _ in 0..<3 {
            let id = try pool.borrow()
            ids.append(id)
            pool.feed(.release(id), to: 0)
            pool.deliver()
            pool.advance(by: .minutes(1))
        }
        let open = try pool.borrow()
        #expect(pool.members.allSatisfy { $0.node.leases.unsettled.keys == [open] })
        #expect(pool.members.allSatisfy { $0.node.leases.keys == ids + [open] })
        let before = pool.members[1].store.transfers
        pool.wire.append(.init(from: 0, to: 1, message: .release(ids[1])))
        pool.deliver()
        #expect(pool.lease(ids[1], 1)?.state == .settled && pool.members[1].store.transfers == before)
        for left in (0...2).reversed() {
            while pool.members[0].node.leases.count > left + 1 { pool.advance(by: .seconds(10)) }
            #expect(pool.members[0].node.leases.keys.filter(ids.contains) == ids.suffix(left))
        }
    }
}

/// A shared die, for closures that decide about losses.
final class Dice {
    private var random: SeededGenerator
    init(seed: UInt64) { random = SeededGenerator(seed: seed) }
    func roll(_ share: BasisPoints) -> Bool { random.chance(share) }
}
