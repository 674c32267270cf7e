import Bookkeeping
import Node
import Policy
import Resources
import Testing
import Trading

// Pools in which something is owed already.

extension Pool {
    /// Who owes whom, by their places.
    struct Owed {
        let debtor: Int
        let creditor: Int
        let amount: Microcredits

        init(_ debtor: Int, _ creditor: Int, _ amount: Microcredits) {
            (self.debtor, self.creditor, self.amount) = (debtor, creditor, amount)
        }
    }

    init(_ count: Int, policy: LendingPolicy = Pool.policy(), owing debts: [Owed]) {
        self.init(count, policy: policy)
        for (number, debt) in debts.enumerated() {
            let id = TransferID(at: now.utc, low: UInt64(number))
            let (debtor, creditor) = (members[debt.debtor].id, members[debt.creditor].id)
            owe(debt.debtor, creditor, Transfer(id, debit: .spent, credit: .peer(creditor), debt.amount, at: now.utc))
            owe(debt.creditor, debtor, Transfer(id, debit: .peer(debtor), credit: .earned, debt.amount, at: now.utc))
        }
        for index in members.indices { restart(index) }
    }

    private mutating func owe(_ index: Int, _ peer: NodeID, _ transfer: Transfer) {
        let line = TrustLine(peer: peer, granted: .credits(10), ownCeiling: .credits(10))
        #expect(throws: Never.self) { try members[index].store.commit([.trustLine(line), .transfer(transfer)], at: now) }
    }

    /// Each owes the next one, and the last the first, a credit and a little more.
    static func ring(_ length: Int, policy: LendingPolicy = Pool.policy()) -> Pool {
        Pool(
            length, policy: policy,
            owing: (0..<length).map { Owed($0, ($0 + 1) % length, 1_000_000 + Microcredits(Int64($0))) })
    }

    /// What each node is owed less what it owes.
    var positions: [Microcredits] {
        members.map { member in
            member.node.books.trustLines.reduce(.zero) { $0 + member.node.books.balance(of: .peer($1.peer)).net }
        }
    }

    /// A node looks for cycles and nets them, until nothing of that is under way.
    mutating func net(_ index: Int = 0, isDryRun: Bool = false) {
        members[index].news = []
        feed(.net(NettingID(at: now.utc, low: UInt64(index)), isDryRun: isDryRun), to: index)
        advance(by: .minutes(1))
    }

    /// How often each node has posted for nettings.
    var nettingPosts: [Int] { members.map { $0.store.transfers.count { $0.isNetting } } }

    /// Nothing is reserved or undecided, both sides of every line agree, and of each netting all members have posted it once, under
    /// the same id, or none has.
    func expectNetted(_ place: String = "", sourceLocation: SourceLocation = #_sourceLocation) {
        expectRest(sourceLocation: sourceLocation)
        var posts: [TransferID: [Int]] = [:]
        var nettings: [TransferID: Netting] = [:]
        for (index, member) in members.enumerated() {
            #expect(member.node.nettings.allSatisfy { $0.isOver }, "\(place)", sourceLocation: sourceLocation)
            for entry in member.node.nettings { nettings[entry.netting.transfer] = entry.netting }
            for transfer in member.store.transfers where transfer.isNetting { posts[transfer.id, default: []].append(index) }
        }
        for netting in nettings.values {
            let members = netting.members.compactMap { index(of: $0) }.sorted()
            let posted = posts[netting.posting] ?? []
            #expect(posted.isEmpty || posted == members, "\(place)", sourceLocation: sourceLocation)
        }
        #expect(posts.keys.allSatisfy { id in nettings.values.contains { $0.posting == id } }, sourceLocation: sourceLocation)
    }
}

extension Transfer {
    init(_ id: TransferID, debit: Account, credit: Account, _ amount: Microcredits, at time: Timestamp) {
        self.init(id: id, kind: .direct, debit: debit, credit: credit, amount: amount, at: time)
    }

    var isNetting: Bool {
        guard kind == .post, case .peer = debit, case .peer = credit else { return false }
        return true
    }
}

extension Identifier {
    init(at time: Timestamp, low: UInt64) { self.init(high: UInt64(time.microseconds / 1000) << 16, low: low) }
}

extension TradeMessage {
    var isNettingVote: Bool { if case .netting(.vote) = self { true } else { false } }
    var isNettingDecision: Bool { if case .netting(.decision) = self { true } else { false } }
    var isNettingPrepare: Bool { if case .netting(.prepare) = self { true } else { false } }
    var isNettingProbe: Bool { if case .netting(.probe) = self { true } else { false } }
}
