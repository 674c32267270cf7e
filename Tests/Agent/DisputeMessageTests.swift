import Bookkeeping
import Resources
import Testing
import Trading
import Wire

@testable import Agent

@Suite("Messages about disputes on the wire")
struct DisputeMessageTests {
    private static let id = DisputeID(high: 7, low: 7)
    private static let signature = Signature([UInt8](repeating: 5, count: 64))
    private static let evidence = BorrowerEvidence(
        plausible: Usage(cpu: 1_000, memory: 2), elapsed: .seconds(3), counted: 900)

    private static func notice(answered: Bool) -> DisputeNotice {
        DisputeNotice(
            dispute: id, document: [1, 2, 3], lenderSignature: signature, borrowerSignature: answered ? signature : nil,
            amount: Charge(credits: 5, inKind: Usage(cpu: 6, memory: 7)), prices: Prices(cpu: 8, memory: 9), reason: "too much",
            evidence: answered ? evidence : nil, opened: Timestamp(microseconds: 10))
    }

    private static let messages: [TradeMessage] = [
        .dispute(notice(answered: true)), .dispute(notice(answered: false)), .disputeAnswer(id, nil),
        .disputeAnswer(id, Refusal(term: "amount", reason: "nothing of it is left")),
        .resolve(ResolutionOffer(document: [4, 5], signature: signature)),
        .resolved(ResolutionReply(dispute: id, number: 3, signature: signature)),
        .resolved(
            ResolutionReply(
                dispute: id, number: 3, signature: signature, lost: ResolutionOffer(document: [4, 5], signature: signature))),
        .receiptAnswer(
            ReceiptReply(
                receipt: ReceiptID(high: 1, low: 1), borrowerSignature: signature, accepted: Charge(credits: 1),
                dispute: Refusal(term: "usage", reason: "more than was possible"), evidence: evidence)),
    ]

    @Test("What is sent arrives", arguments: messages)
    func roundTrip(_ message: TradeMessage) throws {
        #expect(try TradeMessage(Surplus_V1_TradeMessage(message)) == message)
    }

    @Test("What is out of bounds is refused, with the field")
    func bounds() {
        func expect(_ field: String, _ make: (inout Surplus_V1_TradeMessage) -> Void) {
            var wire = Surplus_V1_TradeMessage(.dispute(Self.notice(answered: true)))
            make(&wire)
            let error = #expect(throws: FieldError.self) { try TradeMessage(wire) }
            #expect(error?.description.contains(field) == true, "\(String(describing: error))")
        }
        expect("dispute_notice.dispute") { $0.disputeNotice.dispute = "dsp_1" }
        expect("dispute_notice.document") { $0.disputeNotice.document = .init(repeating: 1, count: 5000) }
        expect("dispute_notice.lender_signature") { $0.disputeNotice.lenderSignature = .init() }
        expect("dispute_notice.amount_microcredits") { $0.disputeNotice.amountMicrocredits = -1 }
        expect("dispute_notice.amount_in_kind") { $0.disputeNotice.amountInKind.cpuCoreMicroseconds = -1 }
        expect("dispute_notice.prices") { $0.disputeNotice.prices.cpuPerCoreHour = -1 }
        expect("dispute_notice.reason") { $0.disputeNotice.reason = String(repeating: "x", count: 2000) }
        expect("dispute_notice.evidence.counted") { $0.disputeNotice.evidence.countedCoreMicroseconds = -1 }
        expect("dispute_notice.opened_at") { $0.disputeNotice.openedAt = -1 }
        expect("dispute_answer.dispute") { $0.disputeAnswer = .init() }
        expect("resolution_offer.document") { $0.resolutionOffer = .with { $0.document = .init(repeating: 1, count: 5000) } }
        expect("resolution_answer.number") { $0.resolutionAnswer = .with { ($0.dispute, $0.number) = (Self.id.description, 0) } }
        expect("resolution_answer.document") {
            $0.resolutionAnswer = .with { ($0.dispute, $0.number) = (Self.id.description, 1) }
            $0.resolutionAnswer.document = .init(repeating: 1, count: 5000)
        }
        expect("resolution_answer.proposer_signature") {
            $0.resolutionAnswer = .with { ($0.dispute, $0.number) = (Self.id.description, 1) }
            $0.resolutionAnswer.document = .init([1])
        }
        expect("resolution_answer.signature") {
            $0.resolutionAnswer = .with { ($0.dispute, $0.number) = (Self.id.description, 1) }
        }
    }
}
