import Resources

/// What both sides sign: who lends what to whom, on which terms. The lease and the first reservation are named in it, so
/// that both books and both agents speak of the same things from the start.
package struct Agreement: Hashable, Codable, Sendable {
    package var id: AgreementID
    package var lease: LeaseID
    package var negotiation: NegotiationID
    /// The transfer that reserves the most the first term can cost; those in other units follow it.
    package var reservation: TransferID
    /// What is owed in kind under it; `nil` where nothing is.
    package var obligation: ObligationID?
    /// Of a swap: what belongs to its other half.
    package var other: OtherHalf?
    package var borrower: NodeID
    package var lender: NodeID
    /// Who asked on the borrower's side: a recorded fact, not an authority.
    package var user: String
    package var terms: Terms
    /// When the borrower drew it up.
    package var at: Timestamp

    package init(
        id: AgreementID, lease: LeaseID, negotiation: NegotiationID, reservation: TransferID,
        obligation: ObligationID? = nil, other: OtherHalf? = nil, borrower: NodeID, lender: NodeID, user: String, terms: Terms,
        at: Timestamp
    ) {
        self.id = id
        self.lease = lease
        self.negotiation = negotiation
        self.reservation = reservation
        self.obligation = obligation
        self.other = other
        self.borrower = borrower
        self.lender = lender
        self.user = user
        self.terms = terms
        self.at = at
    }
}

/// The names that both sides of a swap have for what belongs to the lease that is given in return.
package struct OtherHalf: Hashable, Codable, Sendable {
    package var lease: LeaseID
    /// The transfer that reserves the most that may come to be owed for it.
    package var reservation: TransferID
    /// The transfer that moves what is left when both leases are settled.
    package var settlement: TransferID

    package init(lease: LeaseID, reservation: TransferID, settlement: TransferID) {
        self.lease = lease
        self.reservation = reservation
        self.settlement = settlement
    }
}

extension Agreement {
    /// The same seen from the other half of a swap: who borrows lends, and what is given in return is what is lent. No user of its
    /// borrower has asked for it.
    package var mirrored: Agreement? {
        guard let other, let terms = terms.mirrored else { return nil }
        return Agreement(
            id: id, lease: other.lease, negotiation: negotiation, reservation: other.reservation,
            other: OtherHalf(lease: lease, reservation: reservation, settlement: other.settlement), borrower: lender,
            lender: borrower, user: "", terms: terms, at: at)
    }

    private static let kind = "surplus.agreement"
    /// The longest user name that is recorded, in bytes.
    package static let longestUser = 256

    /// The bytes that are hashed and signed: version 2 of the kind has the start of a term that begins later, version 3 what is given in
    /// return where it is not credits alone, version 4 disk, with or without either of these.
    package var document: [UInt8] {
        // What older nodes know is written as ever, so that they can read and sign it.
        let version: UInt16 = terms.hasDisk ? 4 : terms.consideration != nil ? 3 : terms.start == nil ? 1 : 2
        var writer = CanonicalWriter(kind: Self.kind, version: version)
        writer.write(id)
        writer.write(lease)
        writer.write(negotiation)
        writer.write(reservation)
        writer.write(borrower)
        writer.write(lender)
        writer.write(user)
        writer.write(terms.amounts.cpu)
        writer.write(terms.amounts.memory)
        writer.write(terms.prices.cpu)
        writer.write(terms.prices.memory)
        writer.write(terms.term)
        writer.write(terms.notice.rawValue)
        writer.write(at)
        if version >= 3 { writer.write(terms.start != nil) }
        if let start = terms.start { writer.write(start) }
        if version >= 4 {
            writer.write(terms.amounts.disk)
            writer.write(terms.prices.disk)
            writer.write(terms.consideration != nil)
        }
        if let consideration = terms.consideration { writer.write(consideration, obligation, other) }
        return writer.bytes
    }

    /// Reads a document received from a peer.
    ///
    /// - Throws: ``CanonicalReader/Malformed`` when it is no agreement or its terms are out of ``Bounds``.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.kind, versions: 1...4)
        id = try reader.identifier()
        lease = try reader.identifier()
        negotiation = try reader.identifier()
        reservation = try reader.identifier()
        borrower = try reader.identifier()
        lender = try reader.identifier()
        user = try reader.string(atMost: Self.longestUser)
        var amounts = Amounts(cpu: try reader.quantity(), memory: try reader.quantity())
        var prices = Prices(cpu: try reader.quantity(), memory: try reader.quantity())
        let term: Microseconds = try reader.quantity()
        let name = try reader.string(atMost: 16)
        guard let notice = NoticeClass(rawValue: name) else {
            throw CanonicalReader.Malformed(description: "an unknown notice class '\(name)'")
        }
        at = try reader.timestamp()
        let hasStart = reader.version >= 3 ? try reader.bool() : reader.version == 2
        let start = hasStart ? try reader.timestamp() : nil
        var hasConsideration = reader.version == 3
        if reader.version >= 4 {
            (amounts.disk, prices.disk) = (try reader.quantity(), try reader.quantity())
            hasConsideration = try reader.bool()
        }
        terms = Terms(amounts: amounts, prices: prices, term: term, notice: notice, start: start)
        if hasConsideration { (terms.consideration, obligation, other) = try reader.consideration() }
        try reader.finish()
        // There is one way to write each agreement.
        guard reader.version < 4 || terms.hasDisk else { throw CanonicalReader.Malformed(description: "no disk in version 4") }
        guard !terms.mixesDisk else { throw CanonicalReader.Malformed(description: Amounts.mixingDisk) }
        guard Bounds.accepts(amounts), Bounds.accepts(prices), Bounds.accepts(term: term), Bounds.accepts(start: terms.start)
        else {
            throw CanonicalReader.Malformed(description: "terms out of range")
        }
    }
}

