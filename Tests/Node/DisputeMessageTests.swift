import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

@Suite("Disputes between two nodes")
struct DisputeMessageTests {
    // MARK: Messages

    @Test(
        "However messages are lost, doubled and reordered, both carry out the same steps once",
        arguments: 1...12 as ClosedRange<UInt64>)
    func unreliable(_ seed: UInt64) throws {
        var pool = try Disputed.trade()
        let id = try Disputed.dispute(pool).id
        try Disputed.open(&pool, 5_000)
        let dice = Dice(seed: seed)
        pool.isLost = { _ in dice.roll(.percent(40)) }
        var random = SeededGenerator(seed: seed)
        var past: [Pool.Envelope] = []
        for _ in 0..<60 {
            let one = pool.members[Int.random(in: 0...1, using: &random)].node.disputes.open.values.randomElement(using: &random)
            let index = Int.random(in: 0...1, using: &random)
            if let one, random.chance(.percent(30)) {
                let part = Microcredits(.random(in: 1...4_000, using: &random))
                pool.feed(.resolve(one.id, random.chance(.percent(50)) ? .accept(part) : .withdraw(part)), to: index)
            }
            past += pool.wire
            if let again = past.randomElement(using: &random) { pool.wire.append(again) }
            pool.wire.shuffle(using: &random)
            if random.chance(.percent(10)) { pool.restart(index) }
            pool.advance(by: .seconds(.random(in: 1...40, using: &random)))
        }
        pool.isLost = { _ in false }
        pool.advance(by: .hours(1))
        #expect(pool.members[0].node.disputes.values.contains { $0.id == id && $0.steps > 0 })
        Disputed.expectAgreement(pool)
    }

    @Test("Nobody gives way for another, or for more than is left, and no step is carried out under ids that are taken")
    func hostileSteps() throws {
        var pool = try Disputed.trade()
        let dispute = try Disputed.dispute(pool)
        let good = Resolution(
            dispute: dispute.id, number: 1, proposer: pool.members[1].id, answerer: pool.members[0].id, outcome: .dropped,
            amount: Charge(credits: 1_000), isBySilence: false, transfer: TransferID(high: 77, low: 1), issued: pool.now.utc)
        let taken = try #require(pool.members[0].store.transfers.first?.id)
        let changes: [(inout Resolution) -> Void] = [
            { $0.outcome = .stands }, { $0.amount = Charge(credits: 13_612) }, { $0.number = 2 }, { $0.proposer = $0.answerer },
            { $0.dispute = DisputeID(high: 1, low: 2) }, { $0.transfer = taken },
            { $0.transfer = TransferID(high: taken.high, low: taken.low &- 1) },
            { $0.transfer = TransferID(high: UInt64((pool.now.utc + .days(3)).microseconds / 1000) << 16, low: 0) },
        ]
        let before = (pool.members[0].node.disputes.values, pool.members[0].node.books.entries)
        for change in changes {
            var wrong = good
            change(&wrong)
            pool.feed(.message(from: pool.members[1].id, Self.offer(wrong, pool.notary(1))), to: 0)
            #expect(pool.members[0].node.disputes.values == before.0 && pool.members[0].node.books.entries == before.1)
        }
        pool.feed(.message(from: pool.members[1].id, Self.offer(good, pool.notary(0))), to: 0)
        pool.feed(.message(from: NodeID(high: 9, low: 9), Self.offer(good, pool.notary(1))), to: 0)
        #expect(pool.members[0].node.disputes.values == before.0)
        pool.feed(.message(from: pool.members[1].id, Self.offer(good, pool.notary(1))), to: 0)
        #expect(try Disputed.dispute(pool).dropped.credits == 1_000)
    }

    private static func offer(_ resolution: Resolution, _ notary: PlainNotary) -> TradeMessage {
        let document = resolution.document
        return .resolve(ResolutionOffer(document: document, signature: notary.sign(document)))
    }

    @Test("No more is disputed than was paid, whatever a borrower says that it has paid")
    func paidInPart() throws {
        var pool = try Disputed.trade()
        var signed = try Disputed.paid(pool)
        signed.accepted = signed.receipt.amount
        try Disputed.open(&pool, Disputed.billed, signed)
        pool.deliver()
        #expect(pool.members[0].disputeDecisions.compactMap(\.self).map(\.term) == ["amount"])
        #expect(pool.members[1].node.disputes.values.count == 1, "that by rule")
        try Disputed.open(&pool, Disputed.plausible, id: 2)
        pool.deliver()
        #expect(pool.members[1].node.disputes.values.count == 2, "what was refused takes nothing from it")
    }

