import Resources
import TestKit
import Trading

func peer(_ n: UInt64) -> NodeID { NodeID(high: 2, low: n) }

let hour = Microseconds.hours(1)
let prices = Prices(cpu: 1_000_000, memory: 200_000)

func terms(
    cores: Int64 = 2, memory: Bytes = .gibibytes(1), price: Microcredits = 1_000_000, term: Microseconds = .minutes(10)
) -> Terms {
    Terms(
        amounts: Amounts(cpu: .cores(cores), memory: memory), prices: Prices(cpu: price, memory: 200_000), term: term,
        notice: .standard)
}

func agreement(_ terms: Terms = terms()) -> Agreement {
    Agreement(
        id: AgreementID(high: 3, low: 1), lease: LeaseID(high: 3, low: 2), negotiation: NegotiationID(high: 3, low: 3),
        reservation: TransferID(high: 3, low: 4), borrower: peer(1), lender: peer(2), user: "ana", terms: terms,
        at: ManualClock().now.utc)
}
