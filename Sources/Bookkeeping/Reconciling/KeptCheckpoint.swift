import Resources

/// A checkpoint in the ledger of one of both who signed it.
package struct KeptCheckpoint: Hashable, Sendable {
    package var signed: SignedCheckpoint
    /// The first row of this ledger that it leaves to the one after it; rows from there on may still be covered by it.
    package var next: Int64

    package init(_ signed: SignedCheckpoint, next: Int64) {
        self.signed = signed
        self.next = next
    }

    package var checkpoint: Checkpoint { signed.checkpoint }
}
