import Reports
import Resources
import Wire

extension ObligationReport {
    init(_ message: Surplus_V1_ObligationInfo) {
        self.init(
            obligation: message.obligation, peer: message.peer, peerName: message.peerName, owedToUs: message.owedToUs,
            lease: message.lease,
            due: (
                CivilTime(Timestamp(microseconds: message.terms.dueFrom)),
                CivilTime(Timestamp(microseconds: message.terms.dueUntil))
            ), left: Usage(shown: message.left), accrued: Usage(shown: message.accrued),
            discharged: Discharged(
                redeemed: Usage(shown: message.redeemed), converted: Usage(shown: message.converted),
                cancelled: Usage(shown: message.cancelled), offset: Usage(shown: message.offset)),
            standing: Standing(
                isAccruing: message.accruing, wasRefused: message.refused, proposal: message.proposal,
                settledAt: CivilTime(microseconds: message.settledAt)),
            premium: BasisPoints(message.terms.premium), worth: Microcredits(message.worthMicrocredits))
    }
}
