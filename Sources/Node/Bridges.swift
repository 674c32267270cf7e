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
        Bill(lease: lease, agreement: id, lender: lender, borrower: borrower, tariff: terms.tariff, agreementHash: hash)
    }
}

extension LeaseEntry {
    /// What a lender has seen used: of disk all that was set aside.
    package func used(at now: Moment) -> Usage { lease.isOfDisk ? lease.setAside(at: now) : meter.usage }

    /// What a receipt bills: what was used; of disk what was set aside, which nobody else could use meanwhile; of a half of a swap
    /// what was set aside, less the time in which guests were held below it.
    func billable(at now: Moment) -> Usage {
        guard lease.other != nil || lease.isOfDisk else { return meter.usage }
        let held = CoreMicroseconds(lease.terms.amounts.cpu, for: meter.throttled)
        return (lease.setAside(at: now) - Usage(cpu: held)).clampedToZero
    }
}

extension Terms {
    /// The numbers behind an offer or a grant, for the story.
    var details: [Event.Detail] {
        resourceDetails + [Event.Detail("term", term.text), Event.Detail("notice", notice.rawValue)]
            + (start.map { [Event.Detail("start_utc_microseconds", String($0.microseconds))] } ?? [])
            + (consideration.map { [Event.Detail("consideration", $0.text)] } ?? [])
    }

    private var resourceDetails: [Event.Detail] {
        guard amounts.disk == .zero else {
            return [Event.Detail("disk", amounts.disk.text), Event.Detail("disk_price", prices.disk.text)]
        }
        return [
            Event.Detail("cpu", amounts.cpu.text), Event.Detail("memory", amounts.memory.text),
            Event.Detail("cpu_price", prices.cpu.text), Event.Detail("memory_price", prices.memory.text),
        ]
    }
}

extension Step {
    /// Removes a restorable state.
    mutating func forget(_ kind: StateKind, _ id: some CustomStringConvertible) {
        record(.state(kind, id: id.description, nil))
    }
}
