import Resources
import Trading
import Wire

// What agents say to each other about their ledgers, as it travels.

extension Surplus_V1_Reconciliation {
    init(_ message: ReconciliationMessage) {
        self = .with { wire in
            wire.id = message.id.description
            switch message {
            case .ask(_, let question): wire.ask = Surplus_V1_HistoryAsk(question)
            case .answer(_, let answer):
                wire.answer = .with {
                    $0.until = answer.until
                    $0.place = Surplus_V1_HistoryPlace(answer.place)
                    $0.sums = answer.sums.map(Surplus_V1_HistorySum.init)
                }
            case .decline(_, let obstacle): wire.decline = Surplus_V1_HistoryDecline(obstacle)
            case .split(_, let after, let through): wire.split = .with { ($0.after, $0.through) = (after, through) }
            case .sums(_, let after, let through, let sums):
                wire.sums = .with {
                    ($0.after, $0.through, $0.sums) = (after, through, sums.map(Surplus_V1_HistorySum.init))
                }
            case .list(_, let after, let through): wire.list = .with { ($0.after, $0.through) = (after, through) }
            case .entries(_, let after, let through, let entries):
                wire.entries = .with {
                    ($0.after, $0.through, $0.entries) = (after, through, entries.map(Surplus_V1_HistoryEntry.init))
                }
            case .found(_, let difference):
                wire.found = .with {
                    if let here = difference.here { $0.here = Surplus_V1_HistoryEntry(here) }
                    if let there = difference.there { $0.there = Surplus_V1_HistoryEntry(there) }
                }
            case .noted: wire.noted = .init()
            case .propose(_, let document, let signature):
                wire.propose = .with { ($0.document, $0.signature) = (.init(document), .init(signature.bytes)) }
            case .signed(_, let signature): wire.signed = .with { $0.signature = .init(signature.bytes) }
            case .same: wire.same = .init()
            }
        }
    }
}

extension ReconciliationMessage {
    init(_ wire: Surplus_V1_Reconciliation) throws(FieldError) {
        let id: ReconciliationID = try Field.identifier(wire.id, "reconciliation.id")
        switch wire.message {
        case .ask(let message): self = .ask(id, try HistoryQuestion(message))
        case .answer(let message):
            self = .answer(
                id,
                HistoryAnswer(
                    until: message.until, place: try LedgerPlace(message.place, "reconciliation.answer.place"),
                    sums: try Self.sums(message.sums)))
        case .decline(let message): self = .decline(id, try HistoryObstacle(message))
        case .split(let message): self = .split(id, after: message.after, through: message.through)
        case .sums(let message):
            self = .sums(id, after: message.after, through: message.through, try Self.sums(message.sums))
        case .list(let message): self = .list(id, after: message.after, through: message.through)
        case .entries(let message):
            try Field.count(message.entries, atMost: [SharedEntry].fanOut, "reconciliation.entries")
            var entries: [SharedEntry] = []
            for entry in message.entries { entries.append(try SharedEntry(entry)) }
            self = .entries(id, after: message.after, through: message.through, entries)
        case .found(let message):
            self = .found(
                id,
                HistoryDifference(
                    here: message.hasHere ? try SharedEntry(message.here) : nil,
                    there: message.hasThere ? try SharedEntry(message.there) : nil))
        case .noted: self = .noted(id)
        case .propose(let message):
            try Field.count(message.document, atMost: TradeMessage.longestDocument, "reconciliation.propose.document")
            self = .propose(
                id, document: Array(message.document),
                try Field.signature(message.signature, "reconciliation.propose.signature"))
        case .signed(let message):
            self = .signed(id, try Field.signature(message.signature, "reconciliation.signed.signature"))
        case .same: self = .same(id)
        case nil: throw FieldError("reconciliation", "is missing or of a newer version")
        }
    }

    private static func sums(_ wire: [Surplus_V1_HistorySum]) throws(FieldError) -> [HistorySum] {
        try Field.count(wire, atMost: [SharedEntry].fanOut, "reconciliation.sums")
        var sums: [HistorySum] = []
        for sum in wire {
            sums.append(
                HistorySum(
                    through: sum.through, count: try Field.integer(sum.count, in: 0...Int64.max, "reconciliation.sums.count"),
                    digest: try Field.digest(sum.digest, "reconciliation.sums.digest")))
        }
        return sums
    }
}

