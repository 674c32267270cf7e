import Resources
import TestKit
import Testing
import Trading

@testable import Node

@Suite("Hostile messages")
struct HostileMessageTests {
    private let stranger = NodeID(high: 9, low: 9)

    private static let numbers: [Int64] = [.min, .min + 1, -1, 0, 1, 1_000_000, 1 << 40, .max - 1, .max]

    private func terms(using random: inout SeededGenerator) -> Terms {
        func number() -> Int64 { Self.numbers.randomElement(using: &random) ?? 0 }
        return Terms(
            amounts: Amounts(cpu: Millicores(number()), memory: Bytes(number())),
            prices: Prices(cpu: Microcredits(number()), memory: Microcredits(number())), term: Microseconds(number()),
            notice: .standard)
    }

    @Test("A lender's absurd offers, counters and commitments neither crash a borrower nor bind it")
    func absurdAnswers() throws {
        var random = SeededGenerator(seed: 51)
        for _ in 0..<300 {
            var pool = Pool(3)
            let request = pool.ask()
            let proposals = pool.wire.filter(\.message.isPropose)
            pool.wire = []
            for envelope in proposals {
                guard case .propose(let proposal) = envelope.message else { continue }
                let time = Microseconds(Self.numbers.randomElement(using: &random) ?? 0)
                let outcomes: [Answer.Outcome] = [
                    .offered(terms(using: &random), timeToLive: time, creditLimit: Microcredits(time.rawValue)),
                    .countered(terms(using: &random), reason: ""),
                    .rejected(Refusal(term: "", reason: "", retryAfter: time)),
                ]
                let answer = Answer(
                    negotiation: proposal.negotiation, round: 1, outcome: outcomes[Int.random(in: 0...2, using: &random)])
                pool.feed(.message(from: pool.members[envelope.to].id, .answer(answer)), to: 0)
            }
            pool.advance(by: .minutes(1))
            #expect(pool.members[0].decisions[request] != nil)
            for entry in pool.members[0].node.leases.values {
                #expect(entry.lease.terms.amounts.fits(in: Pool.want().amounts) && entry.lease.terms.term <= Pool.want().term)
            }
        }
    }

    @Test(
        "What comes in this node's own name is not heeded: it never trades with itself, and compares its ledger with nobody's of that name"
    )
    func ownName() {
        var pool = Pool(2)
        _ = pool.ask(from: [1])
        guard let proposal = pool.wire.first(where: { $0.message.isPropose }) else {
            Issue.record("nothing was proposed")
            return
        }
        pool.wire = []
        pool.feed(.message(from: pool.members[1].id, proposal.message), to: 1)
        #expect(pool.wire.isEmpty)
        let question = HistoryQuestion(
            scope: .open(after: nil, until: .max), isWhole: false, place: LedgerPlace(sequence: 0, head: .zero))
        let ask = ReconciliationMessage.ask(ReconciliationID(high: 1, low: 1), question)
        pool.feed(.message(from: pool.members[1].id, .reconciliation(ask)), to: 1)
        #expect(pool.wire.isEmpty)
        #expect(pool.members[1].node.books.trustLines.isEmpty && pool.members[1].node.reconciling.peers.isEmpty)
    }