    @Test("A notice of a receipt that was not signed, not paid, or of others opens nothing")
    func hostileNotices() throws {
        var pool = try Disputed.trade(counted: nil)
        let signed = try Disputed.paid(pool)
        func notice(_ change: (inout DisputeNotice) -> Void) -> TradeMessage {
            var notice = DisputeNotice(
                dispute: DisputeID(high: 5, low: 1), document: signed.document, lenderSignature: signed.lenderSignature,
                borrowerSignature: signed.borrowerSignature, amount: Charge(credits: 10), reason: "x", opened: pool.now.utc)
            change(&notice)
            return .dispute(notice)
        }
        let changes: [(inout DisputeNotice) -> Void] = [
            { $0.document[80] ^= 1 }, { $0.lenderSignature = Signature([1]) }, { $0.borrowerSignature = Signature([1]) },
            { $0.borrowerSignature = nil }, { $0.amount = Charge(credits: 27_778) }, { $0.amount = .zero },
            { $0.amount = Charge(credits: 1, inKind: Usage(cpu: 1)) }, { $0.opened = pool.now.utc + .days(2) },
        ]
        for change in changes {
            pool.feed(.message(from: pool.members[0].id, notice(change)), to: 1)
            #expect(pool.members[1].node.disputes.values.isEmpty)
        }
        pool.feed(.message(from: NodeID(high: 9, low: 9), notice { _ in }), to: 1)
        #expect(pool.members[1].node.disputes.values.isEmpty)
        pool.feed(.message(from: pool.members[0].id, notice { _ in }), to: 1)
        #expect(pool.members[1].node.disputes.values.count == 1)
    }

    @Test("A peer that does not answer is told again for sixty days, and when it is back after that")
    func patience() throws {
        var pool = try Disputed.trade(Disputed.policy(DisputeRule(dropAfter: nil)))
        let lost = Lost()
        pool.isLost = { lost.take($0) }
        pool.feed(.resolve(try Disputed.dispute(pool).id, .accept(nil)), to: 0)
        pool.advance(by: .days(61))
        let told = lost.steps
        #expect(told > 1000)
        pool.advance(by: .days(1))
        #expect(lost.steps - told <= 2, "it is told no more, but for the daily comparison of ledgers")
        #expect(try Disputed.dispute(pool, 1).isOpen)
        pool.isLost = { _ in false }
        pool.feed(.reachable(pool.members[1].id), to: 0)
        pool.deliver()
        #expect(try Disputed.dispute(pool, 1).state == .resolved && pool.balance(1, with: 0) == Disputed.billed)
        Disputed.expectAgreement(pool)
    }

