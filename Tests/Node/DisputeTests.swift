import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

@Suite("Disputes")
struct DisputeTests {
    // MARK: Opened by rule

    @Test("What is billed above what the jobs report is in dispute on both sides, with what each holds; the rest is paid")
    func byRule() throws {
        let pool = try Disputed.trade()
        let (ours, theirs) = (try Disputed.dispute(pool, 0), try Disputed.dispute(pool, 1))
        #expect(ours.id == theirs.id && ours.cause == .receipt && theirs.cause == .receipt)
        #expect(ours.amount == Charge(credits: Disputed.rest) && theirs.amount == ours.amount && ours.isOpen)
        for dispute in [ours, theirs] {
            #expect(dispute.creditor == pool.members[1].id && dispute.opener == pool.members[0].id)
            #expect(dispute.metered?.usage.cpu == 100_000_000 && dispute.held?.counted == 50_000_000)
            #expect(dispute.held?.plausible.cpu == 51_000_000 && dispute.reason.contains("plausible"), "\(dispute.reason)")
        }
        #expect(pool.balance(1, with: 0) == Disputed.plausible)
        for member in pool.members { #expect(member.store.events.count { $0.kind == "dispute.opened" } == 1) }
        Disputed.expectAgreement(pool)
    }

    @Test("A counter may be above what the jobs report by the tolerance, and by a second where that is less")
    func tolerance() throws {
        #expect(try Disputed.trade(counted: 98_100_000).members[0].node.disputes.values.isEmpty)
        #expect(try Disputed.trade(counted: 97_900_000).members[0].node.disputes.values.count == 1)
        let wide = try Disputed.trade(counted: 50_000_000, Disputed.policy(DisputeRule(tolerance: .whole)))
        #expect(wide.members[0].node.disputes.values.isEmpty && wide.balance(1, with: 0) == Disputed.billed)
        #expect(DisputeRule(tolerance: .zero).most(counting: 10) == 1_000_010)
        #expect(try Disputed.trade(counted: nil).members[0].node.disputes.values.isEmpty, "no report says nothing against it")
    }

    @Test("What is in dispute holds up nothing: the next lease is granted, billed and paid")
    func blocksNothing() throws {
        var pool = try Disputed.trade()
        let lease = try pool.borrow()
        pool.advance(by: .seconds(36))
        pool.use(lease, cpu: 36_000_000)
        pool.feed(.release(lease), to: 0)
        pool.deliver()
        #expect(pool.balance(1, with: 0) == Disputed.plausible + 10_000)
        Disputed.expectAgreement(pool)
    }

    @Test("A last receipt that is never answered is in dispute when its lender gives up, and its borrower may still pay it")
    func unanswered() throws {
        var pool = Pool()
        let lease = try pool.borrow()
        pool.advance(by: .seconds(100))
        pool.use(lease, cpu: 100_000_000)
        pool.isLost = { if case .receipt = $0.message { true } else { false } }
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .days(8))
        pool.isLost = { _ in false }
        pool.advance(by: .hours(1))
        let dispute = try Disputed.dispute(pool)
        #expect(dispute.cause == .unanswered && dispute.untold == nil && dispute.left.credits == Disputed.billed)
        #expect(pool.balance(1, with: 0) == .zero)
        Disputed.expectAgreement(pool)
        pool.feed(.resolve(dispute.id, .accept(nil)), to: 0)
        pool.deliver()
        #expect(pool.balance(1, with: 0) == Disputed.billed)
        Disputed.expectAgreement(pool)
    }

