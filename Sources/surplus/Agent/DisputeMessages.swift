import Reports
import Resources
import Wire

extension DisputeReport {
    init(_ message: Surplus_V1_DisputeInfo) {
        self.init(
            dispute: message.dispute, cause: message.cause, receipt: message.receipt.nonEmpty, lease: message.lease,
            reason: message.reason,
            parties: Parties(
                peer: message.peer, peerName: message.peerName, isOpenedByUs: message.openedByUs,
                isBilledByUs: message.billedByUs),
            amounts: Amounts(
                all: Charge(credits: Microcredits(message.amountMicrocredits), inKind: Usage(shown: message.amountInKind)),
                left: Charge(credits: Microcredits(message.leftMicrocredits), inKind: Usage(shown: message.leftInKind)),
                worth: Microcredits(message.worthMicrocredits), accepted: Microcredits(message.acceptedMicrocredits),
                withdrawn: Microcredits(message.withdrawnMicrocredits)),
            standing: Standing(
                state: message.state, openedAt: CivilTime(Timestamp(microseconds: message.openedAt)),
                resolvedAt: CivilTime(microseconds: message.resolvedAt), waiting: message.waiting, next: message.next),
            lender: message.hasLender ? LenderView(LenderEvidence(message.lender)) : nil,
            borrower: message.hasBorrower ? BorrowerView(BorrowerEvidence(message.borrower)) : nil)
    }
}

extension LenderEvidence {
    fileprivate init(_ message: Surplus_V1_DisputeInfo.LenderView) {
        self.init(
            usage: Usage(shown: message.usage), elapsed: Microseconds(message.elapsedMicroseconds),
            throttled: Microseconds(message.throttledMicroseconds))
    }
}

extension BorrowerEvidence {
    fileprivate init(_ message: Surplus_V1_DisputeInfo.BorrowerView) {
        self.init(
            plausible: Usage(shown: message.plausible), elapsed: Microseconds(message.elapsedMicroseconds),
            counted: message.counted ? CoreMicroseconds(message.countedCoreMicroseconds) : nil)
    }
}
