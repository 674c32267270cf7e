/// The end of a node's chain of hashes at some moment.
package struct LedgerPlace: Hashable, Codable, Sendable {
    package var sequence: Int64
    package var head: Digest

    package init(sequence: Int64, head: Digest) {
        self.sequence = sequence
        self.head = head
    }
}

/// What two nodes sign together once their ledgers agree: all that was settled between them up to a mark, and where the chain of
/// hashes of each of them stood then. Neither can change what is before it and still show what it has signed.
///
/// Checkpoints of a pair follow each other: each covers what none before it does.
package struct Checkpoint: Hashable, Codable, Sendable {
    package var id: CheckpointID
    /// The two nodes, the lesser id first.
    package var first: NodeID
    package var second: NodeID
    /// Digest of the document of the one before; ``Digest/zero`` in the first.
    package var previous: Digest
    /// The last mark that is covered. What has a lesser mark and was booked later is covered by a later checkpoint.
    package var until: UInt64
    /// How many entries it adds, and what they come to.
    package var count: Int64
    package var digest: Digest
    /// How many entries there are in all, with those of all before.
    package var total: Int64
    /// What the second owes the first by all of them; negative where it is owed.
    package var balance: Charge
    /// Where the ledger of either stood when it was read for this.
    package var firstPlace: LedgerPlace
    package var secondPlace: LedgerPlace
    package var at: Timestamp

    package init(
        id: CheckpointID, first: NodeID, second: NodeID, previous: Digest, until: UInt64, count: Int64, digest: Digest,
        total: Int64,
        balance: Charge, firstPlace: LedgerPlace, secondPlace: LedgerPlace, at: Timestamp
    ) {
        self.id = id
        self.first = first
        self.second = second
        self.previous = previous
        self.until = until
        self.count = count
        self.digest = digest
        self.total = total
        self.balance = balance
        self.firstPlace = firstPlace
        self.secondPlace = secondPlace
        self.at = at
    }

    /// One whose id follows from all else that it says, so that no two have the same.
    package init(
        first: NodeID, second: NodeID, previous: Digest, until: UInt64, count: Int64, digest: Digest, total: Int64,
        balance: Charge, firstPlace: LedgerPlace, secondPlace: LedgerPlace, at: Timestamp, named hash: ([UInt8]) -> Digest
    ) {
        self.init(
            id: CheckpointID(high: 0, low: 0), first: first, second: second, previous: previous, until: until, count: count,
            digest: digest, total: total, balance: balance, firstPlace: firstPlace, secondPlace: secondPlace, at: at)
        let bytes = hash(document).bytes
        func number(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        let milliseconds = UInt64(max(0, at.microseconds / 1000)) & 0xffff_ffff_ffff
        id = CheckpointID(high: milliseconds << 16 | number(0..<2), low: number(2..<10))
    }

    /// The other one of both.
    package func peer(of node: NodeID) -> NodeID { node == first ? second : first }
    package func place(of node: NodeID) -> LedgerPlace { node == first ? firstPlace : secondPlace }
}

extension Checkpoint {
    private static let kind = "surplus.checkpoint"

    /// The bytes that are hashed and signed: version 2 of the kind has disk in the balance.
    package var document: [UInt8] {
        // What has no disk in it is written as ever, so that older nodes can read and sign it.
        var writer = CanonicalWriter(kind: Self.kind, version: balance.inKind.disk == .zero ? 1 : 2)
        writer.write(id)
        writer.write(first)
        writer.write(second)
        writer.write(previous.bytes)
        writer.write(until)
        writer.write(count)
        writer.write(digest.bytes)
        writer.write(total)
        writer.write(balance)
        for place in [firstPlace, secondPlace] {
            writer.write(place.sequence)
            writer.write(place.head.bytes)
        }
        writer.write(at)
        return writer.bytes
    }

    /// Reads a document received from a peer, or from disk.
    ///
    /// - Throws: ``CanonicalReader/Malformed`` when it is no checkpoint, or a figure is out of range.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.kind, versions: 1...2)
        id = try reader.identifier()
        first = try reader.identifier()
        second = try reader.identifier()
        previous = try reader.digest()
        until = try reader.unsigned()
        count = try reader.integer()
        digest = try reader.digest()
        total = try reader.integer()
        balance = Charge(
            credits: try reader.quantity(), inKind: Usage(cpu: try reader.quantity(), memory: try reader.quantity()))
        if reader.version > 1 { balance.inKind.disk = try reader.diskTime() }
        firstPlace = LedgerPlace(sequence: try reader.integer(), head: try reader.digest())
        secondPlace = LedgerPlace(sequence: try reader.integer(), head: try reader.digest())
        at = try reader.timestamp()
        try reader.finish()
        guard first < second else { throw .init(description: "a checkpoint whose nodes are not in order") }
        guard (0...total).contains(count), firstPlace.sequence >= 0, secondPlace.sequence >= 0 else {
            throw .init(description: "a checkpoint with a figure out of range")
        }
    }
}

/// A checkpoint with both signatures over its document.
package struct SignedCheckpoint: Hashable, Codable, Sendable {
    package var checkpoint: Checkpoint
    package var document: [UInt8]
    package var firstSignature: Signature
    package var secondSignature: Signature

    package init(checkpoint: Checkpoint, document: [UInt8], firstSignature: Signature, secondSignature: Signature) {
        self.checkpoint = checkpoint
        self.document = document
        self.firstSignature = firstSignature
        self.secondSignature = secondSignature
    }

    /// - Parameter own: the signature of `node`, which is one of both.
    package init(_ checkpoint: Checkpoint, own: Signature, of node: NodeID, peer: Signature) {
        let isFirst = node == checkpoint.first
        self.init(
            checkpoint: checkpoint, document: checkpoint.document, firstSignature: isFirst ? own : peer,
            secondSignature: isFirst ? peer : own)
    }

    package func signature(of node: NodeID) -> Signature { node == checkpoint.first ? firstSignature : secondSignature }
}

extension CanonicalWriter {
    /// Credits, then each resource in kind; disk only where there is some.
    mutating func write(_ charge: Charge) {
        write(charge.credits)
        write(charge.inKind.cpu)
        write(charge.inKind.memory)
        if charge.inKind.disk != .zero { write(charge.inKind.disk) }
    }
}

extension CanonicalReader {
    /// What the version of a document is there for.
    ///
    /// - Throws: ``Malformed`` when it is zero: there is one way to write each document.
    package mutating func diskTime() throws(Malformed) -> MiBSeconds {
        let disk: MiBSeconds = try quantity()
        guard disk != .zero else { throw Malformed(description: "no disk in version \(version)") }
        return disk
    }

    /// 32 bytes.
    package mutating func digest() throws(Malformed) -> Digest {
        let bytes = try data(atMost: 32)
        guard bytes.count == 32 else { throw Malformed(description: "a hash of \(bytes.count) bytes") }
        return Digest(bytes)
    }
}
