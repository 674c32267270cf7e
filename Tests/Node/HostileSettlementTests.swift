import Bookkeeping
import Policy
import Resources
import TestKit
import Testing
import Trading

@testable import Node

/// One of two nodes means ill when they settle.
@Suite("Hostile settlement")
struct HostileSettlementTests {
    /// Node 1 lends to node 0, which has used 100 core-seconds, of which its jobs report what is given. The receipt of two minutes waits
    /// on the wire.
    private static func billed(counted: CoreMicroseconds? = nil) throws -> (pool: Pool, receipt: Receipt) {
        var pool = Pool(policy: Disputed.policy())
        let lease = try pool.borrow()
        if let counted { pool.run(lease, using: counted) }
        pool.stand(for: .seconds(121))
        pool.use(lease, cpu: 100_000_000)
        let offer = try #require(pool.wire.compactMap { if case .receipt(let offer) = $0.message { offer } else { nil } }.first)
        return (pool, try Receipt(document: offer.document))
    }

    @Test(
        "What a borrower names its renewal does not keep a receipt, or the dispute of its rest, out of the lender's books",
        arguments: [0, 1000] as [UInt64])
    func takenIDs(_ distance: UInt64) throws {
        var (pool, receipt) = try Self.billed(counted: 50_000_000)
        let (borrower, lender) = (pool.members[0].id, pool.members[1].id)
        let renewal = Renewal(
            lease: receipt.lease, number: 1, span: .minutes(1), reservation: receipt.transfer.following(distance))
        pool.feed(.message(from: borrower, .renew(renewal)), to: 1)
        #expect(pool.members[1].node.books.remembers(renewal.reservation), "it is a name like any other")
        pool.deliver()
        let books = pool.members[1].node.books
        #expect(books.balance(of: .peer(borrower)).net == Disputed.plausible)
        #expect(books.balance(of: .disputed(borrower)).net == Disputed.rest && books.balance(of: .earned).net == -Disputed.billed)
        #expect(pool.members[0].node.books.balance(of: .peer(lender)).net == -Disputed.plausible)
    }

    @Test("A lender that has booked so much since that it remembers no older transfer books what is in dispute all the same")
    func busy() throws {
        var (pool, receipt) = try Self.billed(counted: 50_000_000)
        var snapshot = pool.members[1].node.books.snapshot
        snapshot.horizon = receipt.transfer.following(1 << 40)
        pool.members[1].node.books = Books(restoring: snapshot)
        pool.deliver()
        let borrower = pool.members[0].id
        #expect(pool.members[1].node.books.balance(of: .disputed(borrower)).net == Disputed.rest)
        #expect(pool.members[1].node.books.balance(of: .peer(borrower)).net == Disputed.plausible)
    }

    @Test(
        "What a lender's machine says that jobs have used is no more than the lease can have given, however often it says so",
        arguments: [BasisPoints.percent(2), .whole])
    func absurdReports(_ tolerance: BasisPoints) throws {
        var pool = Pool(policy: Disputed.policy(DisputeRule(tolerance: tolerance)))
        let lease = try pool.borrow()
        for _ in 0..<4 { pool.run(lease, using: CoreMicroseconds(.max / 2)) }
        pool.advance(by: .seconds(100))
        pool.use(lease, cpu: 100_000_000)
        pool.feed(.release(lease), to: 0)
        pool.deliver()
        #expect(pool.balance(1, with: 0) == Disputed.billed)
        pool.expectRest()
    }
}

extension HostileSettlementTests {
    @Test("More usage than a lease can give is not signed where it costs nothing, nor any that is out of range")
    func freeUsage() throws {
        var (pool, receipt) = try Self.billed()
        pool.wire = []
        for memory in [MiBSeconds(1_000_000), MiBSeconds(.max)] {
            receipt.usage.memory = memory
            let offer = ReceiptOffer(document: receipt.document, lenderSignature: pool.notary(1).sign(receipt.document))
            pool.feed(.message(from: pool.members[1].id, .receipt(offer)), to: 0)
            #expect(!pool.wire.contains(where: \.message.isReceiptAnswer) && pool.members[0].store.receipts.isEmpty)
        }
        #expect(pool.members[0].store.events.count { $0.kind == "receipt.refused" && $0.text.contains("can give") } == 1)
    }
}

