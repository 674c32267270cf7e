import Bookkeeping
import Foundation
import GRDB
import Resources

/// Writes records into one segment, on the writer's connection and thread, inside the transaction of the caller.
struct Journal {
    /// Where the journal stands; to be put back when a transaction or savepoint is rolled back.
    struct Position {
        var chain: Chain
        /// Sequence of the last event.
        var events: Int64
        /// Transfers in this segment.
        var transfers: Int64
        /// Row ids of the accounts used so far.
        var accounts: [Tally.Line: Int64] = [:]
    }

    var position: Position
    let db: Database
    let statements: JournalStatements
    /// Whether transfers of earlier segments have to be looked up.
    private let hasPast: Bool

    /// Continues the segment that `db` is connected to.
    init(_ db: Database) throws {
        self.db = db
        statements = try JournalStatements(db)
        let segment = try SegmentRow(db)
        hasPast = segment.number > 1
        position = Position(
            chain: segment.end,
            events: try Int64.fetchOne(db, sql: "SELECT max(sequence) FROM events") ?? 0,
            transfers: try Int64.fetchOne(db, sql: "SELECT count(*) FROM transfers") ?? 0)
    }

    /// - Throws: ``LedgerStoreError`` or an error of SQLite; then the journal must be put back to where it stood.
    mutating func write(_ record: PreparedRecord) throws {
        switch record {
        case .transfer(let transfer, let document): try write(transfer, document: document)
        case .trustLine(let line): try write(line)
        case .receipt(let receipt): try write(receipt)
        case .agreement(let agreement): try write(agreement)
        case .adjustment(let signed): try write(signed)
        case .checkpoint(let kept, let peer): try write(kept, with: peer)
        case .resolution(let signed): try write(signed)
        case .dispute(let dispute, let body): try write(dispute, body: body)
        case .obligation(let obligation, let body): try write(obligation, body: body)
        case .state(let kind, let id, let body): try setState(kind, id: id, body: body)
        case .event(let event, let subjects, let details): try write(event, subjects: subjects, details: details)
        case .dropEvents(let list):
            try statements.dropSubjects.execute([list])
            try statements.dropEvents.execute([list])
        }
    }

    /// Makes the chain's end part of the transaction.
    func seal() throws {
        try statements.setHead.execute([position.chain.sequence, position.chain.head.column])
    }
}

// MARK: - The chain

extension Journal {
    private mutating func write(_ transfer: Transfer, document: [UInt8]) throws {
        if hasPast, try isRemembered(transfer) { return }
        let debit = try account(transfer.debit, transfer.unit)
        let credit = try account(transfer.credit, transfer.unit)
        var chain = position.chain
        chain.append(document)
        do {
            try statements.insertTransfer.execute([
                chain.sequence, transfer.id.column, transfer.kind.rawValue, debit, credit, transfer.amount.rawValue,
                transfer.of?.column, transfer.lease?.column, transfer.expires?.boot.value,
                transfer.expires?.instant.microseconds, transfer.expires?.utc.microseconds, transfer.at.microseconds,
                chain.head.column,
            ])
        } catch let error as DatabaseError where error.isDuplicate {
            guard try Rows.transfer(db, transfer.id) ?? Rows.carried(db, transfer.id) == transfer else {
                throw LedgerStoreError.conflict(transfer.id.description)
            }
            return
        }
        position.chain = chain
        position.transfers += 1
    }

    /// Whether an earlier segment has the same transfer.
    private func isRemembered(_ transfer: Transfer) throws -> Bool {
        guard let known = try statements.findRemembered.fetchInteger([transfer.id.column]) else { return false }
        guard UInt64(bitPattern: known) == transfer.fingerprint else {
            throw LedgerStoreError.conflict(transfer.id.description)
        }
        return true
    }

    private mutating func account(_ account: Account, _ unit: LedgerUnit) throws -> Int64 {
        let line = Tally.Line(account, unit)
        if let id = position.accounts[line] { return id }
        let name = account.description
        let found = try statements.findAccount.fetchInteger([unit.rawValue, name])
        if found == nil { try statements.insertAccount.execute([unit.rawValue, name]) }
        let id = found ?? db.lastInsertedRowID
        position.accounts[line] = id
        return id
    }

    private mutating func write(_ signed: SignedReceipt) throws {
        let receipt = signed.receipt
        if let known = try Rows.receipt(db, receipt.id) {
            guard known.document == signed.document, known.lenderSignature == signed.lenderSignature else {
                throw LedgerStoreError.conflict(receipt.id.description)
            }
        } else {
            var chain = position.chain
            chain.append(signed.chainDocument)
            try statements.insertReceipt.execute([
                chain.sequence, receipt.id.column, receipt.lease.column, receipt.sequence, Data(signed.document),
                Data(signed.lenderSignature.bytes), chain.head.column,
            ])
            position.chain = chain
        }
        if let cosignature = Cosignature(signed) { try write(cosignature) }
    }

