import Resources

/// A step towards the end of a dispute: one side gives way in all of it or a part, and both sign.
package struct Resolution: Hashable, Codable, Sendable {
    package enum Outcome: String, Hashable, Codable, Sendable, CaseIterable {
        /// The debtor accepts it: what was not paid is paid, and what was paid stays so.
        case stands
        /// The creditor drops it: what was not paid is asked for no more, and what was paid is given back.
        case dropped
    }

    package var dispute: DisputeID
    /// 1, 2, 3, ... within the dispute: each is carried out once, and in this order.
    package var number: Int64
    package var proposer: NodeID
    package var answerer: NodeID
    package var outcome: Outcome
    /// How much of what is in dispute; every part is zero or positive, and not all are zero.
    package var amount: Charge
    /// Whether nobody said so: the time was up.
    package var isBySilence: Bool
    /// The transfer that settles it in both ledgers; those in other units follow it.
    package var transfer: TransferID
    package var issued: Timestamp

    package init(
        dispute: DisputeID, number: Int64, proposer: NodeID, answerer: NodeID, outcome: Outcome, amount: Charge,
        isBySilence: Bool, transfer: TransferID, issued: Timestamp
    ) {
        self.dispute = dispute
        self.number = number
        self.proposer = proposer
        self.answerer = answerer
        self.outcome = outcome
        self.amount = amount
        self.isBySilence = isBySilence
        self.transfer = transfer
        self.issued = issued
    }
}

extension Resolution {
    private static let documentKind = "surplus.resolution"

    /// The bytes that are hashed and signed: version 2 of the kind has disk.
    package var document: [UInt8] {
        // What has no disk is written as ever, so that older nodes can read and sign it.
        var writer = CanonicalWriter(kind: Self.documentKind, version: amount.inKind.disk == .zero ? 1 : 2)
        writer.write(dispute)
        writer.write(number)
        writer.write(proposer)
        writer.write(answerer)
        writer.write(outcome.rawValue)
        writer.write(amount.credits)
        writer.write(amount.inKind.cpu)
        writer.write(amount.inKind.memory)
        writer.write(isBySilence)
        writer.write(transfer)
        writer.write(issued)
        if writer.version > 1 { writer.write(amount.inKind.disk) }
        return writer.bytes
    }

    /// Reads a document received from a peer.
    ///
    /// - Throws: ``CanonicalReader/Malformed`` when it is no resolution, or a figure is out of range.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.documentKind, versions: 1...2)
        dispute = try reader.identifier()
        number = try reader.integer()
        proposer = try reader.identifier()
        answerer = try reader.identifier()
        let name = try reader.string(atMost: 16)
        guard let outcome = Outcome(rawValue: name) else {
            throw CanonicalReader.Malformed(description: "an unknown outcome '\(name)'")
        }
        self.outcome = outcome
        let credits: Microcredits = try reader.quantity()
        amount = Charge(credits: credits, inKind: Usage(cpu: try reader.quantity(), memory: try reader.quantity()))
        isBySilence = try reader.bool()
        transfer = try reader.identifier()
        issued = try reader.timestamp()
        if reader.version > 1 { amount.inKind.disk = try reader.diskTime() }
        try reader.finish()
        let range = LedgerAmount.zero...LedgerAmount.most
        guard (1..<1 << 32).contains(number), amount != .zero, Charge.units.allSatisfy({ range.contains(amount[$0]) }) else {
            throw CanonicalReader.Malformed(description: "a resolution out of range")
        }
    }
}

/// A resolution with the signatures over its document. The answerer's is there once it has taken note.
package struct SignedResolution: Hashable, Codable, Sendable {
    package var resolution: Resolution
    package var document: [UInt8]
    package var proposerSignature: Signature
    package var answererSignature: Signature?

    package init(
        resolution: Resolution, document: [UInt8], proposerSignature: Signature, answererSignature: Signature? = nil
    ) {
        self.resolution = resolution
        self.document = document
        self.proposerSignature = proposerSignature
        self.answererSignature = answererSignature
    }
}