/// One of two nodes means ill in disputes.
@Suite("Hostile disputes")
struct HostileDisputeTests {
    /// A notice that a lender, node 1, makes up of a receipt of a lease that there was.
    private static func notice(_ pool: Pool, _ change: (inout Receipt, inout Prices) -> Void) throws -> DisputeNotice {
        let bill = try #require(pool.members[0].node.leases.values.first?.bill)
        var prices = bill.prices
        var receipt = Receipt(
            id: ReceiptID(high: 3 << 30, low: 7), lease: bill.lease, agreement: bill.agreement, lender: bill.lender,
            borrower: bill.borrower, sequence: 9, elapsed: .seconds(1), usage: Usage(cpu: 36_000_000), throttled: .zero,
            charge: 10_000, compensation: .zero, transfer: TransferID(high: 3 << 30, low: 7 << 20), compensationTransfer: nil,
            amount: 10_000, isFinal: true, previous: bill.head, issued: pool.now.utc)
        change(&receipt, &prices)
        let document = receipt.document
        return DisputeNotice(
            dispute: DisputeID(of: receipt.transfer), document: document, lenderSignature: pool.notary(1).sign(document),
            borrowerSignature: nil, amount: receipt.amount, prices: prices, reason: "you owe me", opened: pool.now.utc)
    }

    private static func say(_ notice: DisputeNotice, to index: Int, _ pool: inout Pool) -> Refusal? {
        pool.feed(.message(from: pool.members[1 - index].id, .dispute(notice)), to: index)
        defer { pool.wire = [] }
        return pool.wire.compactMap { if case .disputeAnswer(_, let refusal) = $0.message { refusal } else { nil } }.first
    }

    @Test("A lender that claims what was never agreed on is refused, whatever it signs")
    func claims() throws {
        var pool = try Disputed.trade(counted: nil)
        let changes: [(String, (inout Receipt, inout Prices) -> Void)] = [
            ("no agreement", { receipt, _ in receipt.lease = LeaseID(high: 4, low: 4) }),
            ("no agreement", { receipt, _ in receipt.agreement = AgreementID(high: 4, low: 4) }),
            (
                "tariff",
                { receipt, _ in
                    receipt.charge = 10_001
                    receipt.amount = 10_001
                }
            ),
            (
                "tariff",
                { receipt, prices in
                    receipt.charge = Charge(credits: 1, inKind: Usage(memory: MiBSeconds(1 << 49)))
                    receipt.amount = receipt.charge
                    prices.memory = Bounds.price
                }
            ),
            ("older", { receipt, _ in receipt.issued = receipt.issued + -.days(71) }),
            ("ahead", { receipt, _ in receipt.issued = receipt.issued + .days(3) }),
        ]
        for (reason, change) in changes {
            let refusal = Self.say(try Self.notice(pool, change), to: 0, &pool)
            #expect(refusal?.reason.contains(reason) == true, "\(String(describing: refusal))")
            #expect(pool.members[0].node.disputes.values.isEmpty)
        }
        let agreed = pool.members[0].node.leases.values.first?.bill.prices
        #expect(Self.say(try Self.notice(pool) { _, prices in prices.cpu = Bounds.price }, to: 0, &pool) == nil)
        let taken = try #require(pool.members[0].node.disputes.values.first)
        #expect(taken.prices == agreed, "those agreed on")
    }

    @Test("What is in dispute is never worth more than can be owed, however much of it there is")
    func worth() {
        let dispute = Dispute(
            id: DisputeID(high: 1, low: 1), cause: .unanswered, receipt: nil, lease: LeaseID(high: 1, low: 1),
            creditor: NodeID(high: 1, low: 1), debtor: NodeID(high: 1, low: 2), opener: NodeID(high: 1, low: 1),
            amount: Charge(credits: 1, inKind: Usage(memory: MiBSeconds(1_000_000_000_000_000))),
            prices: Prices(cpu: .zero, memory: Bounds.price), reason: "", opened: Timestamp(microseconds: 0))
        #expect(dispute.worth == Bounds.money && !dispute.isPayable(dispute.amount))
    }

