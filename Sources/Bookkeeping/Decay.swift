import Resources

/// One step by which credits that stood idle become less: the debtor proposes it, and the creditor agrees to as much of it as its own
/// books and policy allow. Both book what the creditor has signed, under one id.
package struct Decay: Hashable, Codable, Sendable {
    /// In both ledgers.
    package var transfer: TransferID
    /// Of the debtor's proposals to this creditor; each has the next one, whether those before were agreed to or not.
    package var number: Int64
    package var debtor: NodeID
    package var creditor: NodeID
    /// What the rules of both have in common, as far as the debtor knows.
    package var rule: DecayRule
    /// What stood idle.
    package var idle: Microcredits
    /// What is owed less. Positive, and no more than the rule takes of what stood idle.
    package var amount: Microcredits
    /// When the debtor drew it up, by its clock.
    package var issued: Timestamp

    package init(
        transfer: TransferID, number: Int64, debtor: NodeID, creditor: NodeID, rule: DecayRule, idle: Microcredits,
        amount: Microcredits, issued: Timestamp
    ) {
        self.transfer = transfer
        self.number = number
        self.debtor = debtor
        self.creditor = creditor
        self.rule = rule
        self.idle = idle
        self.amount = amount
        self.issued = issued
    }

    /// The same with what stood idle by the creditor's books, where that is less.
    package func limited(to idle: Microcredits) -> Decay {
        var less = self
        less.idle = min(self.idle, idle)
        less.amount = min(amount, rule.loss(of: less.idle))
        return less
    }

    /// Whether it is what a creditor may make of `offer`: the same, or less of it.
    package func answers(_ offer: Decay) -> Bool { self == offer.limited(to: idle) && amount > .zero }
}

extension Decay {
    private static let documentKind = "surplus.decay"

    /// The bytes that are signed.
    package var document: [UInt8] {
        var writer = CanonicalWriter(kind: Self.documentKind)
        writer.write(transfer)
        writer.write(number)
        writer.write(debtor)
        writer.write(creditor)
        writer.write(rule.rate)
        writer.write(rule.idle)
        writer.write(idle)
        writer.write(amount)
        writer.write(issued)
        return writer.bytes
    }

    /// Reads a document received from a peer.
    ///
    /// - Throws: ``CanonicalReader/Malformed`` when it is no such step, a figure is out of range, or the amount is more than the rule
    ///   takes of what stood idle.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.documentKind)
        transfer = try reader.identifier()
        number = try reader.integer()
        debtor = try reader.identifier()
        creditor = try reader.identifier()
        rule = DecayRule(rate: try reader.quantity(), idle: try reader.quantity())
        idle = try reader.quantity()
        amount = try reader.quantity()
        issued = try reader.timestamp()
        try reader.finish()
        guard number > 0, debtor != creditor, rule.isWithinBounds, (Microcredits.zero...Bounds.money).contains(idle),
            amount > .zero, amount <= rule.loss(of: idle), Bounds.civilTime.contains(issued)
        else { throw CanonicalReader.Malformed(description: "a decay out of range") }
    }
}

/// A decay with the debtor's signature over what it proposed, and the creditor's over what it agreed to.
package struct SignedDecay: Hashable, Codable, Sendable {
    /// What the debtor proposed, at the most.
    package var offered: [UInt8]
    package var debtorSignature: Signature
    package var agreed: [UInt8]
    package var creditorSignature: Signature

    package init(offered: [UInt8], debtorSignature: Signature, agreed: [UInt8], creditorSignature: Signature) {
        self.offered = offered
        self.debtorSignature = debtorSignature
        self.agreed = agreed
        self.creditorSignature = creditorSignature
    }
}
