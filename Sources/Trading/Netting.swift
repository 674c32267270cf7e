import Resources

/// What all on a cycle of debts sign: each owes the next one, and the last owes the first, at least an amount, which is taken off
/// all of these debts, or off none. Nobody's net position changes.
package struct Netting: Hashable, Codable, Sendable {
    package var id: NettingID
    /// Reserves the amount in the books of each member; what follows from it is named after it, and so alike everywhere.
    package var transfer: TransferID
    /// In the order in which they owe each other. The first has begun it, and decides when all others have signed.
    package var members: [NodeID]
    /// Positive.
    package var amount: Microcredits
    /// When the first drew it up, and until when it waits for the others, both by its clock.
    package var at: Timestamp
    package var deadline: Timestamp

    package init(
        id: NettingID, transfer: TransferID, members: [NodeID], amount: Microcredits, at: Timestamp, deadline: Timestamp
    ) {
        self.id = id
        self.transfer = transfer
        self.members = members
        self.amount = amount
        self.at = at
        self.deadline = deadline
    }

    /// Moves the amount in the books of each member.
    package var posting: TransferID { transfer.following(1) }
    /// Gives back what is reserved.
    package var release: TransferID { transfer.following(2) }

    /// - Precondition: there are members, as in every netting that was read from a document.
    package var initiator: NodeID { members[0] }

    /// Whom a member owes, and who owes it; `nil` of who is no member.
    package func neighbours(of node: NodeID) -> (creditor: NodeID, debtor: NodeID)? {
        guard let place = members.firstIndex(of: node) else { return nil }
        return (members[(place + 1) % members.count], members[(place + members.count - 1) % members.count])
    }
}

extension Netting {
    private static let kind = "surplus.netting"

    /// The bytes that are signed.
    package var document: [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind)
        writer.write(id)
        writer.write(transfer)
        writer.write(UInt64(members.count))
        for member in members { writer.write(member) }
        writer.write(amount)
        writer.write(at)
        writer.write(deadline)
        return writer.bytes
    }

    /// Reads a document received from a peer.
    ///
    /// - Throws: ``CanonicalReader/Malformed`` when it is no netting, or a figure is out of range.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.kind)
        id = try reader.identifier()
        transfer = try reader.identifier()
        let count = try reader.unsigned()
        guard (UInt64(Nettings.shortest)...UInt64(Nettings.longest)).contains(count) else {
            throw .init(description: "a cycle of \(count) members")
        }
        members = []
        for _ in 0..<count { members.append(try reader.identifier()) }
        amount = try reader.quantity()
        at = try reader.timestamp()
        deadline = try reader.timestamp()
        try reader.finish()
        guard Set(members).count == members.count else { throw .init(description: "a cycle with a member twice") }
        guard amount > .zero, amount <= Bounds.money else { throw .init(description: "an amount of \(amount)") }
        guard Bounds.civilTime.contains(at), Bounds.civilTime.contains(deadline) else {
            throw .init(description: "a time out of range")
        }
    }
}

/// What agents say to each other about nettings. Delivery may lose, repeat and reorder.
package enum NettingMessage: Hashable, Sendable {
    /// Looks for a cycle, along debts.
    case probe(NettingProbe)
    /// "Reserve this, and sign it." With the initiator's signature over the document.
    case prepare(document: [UInt8], Signature)
    /// A member has reserved it, with its signature over the document, or will not.
    case vote(NettingID, Result<Signature, Refusal>)
    /// The initiator's word, final.
    case decision(NettingDecision)
    /// A member has done as was decided.
    case done(NettingID)
    /// "What was decided?" Asked of the initiator, or of another member.
    case inquire(document: [UInt8])
    /// A member was not told that it was committed, and hears its initiator no more, for that has left the pool.
    case untold(NettingID)

    /// One word for logs and statistics.
    package var name: String {
        switch self {
        case .probe: "netting-probe"
        case .prepare: "netting-prepare"
        case .vote: "netting-vote"
        case .decision: "netting-decision"
        case .done: "netting-done"
        case .inquire: "netting-inquire"
        case .untold: "netting-untold"
        }
    }

    package static let allNames = [
        "netting-probe", "netting-prepare", "netting-vote", "netting-decision", "netting-done", "netting-inquire",
        "netting-untold",
    ]
}

/// A question that goes from debtors to creditors until it comes back to who asked it.
package struct NettingProbe: Hashable, Sendable {
    package var search: NettingID
    /// Who has passed it on, each of whom owes the next one; the last is its sender and owes its receiver.
    package var path: [NodeID]
    /// The least of the debts along the path.
    package var amount: Microcredits

    package init(search: NettingID, path: [NodeID], amount: Microcredits) {
        self.search = search
        self.path = path
        self.amount = amount
    }
}

/// What the initiator of a netting has decided, in a form that members can pass on to each other.
package struct NettingDecision: Hashable, Codable, Sendable {
    package var netting: NettingID
    package var isCommitted: Bool
    /// The initiator's, over ``document``.
    package var signature: Signature
    /// Those of all members over the netting's document, in their order; none where it is not committed.
    package var signatures: [Signature]
    /// Why it is not; empty where it is.
    package var reason: String

    package init(
        netting: NettingID, isCommitted: Bool, signature: Signature, signatures: [Signature] = [], reason: String = ""
    ) {
        self.netting = netting
        self.isCommitted = isCommitted
        self.signature = signature
        self.signatures = signatures
        self.reason = reason
    }

    /// The bytes that the initiator signs.
    package var document: [UInt8] { Self.document(of: netting, isCommitted: isCommitted) }

    package static func document(of netting: NettingID, isCommitted: Bool) -> [UInt8] {
        var writer = CanonicalWriter(kind: "surplus.netting-decision")
        writer.write(netting)
        writer.write(isCommitted)
        return writer.bytes
    }
}

/// The numbers of the protocol.
package enum Nettings {
    /// Members of a cycle. Two nodes have one line between them, which nets by itself; with each more there is another who may not
    /// answer.
    package static let shortest = 3
    package static let longest = 6
    /// Less is not worth the messages.
    package static let least: Microcredits = 1_000
    /// To how many of its creditors a node passes a probe on, those first to which it owes most.
    package static let fanOut = 8
    /// The most probes that are taken from one peer in a minute.
    package static let probesPerMinute = 120
    /// How long probes are waited for.
    package static let probing = Microseconds.seconds(2)
    /// The most cycles that one wave of probes is remembered to have found.
    package static let mostFound = 64
    /// The most waves of probes in one search. Each begins with what the one before has left.
    package static let mostWaves = 8
    /// How long an initiator waits for the signatures of all.
    package static let voting = Microseconds.seconds(10)
    /// What clocks of members may differ by: who has a document that is older, or dated further ahead, refuses it.
    package static let clockTolerance = Microseconds.minutes(5)
    /// What is reserved lapses only after lifetimes: until a member is told it may not give up by itself.
    package static let heldFor = Microseconds.days(36_500)
    /// How long it is remembered what was decided, to tell members that ask late.
    package static let memory = Microseconds.days(1)
}