    @Test("A step that one side has carried out and the other has not heard of makes no difference between their ledgers")
    func compared() throws {
        var pool = try Disputed.trade()
        pool.isLost = { if case .resolved = $0.message { true } else { false } }
        pool.feed(.resolve(try Disputed.dispute(pool).id, .accept(nil)), to: 0)
        pool.advance(by: .days(2))
        #expect(pool.balance(1, with: 0) == Disputed.billed && pool.balance(0, with: 1) == -Disputed.plausible)
        for member in pool.members { #expect(!member.store.events.contains { $0.kind == "ledger.differs" }) }
        pool.isLost = { _ in false }
        pool.advance(by: .days(2))
        for member in pool.members { #expect(!member.store.events.contains { $0.kind == "ledger.differs" }) }
        #expect(pool.members[0].store.events.contains { $0.kind == "ledger.checkpoint" })
        Disputed.expectAgreement(pool)
    }

    /// What is lost while no message reaches anybody.
    private final class Lost {
        var steps = 0

        func take(_ envelope: Pool.Envelope) -> Bool {
            if case .resolve = envelope.message { steps += 1 }
            return true
        }
    }

    @Test("A peer that opens disputes without end has the ledger read now and then only, and is refused in the end")
    func flood() throws {
        var pool = try Disputed.trade(counted: nil)
        let lease = try #require(pool.members[0].node.leases.values.first)
        var refused: [Refusal] = []
        for number in 1...300 as ClosedRange<UInt64> {
            if number % 30 == 0 { pool.stand(for: .minutes(1)) }
            let receipt = Receipt(
                id: ReceiptID(high: 3 << 30, low: number), lease: lease.id, agreement: lease.bill.agreement,
                lender: pool.members[1].id, borrower: pool.members[0].id, sequence: 9, elapsed: .seconds(1),
                usage: Usage(cpu: 18_000), throttled: .zero, charge: 5, compensation: .zero,
                transfer: TransferID(high: 3 << 30, low: number << 20), compensationTransfer: nil, amount: 5, isFinal: true,
                previous: lease.bill.head, issued: pool.now.utc)
            let document = receipt.document
            let notice = DisputeNotice(
                dispute: DisputeID(of: receipt.transfer), document: document, lenderSignature: pool.notary(1).sign(document),
                borrowerSignature: nil, amount: 5, reason: "you owe me", opened: pool.now.utc)
            pool.feed(.message(from: pool.members[1].id, .dispute(notice)), to: 0)
            for case .disputeAnswer(_, let refusal?) in pool.wire.map(\.message) { refused.append(refusal) }
            pool.wire = []
        }
        #expect(pool.members[0].node.disputes.values.count == 256 && pool.balance(0, with: 1) == -Disputed.billed)
        #expect(refused.count == 44 && refused.allSatisfy { $0.reason.contains("256") })
    }

    // MARK: Standing

    @Test("A dispute lowers both standings while it is open, never below zero, and what is unpaid counts against the limit")
    func standing() throws {
        var pool = try Disputed.trade()
        let (borrower, lender) = (pool.members[0].id, pool.members[1].id)
        func standings() -> [PeerStanding] {
            [pool.members[0].node.peerStanding(of: lender), pool.members[1].node.peerStanding(of: borrower)]
        }
        #expect(standings().map(\.inDispute) == [Disputed.rest, Disputed.rest])
        #expect(standings()[0].lent == Disputed.plausible && standings()[0].worth == Disputed.plausible - Disputed.rest)
        #expect(standings()[1].worth == .zero && standings()[1].number == 0)
        #expect(
            pool.members[1].node.books.trustLine(with: borrower)?.granted
                == LedgerAmount(Microcredits.credits(10) - Disputed.rest))
        pool.feed(.resolve(try Disputed.dispute(pool).id, .accept(nil)), to: 0)
        pool.deliver()
        #expect(standings().map(\.inDispute) == [.zero, .zero] && standings()[0].worth == Disputed.billed)
        #expect(pool.members[1].node.books.trustLine(with: borrower)?.granted == LedgerAmount(Microcredits.credits(10)))
    }

    @Test("What a person disputes lowers the standing of the one who says so; what was given back was not lent")
    func standingOfPeople() throws {
        var pool = try Disputed.trade(counted: nil)
        try Disputed.open(&pool, 7_000)
        pool.deliver()
        let (borrower, lender) = (pool.members[0].id, pool.members[1].id)
        #expect(pool.members[0].node.peerStanding(of: lender).inDispute == .zero)
        #expect(pool.members[1].node.peerStanding(of: borrower).inDispute == 7_000)
        pool.feed(.resolve(try Disputed.dispute(pool).id, .accept(nil)), to: 1)
        pool.deliver()
        #expect(pool.members[0].node.peerStanding(of: lender).lent == Disputed.billed - 7_000)
        #expect(pool.members[1].node.peerStanding(of: borrower) == PeerStanding(), "to get something back is not to lend")
    }

    @Test("A limit by standing refuses who stands lower, and says why")
    func leastStanding() throws {
        var policy = Disputed.policy()
        policy.limits = LimitBook(rules: [LimitRule(.eachPeer, leastStanding: 1)])
        var pool = Pool(policy: policy)
        let request = pool.ask()
        pool.deliver()
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else {
            Issue.record("it was lent")
            return
        }
        #expect(refusal.reason.contains("standing"), "\(refusal)")
    }

    // MARK: Crashes

    private struct Story {
        var pool = Pool(policy: Disputed.policy())

        mutating func run() {
            let request = pool.ask()
            pool.advance(by: .seconds(1))
            if let id = try? pool.members[0].decisions[request]?.get().first {
                pool.run(id, using: 50_000_000)
                pool.advance(by: .seconds(100))
                pool.use(id, cpu: 100_000_000)
                pool.feed(.release(id), to: 0)
            }
            pool.advance(by: .minutes(1))
            step { $0.open.values.first }
            if let signed = pool.members[0].store.receipts.values.first(where: { $0.accepted != nil }) {
                try? Disputed.open(&pool, 2_000, signed)
            }
            pool.advance(by: .minutes(1))
            step { $0.open.values.first(where: \.isAboutPayment) }
            pool.advance(by: .days(31))
        }

        /// Both give way in a part of it, one after the other.
        private mutating func step(_ find: (DisputeTable) -> Dispute?) {
            for index in [0, 1] {
                guard let dispute = find(pool.members[index].node.disputes) else { continue }
                let verb = dispute.verb(of: pool.members[index].id)
                pool.feed(.resolve(dispute.id, verb == .accept ? .accept(1_000) : .withdraw(1_000)), to: index)
                pool.advance(by: .minutes(1))
            }
        }
    }

    @Test(
        "Wherever an agent dies between records and actions, both sides have the same dispute and have carried out the same steps",
        arguments: [.beforeCommit] + (0...3).map { Pool.Crash.afterCommit(actions: $0) })
    func anywhere(_ crash: Pool.Crash) {
        var undisturbed = Story()
        undisturbed.run()
        #expect(undisturbed.pool.outcomes > 30 && undisturbed.pool.members[0].store.disputes.count == 2)
        for outcome in 1...undisturbed.pool.outcomes {
            var story = Story()
            story.pool.crash = (outcome, crash)
            story.run()
            Disputed.expectAgreement(story.pool)
            let told = story.pool.members.map { Set($0.store.resolutions.map(\.document)) }
            #expect(told[0] == told[1], "outcome \(outcome)")
        }
    }
}
