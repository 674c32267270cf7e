import Bookkeeping
import Node
import Resources
import Trading

// What must hold of what ledgers have of each other.

extension World {
    static let sameHistory = "both ledgers have the same of what was settled between them"

    /// No difference is found between nodes that did not forge messages: they have changed nothing.
    mutating func look(atReconciliations records: [Record], _ index: Int) {
        for case .state(.reconciliation, _, let known as PeerReconciliation) in records {
            guard let difference = known.difference, let peer = self.index(of: known.peer), !hasForger(index, peer) else {
                continue
            }
            violate(Self.sameHistory, index, "\(nodes[peer].name) differs: \(difference)")
        }
        for case .checkpoint in records { counts.checkpoints += 1 }
    }

    /// At rest, whatever comparisons have found.
    mutating func checkHistories() {
        for a in nodes.indices {
            for b in nodes.indices where a < b && !hasForger(a, b) {
                let here = nodes[a].disk.shared.all(of: nodes[a].id, with: nodes[b].id, nodes[a].notary)
                let there = nodes[b].disk.shared.all(of: nodes[b].id, with: nodes[a].id, nodes[b].notary)
                guard let difference = here[...].firstDifference(from: there[...]) else { continue }
                violate(Self.sameHistory, a, "\(nodes[b].name) differs at rest: \(difference)")
            }
        }
    }

    private func hasForger(_ a: Int, _ b: Int) -> Bool { nodes[a].hasForged || nodes[b].hasForged }
}
