import Resources

/// Something a core decided that must be durable before anything that follows from it may happen.
///
/// The records of one decision are committed together or not at all, and in the order of the decisions.
package enum Record: Sendable {
    /// Appends a line to the ledger.
    case transfer(Transfer)
    /// Sets the trust line with one peer.
    case trustLine(TrustLine)
    /// Keeps a receipt; written again once it is co-signed.
    case receipt(SignedReceipt)
    /// Keeps an agreement signed by both.
    case agreement(AgreementRecord)
    /// Keeps an adjustment signed by both.
    case adjustment(SignedAdjustment)
    /// Keeps a checkpoint signed by both, with the peer that signed it.
    case checkpoint(KeptCheckpoint, with: NodeID)
    /// Keeps a step towards the end of a dispute, signed by both.
    case resolution(SignedResolution)
    /// Sets what is known of a dispute; kept also when it is over.
    case dispute(Dispute)
    /// Sets what is known of an obligation; kept also when nothing is owed any more.
    case obligation(Obligation)
    /// Sets or, with `nil`, removes one thing of the state a core restores itself from.
    case state(StateKind, id: String, (any Codable & Sendable)?)
    /// Tells the story, for `explain` and `events`.
    case event(Event)
}

/// The kinds of restorable state; the raw value names the kind on disk.
package enum StateKind: String, Hashable, Codable, Sendable, CaseIterable {
    /// A binding offer that holds capacity on the lender.
    case hold
    /// A borrower's open request and what became of it.
    case request
    /// A lease, on either side.
    case lease
    /// An agreement a lender refused for good, so that it can never be committed later.
    case refusal
    /// A netting that this node takes part in, or has begun.
    case netting
    /// A swap of which something is not settled.
    case swap
    /// What was agreed on with one peer about what both ledgers have of each other.
    case reconciliation
    /// What stands idle between this node and one peer in one direction, and how it decays.
    case decay
    /// A job submitted here.
    case job
    /// A job running here for a peer.
    case hosted
    /// A member of the pool.
    case member
    /// A user of the pool.
    case user
    /// What was borrowed for a volume of which this node is the home.
    case volume
    /// A volume that this node has deleted as its home.
    case deletedVolume = "deleted-volume"
    /// An enrolment token.
    case token
    /// Single values of the agent, by name.
    case setting
}

/// An agreement as both signed it; `document` is what the signatures cover.
package struct AgreementRecord: Hashable, Codable, Sendable {
    package var id: AgreementID
    package var lease: LeaseID
    package var borrower: NodeID
    package var lender: NodeID
    package var document: [UInt8]
    package var borrowerSignature: Signature
    package var lenderSignature: Signature
    package var at: Timestamp

    package init(
        id: AgreementID, lease: LeaseID, borrower: NodeID, lender: NodeID, document: [UInt8],
        borrowerSignature: Signature, lenderSignature: Signature, at: Timestamp
    ) {
        self.id = id
        self.lease = lease
        self.borrower = borrower
        self.lender = lender
        self.document = document
        self.borrowerSignature = borrowerSignature
        self.lenderSignature = lenderSignature
        self.at = at
    }
}

/// One step of the story of something, with the reasons and readings behind it.
package struct Event: Hashable, Codable, Sendable {
    package var at: Timestamp
    /// Dotted, the subject first: `lease.granted`.
    package var kind: String
    /// The text forms of the ids it concerns; `explain` finds the event by each of them.
    package var subjects: [String]
    /// One sentence for people.
    package var text: String
    /// Readings and amounts, in order.
    package var details: [Detail]

    package struct Detail: Hashable, Codable, Sendable {
        package var name: String
        package var value: String
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(at: Timestamp, kind: String, subjects: [String], text: String, details: [Detail] = []) {
        self.at = at
        self.kind = kind
        self.subjects = subjects
        self.text = text
        self.details = details
    }
}
