import Bookkeeping
import GRDB
import Resources

extension LedgerReader {
    /// What was signed of something that a peer asks about, from all segments that are in the directory.
    package func recall(_ subject: RecallSubject) throws(LedgerStoreError) -> Recalled {
        try fold(into: Recalled()) { found, db in
            switch subject {
            case .receipt(let id, let agreement):
                // One that was answered after its segment was closed is in the next one, too.
                found.receipt = try Rows.receipt(db, id) ?? found.receipt
                found.agreement = try found.agreement ?? Rows.agreement(db, agreement)
            case .adjustment(let id): found.adjustment = try found.adjustment ?? Rows.adjustment(db, id)
            case .resolution(let id, let number):
                found.resolution = try found.resolution ?? Rows.resolution(db, id, number: number)
            }
            return true
        }
    }
}
