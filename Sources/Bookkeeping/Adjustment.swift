import Resources

/// A change to an obligation that one side proposes and both sign: nothing that is owed changes by the word of one alone.
package struct Adjustment: Hashable, Codable, Sendable {
    package enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
        /// What is left at the end of the window becomes credits. Proposed by the creditor.
        case conversion
        /// The creditor asks for it no more. Proposed by the creditor.
        case cancellation
        /// What both owe each other in kind comes off both obligations.
        case offset
        /// It falls due later.
        case postponement
    }

    package var id: AdjustmentID
    package var kind: Kind
    package var obligation: ObligationID
    /// The obligation in the other direction that is offset as well; `nil` for the other kinds.
    package var other: ObligationID?
    package var proposer: NodeID
    package var answerer: NodeID
    /// What comes off in kind, and what the debtor owes in credits in place of it.
    package var amount: Charge
    /// What the creditor asks for beyond that, for what it asked in kind and did not get.
    package var premium: Microcredits
    /// The new end of the window; `nil` for the other kinds.
    package var until: Timestamp?
    /// The transfer that settles it in both ledgers; those in other units follow it.
    package var transfer: TransferID
    package var issued: Timestamp

    package init(
        id: AdjustmentID, kind: Kind, obligation: ObligationID, other: ObligationID? = nil, proposer: NodeID, answerer: NodeID,
        amount: Charge = .zero, premium: Microcredits = .zero, until: Timestamp? = nil, transfer: TransferID, issued: Timestamp
    ) {
        self.id = id
        self.kind = kind
        self.obligation = obligation
        self.other = other
        self.proposer = proposer
        self.answerer = answerer
        self.amount = amount
        self.premium = premium
        self.until = until
        self.transfer = transfer
        self.issued = issued
    }
}

extension Adjustment {
    private static let documentKind = "surplus.adjustment"

    /// The bytes that are hashed and signed: version 2 of the kind has disk.
    package var document: [UInt8] {
        // What has no disk is written as ever, so that older nodes can read and sign it.
        var writer = CanonicalWriter(kind: Self.documentKind, version: amount.inKind.disk == .zero ? 1 : 2)
        writer.write(id)
        writer.write(kind.rawValue)
        writer.write(obligation)
        writer.write(other != nil)
        if let other { writer.write(other) }
        writer.write(proposer)
        writer.write(answerer)
        writer.write(amount.credits)
        writer.write(amount.inKind.cpu)
        writer.write(amount.inKind.memory)
        writer.write(premium)
        writer.write(until != nil)
        if let until { writer.write(until) }
        writer.write(transfer)
        writer.write(issued)
        if writer.version > 1 { writer.write(amount.inKind.disk) }
        return writer.bytes
    }

    /// Reads a document received from a peer.
    ///
    /// - Throws: ``CanonicalReader/Malformed`` when it is no adjustment, or a figure is negative or out of ``Bounds``.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.documentKind, versions: 1...2)
        id = try reader.identifier()
        let name = try reader.string(atMost: 16)
        guard let kind = Kind(rawValue: name) else {
            throw CanonicalReader.Malformed(description: "an unknown kind of adjustment '\(name)'")
        }
        self.kind = kind
        obligation = try reader.identifier()
        other = try reader.bool() ? try reader.identifier() : nil
        proposer = try reader.identifier()
        answerer = try reader.identifier()
        let credits: Microcredits = try reader.quantity()
        amount = Charge(credits: credits, inKind: Usage(cpu: try reader.quantity(), memory: try reader.quantity()))
        premium = try reader.quantity()
        until = try reader.bool() ? try reader.timestamp() : nil
        transfer = try reader.identifier()
        issued = try reader.timestamp()
        if reader.version > 1 { amount.inKind.disk = try reader.diskTime() }
        try reader.finish()
        let range = LedgerAmount.zero...LedgerAmount.most
        guard Charge.units.allSatisfy({ range.contains(amount[$0]) }), range.contains(LedgerAmount(premium)),
            Bounds.accepts(start: until)
        else { throw CanonicalReader.Malformed(description: "an adjustment out of range") }
    }
}

/// An adjustment with the signatures over its document. The answerer's is there once it has agreed.
package struct SignedAdjustment: Hashable, Codable, Sendable {
    package var adjustment: Adjustment
    package var document: [UInt8]
    package var proposerSignature: Signature
    package var answererSignature: Signature?
    /// How much of the premium the answerer accepted; the rest is in dispute.
    package var accepted: Microcredits?

    package init(
        adjustment: Adjustment, document: [UInt8], proposerSignature: Signature, answererSignature: Signature? = nil,
        accepted: Microcredits? = nil
    ) {
        self.adjustment = adjustment
        self.document = document
        self.proposerSignature = proposerSignature
        self.answererSignature = answererSignature
        self.accepted = accepted
    }
}