    @Test("An absurd remaining time in a commitment gives at most the agreed term", arguments: numbers)
    func absurdRemaining(_ remaining: Int64) throws {
        var pool = Pool()
        let request = pool.ask()
        pool.isLost = { $0.message.isCommitted }
        pool.advance(by: .seconds(1))
        let commitment = try #require(pool.members[1].node.leases.values.first?.lease)
        pool.isLost = { _ in false }
        pool.wire = []
        pool.feed(.message(from: pool.members[0].id, .inquire(commitment.agreement)), to: 1)
        guard case .committed(var message)? = pool.wire.first?.message else { return #expect(Bool(false), "not confirmed") }
        message.remaining = Microseconds(remaining)
        pool.wire = []
        pool.feed(.message(from: pool.members[1].id, .committed(message)), to: 0)
        #expect(pool.members[0].decisions[request] != nil)
        #expect(try #require(pool.lease(commitment.id, 0)).ends.remaining(at: pool.now) <= Pool.want().term)
        pool.advance(by: .hours(1))
        pool.expectRest()
    }

    @Test("Proposals out of range are turned down, and no flood of proposals takes unbounded room")
    func floods() throws {
        var pool = Pool()
        var random = SeededGenerator(seed: 52)
        func proposal(_ terms: Terms, round: Int = 1) -> Proposal {
            Proposal(
                negotiation: NegotiationID(high: random.next(), low: random.next()), round: round, terms: terms, least: .zero,
                user: "x")
        }
        let good = Terms(
            amounts: Amounts(cpu: .cores(64)), prices: Prices(cpu: 1, memory: .zero), term: .minutes(1), notice: .standard)
        for _ in 0..<2000 {
            let round = Int(Self.numbers.randomElement(using: &random) ?? 0)
            pool.feed(.message(from: stranger, .propose(proposal(terms(using: &random), round: round))), to: 1)
            pool.feed(.message(from: stranger, .propose(proposal(good))), to: 1)
        }
        #expect(pool.members[1].node.talks.count + pool.members[1].node.holds.count <= Negotiating.perPeer)
    }

    @Test("No flood of inquiries takes unbounded room")
    func inquiries() {
        var pool = Pool()
        for n in 0..<UInt64(Negotiating.refusalsKept * 3) {
            pool.feed(.message(from: stranger, .inquire(AgreementID(high: 1, low: n))), to: 1)
        }
        #expect(pool.members[1].store.snapshot.refused.count == Negotiating.refusalsKept)
    }

    @Test("An acceptance or a renewal that reserves under an id dated ahead is declined")
    func datedAhead() throws {
        var pool = Pool()
        let request = pool.ask()
        while !pool.wire.contains(where: \.message.isAccept) { pool.deliverFirst() }
        guard case .accept(let acceptance)? = pool.wire.first?.message else { return }
        var agreement = try Agreement(document: acceptance.agreement.document)
        agreement.reservation = TransferID(high: .max, low: 0)
        let signed = SignedAgreement(
            document: agreement.document, borrowerSignature: pool.notary(0).sign(agreement.document))
        pool.wire = []
        pool.feed(
            .message(from: pool.members[0].id, .accept(Acceptance(negotiation: acceptance.negotiation, agreement: signed))), to: 1
        )
        #expect(pool.members[1].node.leases.isEmpty)
        pool.deliver()
        #expect(pool.members[0].decisions[request] != nil)

        let id = try pool.borrow()
        let renewal = Renewal(lease: id, number: 1, span: .minutes(1), reservation: TransferID(high: .max, low: 0))
        pool.feed(.message(from: pool.members[0].id, .renew(renewal)), to: 1)
        #expect(pool.lease(id, 1)?.renewals == 0)
    }

    @Test("Messages about another's lease change nothing")
    func meddling() throws {
        var pool = Pool()
        let id = try pool.borrow()
        let before = (0...1).map { pool.lease(id, $0) }
        let messages: [TradeMessage] = [
            .release(id), .closed(id, .revoked, detail: ""), .reclaim(id, remaining: .zero, reason: ""),
            .renew(Renewal(lease: id, number: 1, span: .minutes(1), reservation: TransferID(high: 1, low: 1))),
            .renewed(RenewalAnswer(lease: id, number: 1, reservation: TransferID(high: 1, low: 1))),
            .claims([LeaseClaim(lease: id, role: .borrower, isOpen: true)]),
            .claims([LeaseClaim(lease: id, role: .lender, isOpen: true)]),
        ]
        for message in messages { for index in 0...1 { pool.feed(.message(from: stranger, message), to: index) } }
        #expect((0...1).map { pool.lease(id, $0) } == before)
    }

    @Test("Absurd figures about a lease from its own other side do not crash", arguments: numbers)
    func absurdFigures(_ number: Int64) throws {
        var pool = Pool()
        let id = try pool.borrow()
        let span = Microseconds(number)
        for message in [
            TradeMessage.renew(Renewal(lease: id, number: Int(number), span: span, reservation: TransferID(high: 1, low: 1))),
            .renewed(RenewalAnswer(lease: id, number: Int(number), reservation: TransferID(high: 1, low: 1))),
            .reclaim(id, remaining: span, reason: ""),
        ] {
            for index in 0...1 { pool.feed(.message(from: pool.members[1 - index].id, message), to: index) }
        }
        pool.advance(by: .hours(1))
        pool.expectRest()
    }
}
