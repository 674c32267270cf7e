import Bookkeeping
import Resources
import TestKit
import Testing
import Trading

@testable import Node

@Suite("Hostile messages about nettings")
struct HostileNettingTests {
    /// A ring of three in which the last one has been asked, and has signed; nothing is decided yet.
    private func prepared() throws -> (pool: Pool, netting: Netting) {
        var pool = Pool.ring(3)
        pool.isLost = { $0.message.isNettingVote }
        pool.feed(.net(NettingID(at: pool.now.utc, low: 1), isDryRun: false), to: 0)
        pool.advance(by: .seconds(3))
        return (pool, try #require(pool.members[0].node.nettings.first?.netting))
    }

    private func decision(_ netting: Netting, _ isCommitted: Bool, by signer: NodeID, signatures: [Signature]) -> NettingDecision
    {
        let word = NettingDecision.document(of: netting.id, isCommitted: isCommitted)
        return NettingDecision(
            netting: netting.id, isCommitted: isCommitted, signature: PlainNotary(node: signer).sign(word),
            signatures: signatures)
    }

    @Test("Only the initiator decides, and to commit it needs the signatures of all")
    func decisions() throws {
        var (pool, netting) = try prepared()
        let all = netting.members.map { PlainNotary(node: $0).sign(netting.document) }
        let (initiator, other) = (netting.initiator, netting.members[1])
        let forged = [
            decision(netting, true, by: other, signatures: all), decision(netting, false, by: other, signatures: []),
            decision(netting, true, by: initiator, signatures: Array(all.dropLast())),
            decision(netting, true, by: initiator, signatures: [all[0], all[0], all[2]]),
            decision(netting, true, by: initiator, signatures: []),
        ]
        for decision in forged { pool.feed(.message(from: other, .netting(.decision(decision))), to: 2) }
        #expect(pool.members[2].node.nettings.map(\.phase) == [.prepared] && pool.nettingPosts == [0, 0, 0])
        // Passed on by another member it is as good as from the initiator.
        pool.feed(
            .message(from: other, .netting(.decision(decision(netting, true, by: initiator, signatures: all)))), to: 2)
        #expect(pool.members[2].node.nettings.map(\.phase) == [.committed])
        // What was decided stays decided.
        pool.feed(
            .message(from: initiator, .netting(.decision(decision(netting, false, by: initiator, signatures: [])))), to: 2)
        #expect(pool.members[2].node.nettings.map(\.phase) == [.committed] && pool.nettingPosts == [0, 0, 1])
    }

    @Test("A vote counts only with the signature of the member that gives it; strangers are not heard")
    func votes() throws {
        var (pool, netting) = try prepared()
        let (stranger, second, third) = (NodeID(high: 9, low: 9), netting.members[1], netting.members[2])
        let own = PlainNotary(node: second).sign(netting.document)
        let votes: [(NodeID, NettingMessage)] = [
            (stranger, .vote(netting.id, .success(PlainNotary(node: stranger).sign(netting.document)))),
            (stranger, .vote(netting.id, .failure(Refusal(term: "x", reason: "no")))), (third, .vote(netting.id, .success(own))),
            (second, .vote(netting.id, .success(PlainNotary(node: second).sign([1])))), (stranger, .done(netting.id)),
            (second, .vote(netting.id, .success(own))), (second, .vote(netting.id, .success(own))),
            (stranger, .inquire(document: netting.document)), (second, .untold(netting.id)), (third, .untold(netting.id)),
        ]
        for (sender, message) in votes { pool.feed(.message(from: sender, .netting(message)), to: 0) }
        #expect(pool.members[0].node.nettings.map(\.phase) == [.preparing])
        let last = PlainNotary(node: third).sign(netting.document)
        pool.feed(.message(from: third, .netting(.vote(netting.id, .success(last)))), to: 0)
        #expect(pool.members[0].node.nettings.map(\.phase) == [.committed])
    }

    @Test("What is prepared must be signed by its first member, be about true debts, and have ids of its own")
    func documents() throws {
        var pool = Pool.ring(3)
        let ids = pool.members.map(\.id)
        func document(
            _ members: [NodeID], _ amount: Microcredits = 1000, transfer: TransferID? = nil, id: UInt64 = 1
        ) -> Netting {
            Netting(
                id: NettingID(at: pool.now.utc, low: id), transfer: transfer ?? TransferID(at: pool.now.utc, low: 1 << 40 + id),
                members: members, amount: amount, at: pool.now.utc, deadline: pool.now.utc + Nettings.voting)
        }
        func ask(_ netting: Netting, from sender: Int = 0, signedBy signer: Int = 0) -> [NettingMessage] {
            pool.wire = []
            let signature = PlainNotary(node: ids[signer]).sign(netting.document)
            pool.feed(.message(from: ids[sender], .netting(.prepare(document: netting.document, signature))), to: 1)
            return pool.wire.compactMap { if case .netting(let message) = $0.message { message } else { nil } }
        }
        func isRefusal(_ answers: [NettingMessage], _ term: String) -> Bool {
            guard case .vote(_, .failure(let refusal))? = answers.first else { return false }
            return refusal.term == term
        }
        #expect(ask(document(ids), from: 2).isEmpty && ask(document(ids), signedBy: 2).isEmpty)
        #expect(ask(document([ids[0], ids[2], NodeID(high: 9, low: 9)])).isEmpty)
        #expect(ask(document([ids[0], ids[1]])).isEmpty && ask(document([ids[0], ids[1], ids[1]])).isEmpty)
        #expect(ask(document(ids, .zero)).isEmpty && ask(document(ids, Microcredits(-5))).isEmpty)
        // The other way round nobody owes anybody.
        #expect(isRefusal(ask(document([ids[0], ids[2], ids[1]])), "credit"))
        #expect(isRefusal(ask(document(ids, 1_000_001)), "credit"))
        let used = try #require(pool.members[1].store.transfers.first?.id)
        #expect(isRefusal(ask(document(ids, transfer: used)), "transfer"))
        let later = TransferID(at: pool.now.utc + .days(30), low: 1)
        #expect(isRefusal(ask(document(ids, transfer: later)), "transfer"))
        #expect(pool.members[1].node.books.reservations.isEmpty)
        guard case .vote(_, .success)? = ask(document(ids)).first else { return #expect(Bool(false), "refused") }
        // The same id with other content is no second netting, and no answer to the first.
        #expect(ask(document(ids, 2000)).isEmpty && pool.members[1].node.books.reservations.count == 1)
    }

    @Test("Probes that lie about their path go nowhere, none goes on twice, and nobody may send very many")
    func probes() {
        var pool = Pool.ring(3)
        let (debtor, member) = (pool.members[0].id, pool.members[1].id)
        func passes(_ search: UInt64, _ path: [NodeID], _ amount: Microcredits = 500_000, from sender: NodeID) -> Int {
            pool.wire = []
            let probe = NettingProbe(search: NettingID(high: 1, low: search), path: path, amount: amount)
            pool.feed(.message(from: sender, .netting(.probe(probe))), to: 1)
            return pool.wire.count { $0.message.isNettingProbe }
        }
        let stranger = NodeID(high: 9, low: 9)
        #expect(passes(1, [debtor], from: stranger) == 0 && passes(1, [stranger], from: stranger) == 0)
        #expect(passes(1, [], from: debtor) == 0 && passes(1, [stranger, stranger, debtor], from: debtor) == 0)
        #expect(passes(1, [stranger, member, debtor], from: debtor) == 0 && passes(1, [debtor], 1, from: debtor) == 0)
        let long = (10..<16).map { NodeID(high: 9, low: UInt64($0)) }
        #expect(passes(1, long + [debtor], from: debtor) == 0 && passes(1, [debtor], Microcredits(.max), from: debtor) == 0)
        #expect(passes(2, [debtor], from: debtor) == 1 && passes(2, [debtor], from: debtor) == 0)
        let count = (0..<1000).reduce(0) { $0 + passes(100 + UInt64($1), [debtor], from: debtor) }
        #expect(count < Nettings.probesPerMinute && count > Nettings.probesPerMinute / 2)
        pool.stand(for: .minutes(3))
        #expect(passes(2, [debtor], from: debtor) == 1)
    }

    @Test("Whatever name somebody takes for another transfer meanwhile, what was netted is posted")
    func takenName() throws {
        var (pool, netting) = try prepared()
        // A transfer of the second member's own has the name that the posting would have.
        let peer = pool.members[0].id
        let transfer = Transfer(netting.posting, debit: .peer(peer), credit: .earned, 5, at: pool.now.utc)
        try pool.members[1].store.commit([.transfer(transfer)], at: pool.now)
        try pool.members[0].store.commit(
            [
                .transfer(
                    Transfer(
                        TransferID(at: pool.now.utc, low: 77), debit: .spent, credit: .peer(pool.members[1].id), 5,
                        at: pool.now.utc))
            ],
            at: pool.now)
        pool.isLost = { _ in false }
        pool.restart(1)
        pool.restart(0)
        pool.advance(by: .minutes(1))
        #expect(pool.nettingPosts == [1, 1, 1])
        pool.expectRest()
    }
}
