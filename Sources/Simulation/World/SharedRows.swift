import Bookkeeping
import Node
import Resources

/// The rows of a simulated ledger that moved something on the line with a peer, and the checkpoints with it: what the product
/// reads by index from SQLite.
struct SharedRows {
    private var rows: [NodeID: [SharedHistoryReader.Movement]] = [:]
    private var checkpoints: [NodeID: [Checkpoint]] = [:]
    private var sequence: Int64 = 0

    mutating func add(_ transfer: Transfer) {
        sequence += 1
        guard transfer.kind == .direct || transfer.kind == .post else { return }
        for (account, sign) in [(transfer.debit, Int64(1)), (transfer.credit, -1)] {
            guard case .peer(let peer) = account else { continue }
            var amount = LedgerAmount(sign * transfer.amount.rawValue)
            #if Defects
                if Defect.active == .settledEntryAltered, sign > 0, transfer.id.low % 4 == 0 { amount = amount + LedgerAmount(1) }
            #endif
            rows[peer, default: []].append(
                SharedHistoryReader.Movement(
                    sequence: sequence, transfer: transfer.id, lease: transfer.lease, unit: transfer.unit, amount: amount))
        }
    }

    mutating func add(_ signed: SignedCheckpoint, with peer: NodeID) {
        sequence += 1
        checkpoints[peer, default: []].append(signed.checkpoint)
    }

    func history(_ query: SharedHistoryQuery, _ notary: any Notary) -> Result<SharedHistory, Refusal> {
        do throws(Refusal) {
            var reader = try SharedHistoryReader(
                query, checkpoints: checkpoints[query.peer] ?? [], beginning: 0, digest: notary.digest)
            for row in rows[query.peer] ?? [] where row.sequence > query.start { reader.take(row) }
            let head = notary.digest(withUnsafeBytes(of: sequence.bigEndian, Array.init))
            return .success(reader.finish(at: LedgerPlace(sequence: sequence, head: head)))
        } catch {
            return .failure(error)
        }
    }

    /// All that was ever settled with a peer.
    func all(of own: NodeID, with peer: NodeID, _ notary: any Notary) -> [SharedEntry] {
        let query = SharedHistoryQuery(
            own: own, peer: peer, latest: nil, scope: .open(after: nil, until: .max), checksPast: false, from: 1)
        return (try? history(query, notary).get().entries) ?? []
    }
}