extension Surplus_V1_HistoryAsk {
    fileprivate init(_ question: HistoryQuestion) {
        self = .with {
            switch question.scope {
            case .open(let base, let until):
                $0.after = .init(base?.bytes ?? [])
                $0.until = until
            case .recorded(let digest): $0.recorded = .init(digest.bytes)
            }
            $0.whole = question.isWhole
            $0.place = Surplus_V1_HistoryPlace(question.place)
        }
    }
}

extension HistoryQuestion {
    fileprivate init(_ wire: Surplus_V1_HistoryAsk) throws(FieldError) {
        let scope: HistoryScope =
            wire.recorded.isEmpty
            ? .open(after: wire.after.isEmpty ? nil : try Field.digest(wire.after, "reconciliation.ask.after"), until: wire.until)
            : .recorded(try Field.digest(wire.recorded, "reconciliation.ask.recorded"))
        self.init(scope: scope, isWhole: wire.whole, place: try LedgerPlace(wire.place, "reconciliation.ask.place"))
    }
}

extension Surplus_V1_HistoryDecline {
    fileprivate init(_ obstacle: HistoryObstacle) {
        self = .with {
            switch obstacle {
            case .unknown(let latest): $0.latest = .init(latest?.bytes ?? [])
            case .unsound(let checkpoint): $0.unsound = .init(checkpoint.bytes)
            case .forgotten: $0.forgotten = true
            case .refused(let refusal): $0.refusal = Surplus_V1_Refusal(refusal)
            }
        }
    }
}

extension HistoryObstacle {
    fileprivate init(_ wire: Surplus_V1_HistoryDecline) throws(FieldError) {
        switch wire.obstacle {
        case .latest(let bytes):
            self = .unknown(latest: bytes.isEmpty ? nil : try Field.digest(bytes, "reconciliation.decline.latest"))
        case .unsound(let bytes): self = .unsound(try Field.digest(bytes, "reconciliation.decline.unsound"))
        case .refusal(let refusal): self = .refused(try Refusal(refusal, "reconciliation.decline.refusal"))
        case .forgotten: self = .forgotten
        case nil: throw FieldError("reconciliation.decline", "says no reason")
        }
    }
}

extension Surplus_V1_HistoryPlace {
    fileprivate init(_ place: LedgerPlace) { self = .with { ($0.sequence, $0.head) = (place.sequence, .init(place.head.bytes)) } }
}

extension LedgerPlace {
    fileprivate init(_ wire: Surplus_V1_HistoryPlace, _ field: String) throws(FieldError) {
        self.init(
            sequence: try Field.integer(wire.sequence, in: 0...Int64.max, field + ".sequence"),
            head: try Field.digest(wire.head, field + ".head"))
    }
}

extension Surplus_V1_HistorySum {
    fileprivate init(_ sum: HistorySum) {
        self = .with { ($0.through, $0.count, $0.digest) = (sum.through, sum.count, .init(sum.digest.bytes)) }
    }
}

extension Surplus_V1_HistoryEntry {
    fileprivate init(_ entry: SharedEntry) {
        self = .with {
            $0.transfer = entry.transfer.description
            $0.lease = entry.lease?.description ?? ""
            $0.microcredits = entry.moved.credits.rawValue
            ($0.coreMicroseconds, $0.mibSeconds) = (entry.moved.inKind.cpu.rawValue, entry.moved.inKind.memory.rawValue)
            $0.diskMibSeconds = entry.moved.inKind.disk.rawValue
        }
    }
}

extension SharedEntry {
    fileprivate init(_ wire: Surplus_V1_HistoryEntry) throws(FieldError) {
        // What several causes of one mark came to.
        let range = -1000 * Bounds.money.rawValue...1000 * Bounds.money.rawValue
        func amount(_ value: Int64, _ field: String) throws(FieldError) -> Int64 {
            try Field.integer(value, in: range, "reconciliation.entries.\(field)")
        }
        self.init(
            transfer: try Field.identifier(wire.transfer, "reconciliation.entries.transfer"),
            lease: wire.lease.isEmpty ? nil : try Field.identifier(wire.lease, "reconciliation.entries.lease"),
            moved: Charge(
                credits: Microcredits(try amount(wire.microcredits, "microcredits")),
                inKind: Usage(
                    cpu: CoreMicroseconds(try amount(wire.coreMicroseconds, "core_microseconds")),
                    memory: MiBSeconds(try amount(wire.mibSeconds, "mib_seconds")),
                    disk: MiBSeconds(try amount(wire.diskMibSeconds, "disk_mib_seconds")))))
    }
}
