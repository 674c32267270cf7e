import Resources
import Testing
import Trading
import Wire

@testable import Agent

@Suite("Messages about idle credits on the wire")
struct DecayMessageTests {
    private static let signature = Signature([UInt8](repeating: 5, count: 64))

    @Test(
        "What is sent arrives",
        arguments: [
            .offer(document: [1, 2, 3], signature), .agreed(number: 7, document: [4], signature, allows: nil),
            .agreed(number: 7, document: [4], signature, allows: DecayRule(rate: .percent(3))),
            .refused(number: 8, Refusal(term: "decay", reason: "no", retryAfter: .seconds(3)), allows: nil),
            .refused(number: 9, Refusal(term: "decay", reason: "no"), allows: DecayRule(rate: .percent(3), idle: .minutes(2))),
        ] as [DecayMessage])
    func roundTrip(_ message: DecayMessage) throws {
        #expect(try TradeMessage(Surplus_V1_TradeMessage(.decay(message))) == .decay(message))
    }

    @Test("What is out of bounds is refused, with the field")
    func bounds() {
        func expect(_ field: String, _ make: (inout Surplus_V1_Decay) -> Void) {
            var wire = Surplus_V1_Decay()
            make(&wire)
            let error = #expect(throws: FieldError.self) { try DecayMessage(wire) }
            #expect(error?.description.contains(field) == true, "\(String(describing: error))")
        }
        let signature = Self.signature.bytes
        expect("decay.offer.document") {
            $0.offer = .with { ($0.document, $0.signature) = (.init(repeating: 1, count: 5000), .init(signature)) }
        }
        expect("decay.offer.signature") { $0.offer = .with { $0.document = .init([1]) } }
        expect("decay.agreed.number") { $0.agreed = .with { $0.signature = .init(signature) } }
        expect("decay.refused.number") { $0.refused = .with { $0.number = -1 } }
        expect("decay") { _ in }
    }
}