extension CanonicalWriter {
    /// - Parameters:
    ///   - obligation: there where something is deferred.
    ///   - other: there where something is swapped.
    fileprivate mutating func write(_ consideration: Consideration, _ obligation: ObligationID?, _ other: OtherHalf?) {
        switch consideration {
        case .deferred(let deferral):
            precondition(obligation != nil, "something is deferred that nobody owes")
            write("deferred")
            if let obligation { write(obligation) }
            for factor in [deferral.share.cpu, deferral.share.memory, deferral.rate.cpu, deferral.rate.memory] { write(factor) }
            write(deferral.from)
            write(deferral.until)
            write(deferral.premium)
            if version >= 4 { for factor in [deferral.share.disk, deferral.rate.disk] { write(factor) } }
        case .redemption(let obligation):
            write("redemption")
            write(obligation)
        case .swap(let exchange):
            precondition(other != nil, "something is swapped for a lease without a name")
            write("swap")
            if let other {
                write(other.lease)
                write(other.reservation)
                write(other.settlement)
            }
            write(exchange.amounts.cpu)
            write(exchange.amounts.memory)
            write(exchange.term)
            write(exchange.notice.rawValue)
            write(exchange.prices.cpu)
            write(exchange.prices.memory)
            write(exchange.worth)
            if version >= 4 {
                write(exchange.amounts.disk)
                write(exchange.prices.disk)
            }
        }
    }
}

extension CanonicalReader {
    fileprivate mutating func consideration() throws(Malformed) -> (Consideration, ObligationID?, OtherHalf?) {
        let form = try string(atMost: 16)
        switch form {
        case "deferred":
            let obligation: ObligationID = try identifier()
            var share = ResourceShares(cpu: try quantity(), memory: try quantity())
            var rate = ResourceShares(cpu: try quantity(), memory: try quantity())
            let (from, until, premium): (Timestamp, Timestamp, BasisPoints) = (try timestamp(), try timestamp(), try quantity())
            if version >= 4 { (share.disk, rate.disk) = (try quantity(), try quantity()) }
            let deferral = Deferral(share: share, rate: rate, from: from, until: until, premium: premium)
            guard deferral.isWithinBounds, deferral.rate == rate else { throw Malformed(description: "a deferral out of range") }
            return (.deferred(deferral), obligation, nil)
        case "redemption": return (.redemption(of: try identifier()), nil, nil)
        case "swap":
            let other = OtherHalf(lease: try identifier(), reservation: try identifier(), settlement: try identifier())
            return (.swap(try exchange()), nil, other)
        default: throw Malformed(description: "an unknown consideration '\(form)'")
        }
    }
}

extension CanonicalReader {
    private mutating func exchange() throws(Malformed) -> Exchange {
        var amounts = Amounts(cpu: try quantity(), memory: try quantity())
        let (term, name): (Microseconds, String) = (try quantity(), try string(atMost: 16))
        var prices = Prices(cpu: try quantity(), memory: try quantity())
        guard let notice = NoticeClass(rawValue: name) else { throw Malformed(description: "an unknown notice class '\(name)'") }
        let worth: Microcredits = try quantity()
        if version >= 4 { (amounts.disk, prices.disk) = (try quantity(), try quantity()) }
        let exchange = Exchange(amounts: amounts, term: term, notice: notice, prices: prices, worth: worth)
        guard exchange.isWithinBounds, exchange.worth > .zero else { throw Malformed(description: "a swap out of range") }
        return exchange
    }
}

/// An agreement's document with the signatures made over it so far.
package struct SignedAgreement: Hashable, Codable, Sendable {
    package var document: [UInt8]
    package var borrowerSignature: Signature
    /// There once the lender has committed.
    package var lenderSignature: Signature?

    package init(document: [UInt8], borrowerSignature: Signature, lenderSignature: Signature? = nil) {
        self.document = document
        self.borrowerSignature = borrowerSignature
        self.lenderSignature = lenderSignature
    }
}