    /// The receipt of a lease that ends is answered, but nobody hears of it.
    private static func unheard(counted: CoreMicroseconds? = 50_000_000) throws -> (Pool, SignedReceipt) {
        var pool = Pool(policy: Disputed.policy())
        let lease = try pool.borrow()
        if let counted { pool.run(lease, using: counted) }
        pool.advance(by: .seconds(100))
        pool.use(lease, cpu: 100_000_000)
        pool.isLost = { $0.message.isReceiptAnswer }
        pool.feed(.release(lease), to: 0)
        pool.deliver()
        let signed = try #require(pool.members[0].store.receipts.values.first)
        return (pool, signed)
    }

    @Test("Nothing is given back of a receipt before its answer has come, and then no more than that has paid")
    func notYetPaid() throws {
        var (pool, signed) = try Self.unheard()
        var lie = signed
        lie.accepted = signed.receipt.amount
        try Disputed.open(&pool, 5_000)
        try Disputed.open(&pool, 20_000, id: 2, lie)
        #expect(pool.members[0].node.disputes.values.count == 3)
        pool.wire.removeAll { if case .dispute = $0.message { false } else { true } }
        #expect(pool.wire.count == 2)
        pool.deliver()
        #expect(pool.members[1].node.disputes.values.isEmpty && pool.members[0].disputeDecisions.isEmpty)
        pool.isLost = { _ in false }
        pool.advance(by: .hours(2))
        #expect(pool.members[0].disputeDecisions.compactMap(\.self).map(\.term) == ["amount"])
        let there = pool.members[1].node.disputes.values
        #expect(there.count == 2 && there.contains { $0.isAboutPayment && $0.amount.credits == 5_000 })
        #expect(pool.balance(1, with: 0) == Disputed.plausible)
    }

    @Test("What a person disputes cannot take the place of what the same receipt's answer will put in dispute")
    func takenID() throws {
        var (pool, signed) = try Self.unheard()
        let notice = DisputeNotice(
            dispute: DisputeID(of: signed.receipt.transfer), document: signed.document, lenderSignature: signed.lenderSignature,
            borrowerSignature: signed.borrowerSignature, amount: Charge(credits: 1), reason: "x", opened: pool.now.utc)
        #expect(Self.say(notice, to: 1, &pool)?.reason.contains("another") == true)
        pool.isLost = { _ in false }
        pool.advance(by: .minutes(20))
        #expect(try Disputed.dispute(pool, 1).amount.credits == Disputed.rest)
        #expect(pool.members[1].node.peerStanding(of: pool.members[0].id).inDispute == Disputed.rest)
        Disputed.expectAgreement(pool)
    }

    @Test("A dispute takes so many steps at the most, the last of which is about all that is left")
    func steps() throws {
        var pool = try Disputed.trade()
        let id = try Disputed.dispute(pool).id
        for _ in 0..<100 {
            pool.feed(.resolve(id, .accept(1)), to: 0)
            pool.deliver()
        }
        #expect(try Disputed.dispute(pool).steps == 63 && pool.members[0].disputeDecisions.contains { $0?.term == "amount" })
        let last = Resolution(
            dispute: id, number: 64, proposer: pool.members[0].id, answerer: pool.members[1].id, outcome: .stands,
            amount: Charge(credits: 1), isBySilence: false, transfer: TransferID(high: 77, low: 1), issued: pool.now.utc)
        let offer = ResolutionOffer(document: last.document, signature: pool.notary(0).sign(last.document))
        pool.feed(.message(from: pool.members[0].id, .resolve(offer)), to: 1)
        #expect(try Disputed.dispute(pool, 1).steps == 63)
        pool.feed(.resolve(id, .accept(nil)), to: 0)
        pool.deliver()
        #expect(try Disputed.dispute(pool, 1).state == .resolved)
        Disputed.expectAgreement(pool)
    }
}
