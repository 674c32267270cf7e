import Bookkeeping
import Resources

/// What checking the whole ledger has found.
package struct Verification: Hashable, Codable, Sendable {
    /// The number of the first segment that was there; above 1 when earlier ones were moved away, whose closing balances
    /// are then taken on trust.
    package var firstSegment = 0
    package var segments = 0
    package var transfers: Int64 = 0
    package var agreements: Int64 = 0
    package var receipts: Int64 = 0
    /// How many of the receipts are co-signed.
    package var cosignatures: Int64 = 0
    /// Changes to obligations that both sides have signed.
    package var adjustments: Int64 = 0
    /// What this node and a peer have agreed on, and both signed.
    package var checkpoints: Int64 = 0
    /// Steps towards the end of disputes that both sides have signed.
    package var resolutions: Int64 = 0
    /// Sequence of the last row that was found good.
    package var sequence: Int64 = 0
    /// Hash of that row: two nodes can compare it, or an owner keep it, to prove later that nothing before was changed.
    package var head = Digest.zero
    /// When an earlier verification was gone on from: the last row that it had found good.
    package var resumedAfter: Int64?
    /// The first fault; `nil` when all is well.
    package var fault: Fault?

    /// Where the ledger contradicts itself, and how.
    package struct Fault: Error, Hashable, Codable, Sendable, CustomStringConvertible {
        /// The file's name within the data directory.
        package let file: String
        package let table: String
        /// The row's sequence or name; `nil` when the fault is not in one row.
        package let row: String?
        /// What differs.
        package let difference: String

        package var description: String {
            "\(file): table \(table)\(row.map { ", row \($0)" } ?? ""): \(difference)"
        }
    }
}

/// Whether a signature over the bytes is by a receipt key that the node has, or had when it was current.
package typealias SignatureCheck = (Signature, [UInt8], NodeID) -> Bool

extension LedgerReader {
    /// Checks every segment that is there, from the first row on: the form of the tables, the chain of hashes without gaps, every
    /// rule of double entry, balances and reservations against a recount, and the signatures and chains of agreements and
    /// receipts. Takes some seconds for a million transfers; commits go on meanwhile; only tidying up closed segments, and
    /// closing the store, waits for the segment being read.
    ///
    /// It leaves from time to time how far it came, in ``checkpointFile``.
    ///
    /// - Parameters:
    ///   - resuming: goes on from where the last one was, finished or not, and takes on trust what is before.
    ///   - leavesCheckpoints: whether it does that.
    ///   - signatures: `nil` leaves them out.
    /// - Throws: ``LedgerStoreError`` when a file cannot be read at all.
    package func verify(
        resuming: Bool = false, leavesCheckpoints: Bool = true, signatures: SignatureCheck?
    ) throws(LedgerStoreError) -> Verification {
        try untilAtRest { sources in
            var checkpoint = resuming ? VerificationCheckpoint(file: checkpointFile) : nil
            if signatures != nil, checkpoint?.hasSignatures == false { checkpoint = nil }
            return try Verifier.run(sources, from: checkpoint, signatures: signatures) {
                if leavesCheckpoints { $0.save(checkpointFile) }
            }
        }
    }
}
