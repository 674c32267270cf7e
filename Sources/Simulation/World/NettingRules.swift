import Bookkeeping
import Node
import Resources
import Trading

// Those who look for cycles of debts, and what must hold of what is netted.

extension World {
    private static let allOrNone = "a netting is posted once by all or by none"
    private static let unchanged = "netting changes nobody's net position"

    mutating func somebodyNets() {
        guard isBusy else { return }
        schedule(.somebodyNets, after: random.span(.zero...scenario.netEvery * 2))
        let index = Int.random(in: nodes.indices, using: &random)
        guard nodes[index].node != nil else { return }
        let id = NettingID(at: moment(index).utc, using: &random)
        feed(.net(id, isDryRun: random.chance(.percent(10))), to: index)
    }

    mutating func heard(_ news: NettingNews, _ index: Int) {
        switch news {
        case .found(let cycle):
            counts.cycles += 1
            note("cycle", index, "\(cycle.amount.text) around \(cycle.members.count)")
        case .ended(_, _, nil): counts.nettings += 1
        case .ended, .refused, .probing, .began, .finished: break
        }
    }

    /// What is moved for a netting goes between the lines of its member with its neighbours, and is what was agreed on.
    mutating func look(atNettings records: [Record], _ index: Int) {
        for case .state(.netting, _, let entry as NettingEntry) in records { nettings[entry.id] = entry.netting }
        for case .transfer(let transfer) in records {
            guard case .peer = transfer.debit, case .peer = transfer.credit else { continue }
            let reservation = transfer.of ?? transfer.id
            guard let netting = nettings.values.first(where: { $0.transfer == reservation }),
                let neighbours = netting.neighbours(of: nodes[index].id),
                transfer.debit == .peer(neighbours.creditor), transfer.credit == .peer(neighbours.debtor),
                transfer.amount == LedgerAmount(netting.amount) || transfer.kind == .void && transfer.amount == .zero
            else {
                violate(
                    Self.unchanged, index, "\(transfer.id) moves \(transfer.amount) from \(transfer.debit) to \(transfer.credit)")
                continue
            }
        }
    }

    /// Notes what a message acknowledges, at the moment it leaves.
    mutating func remember(_ message: NettingMessage, by index: Int) {
        switch message {
        case .vote(let id, .success): nodes[index].nettingsSigned.insert(id)
        case .decision(let decision) where decision.isCommitted: nodes[index].nettingsCommitted.insert(decision.netting)
        case .vote, .decision, .probe, .prepare, .done, .inquire, .untold: break
        }
    }

    /// After a restart.
    mutating func checkRestoredNettings(_ index: Int) {
        for id in nodes[index].nettingsSigned where nodes[index].disk.netting(id) == nil {
            violate("nothing acknowledged is forgotten", index, "that it has signed \(id)")
        }
        for id in nodes[index].nettingsCommitted where nodes[index].disk.netting(id)?.phase != .committed {
            violate("nothing acknowledged is forgotten", index, "that \(id) is committed")
        }
    }

    /// At rest.
    mutating func checkNettings() {
        for index in nodes.indices {
            for entry in nodes[index].node?.nettings ?? [] where !entry.isOver {
                violate("every netting comes to its end", index, "\(entry.id) is \(entry.phase.rawValue)")
            }
        }
        for netting in nettings.values {
            let members = netting.members.compactMap { index(of: $0) }
            let posted = members.map { nodes[$0].disk.nettingPosts[netting.transfer] ?? 0 }
            guard let first = posted.first, !(0...1).contains(first) || posted.contains(where: { $0 != first }) else { continue }
            let seen = zip(members, posted).map { "\(nodes[$0].name) \($1) times" }
            violate(Self.allOrNone, members[0], "\(netting.id): \(seen.joined(separator: ", "))")
        }
    }
}