    private mutating func write(_ cosignature: Cosignature) throws {
        if let known = try Rows.cosignature(db, of: cosignature.receipt) {
            guard known == cosignature else { throw LedgerStoreError.conflict(cosignature.receipt.description) }
            return
        }
        var chain = position.chain
        chain.append(cosignature.chainDocument)
        try statements.insertCosignature.execute([
            chain.sequence, cosignature.receipt.column, Data(cosignature.signature.bytes),
            cosignature.accepted?.credits.rawValue, cosignature.inKind?.cpu.rawValue, cosignature.inKind?.memory.rawValue,
            cosignature.inKind?.disk.rawValue, chain.head.column,
        ])
        position.chain = chain
    }

    private mutating func write(_ agreement: AgreementRecord) throws {
        if let known = try Rows.agreement(db, agreement.id) {
            guard known == agreement else { throw LedgerStoreError.conflict(agreement.id.description) }
            return
        }
        var chain = position.chain
        chain.append(agreement.chainDocument)
        try statements.insertAgreement.execute([
            chain.sequence, agreement.id.column, agreement.lease.column, agreement.borrower.column,
            agreement.lender.column, Data(agreement.document), Data(agreement.borrowerSignature.bytes),
            Data(agreement.lenderSignature.bytes), agreement.at.microseconds, chain.head.column,
        ])
        position.chain = chain
    }
}

// MARK: - Checkpoints

extension Journal {
    private mutating func write(_ kept: KeptCheckpoint, with peer: NodeID) throws {
        let (signed, checkpoint) = (kept.signed, kept.checkpoint)
        if let known = try Rows.checkpoint(db, checkpoint.id) {
            guard known == kept else { throw LedgerStoreError.conflict(checkpoint.id.description) }
            return
        }
        var chain = position.chain
        chain.append(kept.chainDocument)
        try statements.insertCheckpoint.execute([
            chain.sequence, checkpoint.id.column, peer.column, Data(signed.document), Data(signed.firstSignature.bytes),
            Data(signed.secondSignature.bytes), kept.next, chain.head.column,
        ])
        position.chain = chain
    }
}

// MARK: - Obligations

extension Journal {
    /// - Throws: ``LedgerStoreError/refused(_:)`` when one of the signatures is missing.
    private mutating func write(_ signed: SignedAdjustment) throws {
        let adjustment = signed.adjustment
        guard let signature = signed.answererSignature, let accepted = signed.accepted else {
            throw LedgerStoreError.refused("\(adjustment.id) is not signed by both")
        }
        if let known = try Rows.adjustment(db, adjustment.id) {
            guard known == signed else { throw LedgerStoreError.conflict(adjustment.id.description) }
            return
        }
        var chain = position.chain
        chain.append(signed.chainDocument)
        try statements.insertAdjustment.execute([
            chain.sequence, adjustment.id.column, adjustment.obligation.column, Data(signed.document),
            Data(signed.proposerSignature.bytes), Data(signature.bytes), accepted.rawValue, chain.head.column,
        ])
        position.chain = chain
    }

    private func write(_ obligation: Obligation, body: String) throws {
        try statements.setObligation.execute([
            obligation.id.column, obligation.lease.column, obligation.debtor.column, obligation.creditor.column,
            obligation.deferral.from.microseconds, obligation.deferral.until.microseconds, obligation.left.cpu.rawValue,
            obligation.left.memory.rawValue, obligation.left.disk.rawValue, obligation.settledAt?.microseconds, body,
        ])
    }
}

// MARK: - State and story

extension Journal {
    private func write(_ line: TrustLine) throws {
        try statements.setTrustLine.execute([
            line.peer.column, line.unit.rawValue, line.granted.rawValue, line.received?.rawValue, line.ownCeiling.rawValue,
        ])
    }

    private func setState(_ kind: StateKind, id: String, body: String?) throws {
        if let body {
            try statements.setState.execute([kind.rawValue, id, body])
        } else {
            try statements.removeState.execute([kind.rawValue, id])
        }
    }

    private mutating func write(_ event: Event, subjects: String, details: String) throws {
        position.events += 1
        try statements.insertEvent.execute([
            position.events, event.at.microseconds, event.kind, subjects, event.text, details,
        ])
        for subject in event.subjects {
            try statements.insertSubject.execute([subject, position.events])
        }
    }
}

extension DatabaseError {
    /// Whether a key was there already.
    var isDuplicate: Bool {
        extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE || extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY
    }
}
