import Bookkeeping
import Resources
import Trading

// Small joins between the cores' types.

extension Agreement {
    func record(_ signed: SignedAgreement, at time: Timestamp) -> AgreementRecord {
        AgreementRecord(
            id: id, lease: lease, borrower: borrower, lender: lender, document: signed.document,
            borrowerSignature: signed.borrowerSignature, lenderSignature: signed.lenderSignature ?? Signature([]), at: time)
    }

    func bill(hash: Digest) -> Bill {
        Bill(lease: lease, agreement: id, lender: lender, borrower: borrower, prices: terms.prices, agreementHash: hash)
    }
}

extension Terms {
    /// The numbers behind an offer or a grant, for the story.
    var details: [Event.Detail] {
        [
            Event.Detail("cpu", amounts.cpu.text), Event.Detail("memory", amounts.memory.text),
            Event.Detail("cpu_price", prices.cpu.text), Event.Detail("memory_price", prices.memory.text),
            Event.Detail("term", term.text), Event.Detail("notice", notice.rawValue),
        ] + (start.map { [Event.Detail("start_utc_microseconds", String($0.microseconds))] } ?? [])
    }
}

extension Transfer {
    static func reservation(
        _ id: TransferID, debit: Account, credit: Account, _ amount: Microcredits, lease: LeaseID,
        lapsing span: Microseconds, at now: Moment
    ) -> Transfer {
        Transfer(
            id: id, kind: .pending, debit: debit, credit: credit, amount: amount, lease: lease,
            expires: Deadline(span, after: now), at: now.utc)
    }
}

extension Step {
    /// Removes a restorable state.
    mutating func forget(_ kind: StateKind, _ id: some CustomStringConvertible) {
        record(.state(kind, id: id.description, nil))
    }
}