    @Test("What the jobs report is held against the counter once it is known of all of them, and never of a half of a swap")
    func reports() throws {
        func disputes(_ change: (inout Pool, LeaseID) -> Void, swap: Bool = false) throws -> [Dispute] {
            var pool = Pool(policy: Disputed.policy())
            let lease = try swap ? Disputed.swap(&pool) : pool.borrow()
            change(&pool, lease)
            pool.advance(by: .seconds(100))
            pool.use(lease, cpu: 100_000_000)
            pool.feed(.release(lease), to: 0)
            pool.advance(by: .minutes(10))
            pool.expectRest()
            return pool.members[0].node.disputes.values
        }
        let job = JobID(high: 1, low: 7)
        #expect(try disputes { $0.run($1, using: 50_000_000) }.count == 1)
        #expect(try disputes { $0.run($1, using: nil) }.isEmpty)
        #expect(try disputes { $0.feed(.counted($1, by: job, 50_000_000), to: 0) }.isEmpty, "nobody knew of it")
        #expect(
            try disputes {
                $0.run($1, using: 50_000_000)
                $0.feed(.occupied($1, by: job, true), to: 0)
            }.isEmpty, "one goes on")
        #expect(
            try disputes {
                $0.run($1, using: 50_000_000)
                $0.run($1, using: 49_000_000)
            }.isEmpty, "together they did")
        #expect(try disputes({ $0.run($1, using: 50_000_000) }, swap: true).isEmpty)
    }

    @Test("What was paid in a swap is not given back in credits: neither side takes up a dispute of it")
    func swapped() throws {
        var pool = Pool(policy: Disputed.policy())
        let lease = try Disputed.swap(&pool)
        pool.advance(by: .seconds(100))
        pool.use(lease, cpu: 100_000_000)
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .minutes(20))
        let signed = try Disputed.paid(pool)
        let entries = pool.members.map(\.node.books.entries)
        try Disputed.open(&pool, 1, signed)
        #expect(pool.members[0].disputeDecisions.compactMap { $0?.reason.contains("it is of a swap") } == [true])
        let notice = DisputeNotice(
            dispute: DisputeID(high: 1 << 30, low: 2), document: signed.document, lenderSignature: signed.lenderSignature,
            borrowerSignature: signed.borrowerSignature, amount: 1, reason: "give me that", opened: pool.now.utc)
        pool.feed(.message(from: pool.members[0].id, .dispute(notice)), to: 1)
        let answers = pool.wire.compactMap {
            if case .disputeAnswer(_, let refusal) = $0.message { refusal?.reason } else { nil }
        }
        #expect(answers.count == 1 && answers[0].contains("it is of a swap"))
        #expect(pool.members.allSatisfy { $0.node.disputes.values.isEmpty })
        #expect(pool.members.map(\.node.books.entries) == entries)
    }

    // MARK: Ends

    @Test("The debtor accepts it: then it is owed like anything else")
    func accepted() throws {
        var pool = try Disputed.trade()
        pool.feed(.resolve(try Disputed.dispute(pool).id, .accept(nil)), to: 0)
        pool.deliver()
        let dispute = try Disputed.dispute(pool, 1)
        #expect(dispute.state == .resolved && dispute.stands.credits == Disputed.rest)
        #expect(pool.balance(1, with: 0) == Disputed.billed && pool.members[0].disputeDecisions == [nil])
        #expect(pool.members[0].node.books.balance(of: .spent).net == Disputed.billed)
        Disputed.expectAgreement(pool)
    }

    @Test("The creditor drops it: then it was not earned")
    func dropped() throws {
        var pool = try Disputed.trade()
        pool.feed(.resolve(try Disputed.dispute(pool).id, .withdraw(nil)), to: 1)
        pool.deliver()
        let dispute = try Disputed.dispute(pool)
        #expect(dispute.state == .resolved && dispute.dropped.credits == Disputed.rest)
        #expect(
            pool.balance(1, with: 0) == Disputed.plausible
                && pool.members[1].node.books.balance(of: .earned).net == -Disputed.plausible)
        Disputed.expectAgreement(pool)
    }

    @Test("Both give way in parts, in any order, until nothing is left")
    func agreed() throws {
        var pool = try Disputed.trade()
        let id = try Disputed.dispute(pool).id
        pool.feed(.resolve(id, .accept(5_000)), to: 0)
        pool.deliver()
        pool.feed(.resolve(id, .withdraw(600)), to: 1)
        pool.deliver()
        #expect(try Disputed.dispute(pool).left.credits == 8_011 && Disputed.dispute(pool).isOpen)
        Disputed.expectAgreement(pool)
        pool.feed(.resolve(id, .withdraw(8_011)), to: 1)
        pool.deliver()
        #expect(try Disputed.dispute(pool).state == .resolved && Disputed.dispute(pool).steps == 3)
        #expect(pool.balance(1, with: 0) == Disputed.plausible + 5_000)
        Disputed.expectAgreement(pool)
    }

    @Test("Where both give way at once the creditor's step holds, and the debtor is told so")
    func atOnce() throws {
        var pool = try Disputed.trade()
        let id = try Disputed.dispute(pool).id
        pool.feed(.resolve(id, .accept(5_000)), to: 0)
        pool.feed(.resolve(id, .withdraw(1_000)), to: 1)
        pool.advance(by: .minutes(1))
        #expect(try Disputed.dispute(pool).dropped.credits == 1_000 && Disputed.dispute(pool).stands == .zero)
        #expect(pool.members[0].disputeDecisions.compactMap(\.self).first?.reason.contains("at the same time") == true)
        #expect(pool.members[1].disputeDecisions == [nil])
        Disputed.expectAgreement(pool)
    }

    @Test("After 30 days of silence what was not accepted is asked for no more, whatever went on meanwhile")
    func silence() throws {
        var pool = try Disputed.trade()
        pool.advance(by: .days(29))
        #expect(try Disputed.dispute(pool).isOpen)
        pool.advance(by: .days(2))
        let dispute = try Disputed.dispute(pool)
        #expect(dispute.state == .resolved && dispute.dropped.credits == Disputed.rest)
        #expect(pool.members[1].store.resolutions.map(\.resolution.isBySilence) == [true])
        Disputed.expectAgreement(pool)
    }

    @Test("A creditor whose policy says so leaves it open for ever, and what is over is forgotten in time")
    func leftOpen() throws {
        var pool = try Disputed.trade(Disputed.policy(DisputeRule(dropAfter: nil)))
        pool.advance(by: .days(100))
        #expect(try Disputed.dispute(pool).isOpen)
        Disputed.expectAgreement(pool)
        pool.feed(.resolve(try Disputed.dispute(pool).id, .withdraw(nil)), to: 1)
        pool.advance(by: .days(76))
        for member in pool.members { #expect(member.node.disputes.values.isEmpty && member.store.disputes.count == 1) }
    }

    // MARK: By a person

    @Test("A person disputes what was paid; nothing moves before the lender gives it back")
    func byPerson() throws {
        var pool = try Disputed.trade(counted: nil)
        try Disputed.open(&pool, 7_000)
        pool.deliver()
        let dispute = try Disputed.dispute(pool, 1)
        #expect(dispute.cause == .person && dispute.amount.credits == 7_000 && dispute.reason == "half of it is broken")
        #expect(dispute.metered?.usage.cpu == 100_000_000 && dispute.held != nil)
        #expect(pool.balance(1, with: 0) == Disputed.billed && pool.members[0].disputeDecisions == [nil])
        Disputed.expectAgreement(pool)
        pool.feed(.resolve(dispute.id, .accept(4_000)), to: 1)
        pool.deliver()
        #expect(pool.balance(1, with: 0) == Disputed.billed - 4_000)
        pool.feed(.resolve(dispute.id, .withdraw(nil)), to: 0)
        pool.deliver()
        #expect(
            pool.balance(1, with: 0) == Disputed.billed - 4_000 && pool.members[1].node.books.balance(of: .earned).net == -23_777)
        #expect(try Disputed.dispute(pool).state == .resolved)
        Disputed.expectAgreement(pool)
    }

    @Test("What a person disputes stays open, unless the lender's policy gives it back after a time")
    func personSilence() throws {
        var pool = try Disputed.trade(counted: nil)
        try Disputed.open(&pool)
        pool.advance(by: .days(90))
        #expect(try Disputed.dispute(pool, 1).isOpen)
        Disputed.expectAgreement(pool)
        var other = try Disputed.trade(counted: nil, Disputed.policy(DisputeRule(giveBackAfter: .days(3))))
        try Disputed.open(&other)
        other.advance(by: .days(4))
        #expect(try Disputed.dispute(other).state == .resolved && other.balance(1, with: 0) == .zero)
        Disputed.expectAgreement(other)
    }

    @Test("What cannot be disputed is refused with its reason, and nothing changes")
    func notDisputable() throws {
        var pool = try Disputed.trade(counted: nil)
        let signed = try Disputed.paid(pool)
        func refuse(_ reason: String, _ feed: (inout Pool) throws -> Void, sourceLocation: SourceLocation = #_sourceLocation)
            throws
        {
            let before = pool.members.map { ($0.node.disputes.values, $0.node.books.entries) }
            let decided = pool.members.reduce(0) { $0 + $1.disputeDecisions.count }
            try feed(&pool)
            pool.deliver()
            let refusals = pool.members.flatMap(\.disputeDecisions).compactMap(\.self)
            #expect(pool.members.reduce(0) { $0 + $1.disputeDecisions.count } == decided + 1, sourceLocation: sourceLocation)
            #expect(refusals.contains { $0.reason.contains(reason) }, "\(refusals)", sourceLocation: sourceLocation)
            for (member, known) in zip(pool.members, before) {
                #expect(
                    member.node.disputes.values == known.0 && member.node.books.entries == known.1, sourceLocation: sourceLocation
                )
            }
        }
        try refuse("only its borrower") { try Disputed.open(&$0, nil, signed, at: 1) }
        try refuse("at most") { try Disputed.open(&$0, 27_778) }
        try refuse("at most") { try Disputed.open(&$0, -1) }
        try refuse("there is no open dispute") { $0.feed(.resolve(DisputeID(high: 1, low: 1), .accept(nil)), to: 0) }
        try Disputed.open(&pool, 20_000)
        pool.deliver()
        let id = try Disputed.dispute(pool).id
        try refuse("at most 0.007777") { try Disputed.open(&$0, 10_000, id: 2) }
        try Disputed.open(&pool, id: 2)
        pool.deliver()
        let rest = try #require(pool.members[1].node.disputes.values.first { $0.id != id })
        #expect(rest.amount.credits == 7_777, "what is left, where no amount is named")
        try refuse("nothing of it is left to dispute") { try Disputed.open(&$0, id: 3) }
        pool.feed(.resolve(rest.id, .withdraw(nil)), to: 0)
        pool.deliver()
        try refuse("this node can accept it") { $0.feed(.resolve(id, .withdraw(nil)), to: 1) }
        try refuse("this node can withdraw it") { $0.feed(.resolve(id, .accept(nil)), to: 0) }
        try refuse("0.02 credits of it are in dispute") { $0.feed(.resolve(id, .accept(20_001)), to: 1) }
        try refuse("of it are in dispute") { $0.feed(.resolve(id, .accept(.zero)), to: 1) }
        pool.stand(for: .days(31))
        try refuse("it is older than") { try Disputed.open(&$0, 1, id: 4) }
        pool.feed(.resolve(id, .accept(nil)), to: 1)
        pool.deliver()
        try refuse("there is no open dispute") { $0.feed(.resolve(id, .accept(nil)), to: 1) }
        Disputed.expectAgreement(pool)
    }
}
