import Bookkeeping
import Node
import Policy
import Resources
import Trading

/// A pool whose nodes find cycles and agree on them by messages, as in the product: the same nodes, probes and votes. Nothing is
/// lost on the way and all are there; messages take no time.
package struct AgreedNetting {
    /// The most debts in a cycle.
    package static let longest = Nettings.longest

    private struct Member {
        var node: Node
        var random: SeededGenerator
        var wake: Instant?
    }

    private struct Message {
        let from: NodeID
        let to: NodeID
        let content: TradeMessage
    }

    private var members = SortedMap<NodeID, Member>()
    private var wire: [Message] = []
    private var clock = Moment(
        boot: BootID("boot-1"), instant: Instant(microseconds: 0), utc: Timestamp(microseconds: 1_767_225_600_000_000))
    /// How many cycles were cancelled, by their length.
    private(set) var cycles = SortedMap<Int, Int>()

    /// - Parameter debts: several between the same two nodes are netted first.
    /// - Throws: ``BooksError`` where they do not fit in a ledger.
    init(_ debts: [Debt]) throws(BooksError) {
        let netted = DebtGraph(debts).debts
        for id in Set(netted.flatMap { [$0.debtor, $0.creditor] }).sorted() {
            members[id] = try Self.member(id, netted.filter { $0.debtor == id || $0.creditor == id }, at: clock)
        }
    }

    private static func member(_ id: NodeID, _ debts: [Debt], at now: Moment) throws(BooksError) -> Member {
        var books = Books()
        for debt in debts {
            let isOwing = debt.debtor == id
            let peer = isOwing ? debt.creditor : debt.debtor
            books.set(TrustLine(peer: peer, granted: debt.amount, ownCeiling: debt.amount))
            let transfer = Transfer(
                id: TransferID(high: UInt64(now.utc.microseconds / 1000) << 16, low: peer.low), kind: .direct,
                debit: isOwing ? .spent : .peer(peer), credit: isOwing ? .peer(peer) : .earned, amount: debt.amount, at: now.utc)
            _ = try books.apply(transfer, at: now, isAcknowledged: true)
        }
        let node = Node(
            id: id, capacity: Amounts(cpu: .cores(1)), policy: LendingPolicy(name: "nets"),
            restoring: Snapshot(books: books.snapshot), at: now)
        return Member(node: node, random: SeededGenerator(seed: id.low))
    }

    /// What is owed now, in order of debtors and creditors.
    var debts: [Debt] {
        members.pairs.flatMap { id, member in
            member.node.books.trustLines.compactMap { line in
                let net = member.node.books.balance(of: .peer(line.peer)).net
                return net < .zero ? Debt(debtor: id, creditor: line.peer, amount: -net) : nil
            }
        }.sorted { ($0.debtor, $0.creditor) < ($1.debtor, $1.creditor) }
    }

    /// Each node in turn looks for cycles once, a minute after the one before.
    mutating func run(progress: (Int) -> Void = { _ in }) {
        for (count, id) in members.keys.enumerated() {
            let search = NettingID(high: UInt64(clock.utc.microseconds / 1000) << 16, low: UInt64(count))
            feed(.net(search, isDryRun: false), to: id)
            goOn(until: clock.instant + .minutes(1))
            progress(count + 1)
        }
    }

    private mutating func feed(_ event: NodeEvent, to id: NodeID) {
        guard var member = members[id] else { return }
        let outcome = member.node.handle(event, at: clock, random: &member.random, notary: StandInNotary(node: id))
        member.wake = outcome.wake
        members[id] = member
        for action in outcome.actions {
            switch action {
            case .send(let peer, let content): wire.append(Message(from: id, to: peer, content: content))
            case .netting(_, .ended(_, let cycle, nil)):
                cycles[cycle.members.count] = (cycles[cycle.members.count] ?? 0) + 1
            default: break
            }
        }
    }

    private mutating func deliver() {
        while !wire.isEmpty {
            let batch = wire
            wire = []
            for message in batch { feed(.message(from: message.from, message.content), to: message.to) }
        }
    }

    private mutating func goOn(until end: Instant) {
        deliver()
        while let wake = members.values.compactMap(\.wake).min(), wake < end {
            // What is due and stays due would hold up time.
            clock = clock + max(wake - clock.instant, .milliseconds(1))
            for (id, member) in members.pairs where member.wake.map({ $0 <= clock.instant }) == true { feed(.tick, to: id) }
            deliver()
        }
        clock = clock + max(.zero, end - clock.instant)
    }
}
