import Resources
import Testing
import Trading
import Wire

@testable import Agent

@Suite("Messages about nettings on the wire")
struct NettingMessageTests {
    private static let nodes = (1...6).map { NodeID(high: 1, low: UInt64($0)) }
    private static let id = NettingID(high: 7, low: 7)
    private static let signature = Signature([UInt8](repeating: 5, count: 64))

    private static let messages: [NettingMessage] = [
        .probe(NettingProbe(search: id, path: nodes, amount: 1234)),
        .prepare(document: [1, 2, 3], signature), .vote(id, .success(signature)),
        .vote(id, .failure(Refusal(term: "credit", reason: "too little", retryAfter: .seconds(3)))),
        .decision(NettingDecision(netting: id, isCommitted: true, signature: signature, signatures: [signature, signature])),
        .decision(NettingDecision(netting: id, isCommitted: false, signature: signature, reason: "no answer")),
        .done(id), .inquire(document: [4, 5]), .untold(id),
    ]

    @Test("What is sent arrives", arguments: messages)
    func roundTrip(_ message: NettingMessage) throws {
        #expect(try TradeMessage(Surplus_V1_TradeMessage(.netting(message))) == .netting(message))
    }

    @Test("What is out of bounds is refused, with the field")
    func bounds() {
        func expect(_ field: String, _ make: (inout Surplus_V1_Netting) -> Void) {
            var wire = Surplus_V1_Netting()
            make(&wire)
            let error = #expect(throws: FieldError.self) { try NettingMessage(wire) }
            #expect(error?.description.contains(field) == true, "\(String(describing: error))")
        }
        let path = (1...7).map { NodeID(high: 1, low: UInt64($0)).description }
        expect("netting.probe.path") { $0.probe = .with { $0.path = path } }
        expect("netting.probe.amount_microcredits") {
            $0.probe = .with { ($0.search, $0.amountMicrocredits) = (Self.id.description, -1) }
        }
        expect("netting.vote") { $0.vote = .with { $0.netting = Self.id.description } }
        expect("netting.prepare.document") { $0.prepare = .with { $0.document = .init(repeating: 1, count: 5000) } }
        expect("netting.decision.signatures") {
            $0.decision = .with { $0.signatures = .init(repeating: .init(), count: 7) }
        }
        expect("netting.inquire.document") { $0.inquire = .with { $0.document = .init(repeating: 1, count: 5000) } }
        expect("netting.untold") { $0.untold = .init() }
        expect("netting") { _ in }
    }
}
