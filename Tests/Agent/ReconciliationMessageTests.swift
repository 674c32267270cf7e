import Resources
import Testing
import Trading
import Wire

@testable import Agent

@Suite struct ReconciliationMessageTests {
    private static let id = ReconciliationID(high: 1, low: 2)
    private static let digest = Digest([UInt8](repeating: 7, count: 32))
    private static let place = LedgerPlace(sequence: 9, head: digest)
    private static let entry = SharedEntry(
        transfer: TransferID(high: 5, low: 6), lease: LeaseID(high: 3, low: 4),
        moved: Charge(credits: -5, inKind: Usage(cpu: 6, memory: -7)))
    private static let sums = [HistorySum(through: 12, count: 3, digest: digest)]

    static let all: [ReconciliationMessage] = [
        .ask(id, HistoryQuestion(scope: .open(after: nil, until: 5), isWhole: true, place: place)),
        .ask(id, HistoryQuestion(scope: .open(after: digest, until: 5), isWhole: false, place: place)),
        .ask(id, HistoryQuestion(scope: .recorded(digest), isWhole: false, place: place)),
        .answer(id, HistoryAnswer(until: 12, place: place, sums: sums)), .decline(id, .unknown(latest: nil)),
        .decline(id, .unknown(latest: digest)), .decline(id, .unsound(digest)),
        .decline(id, .refused(Refusal(term: "pending", reason: "not yet"))), .split(id, after: 1, through: 5),
        .sums(id, after: 1, through: 12, sums), .list(id, after: 1, through: 5), .entries(id, after: 1, through: 5, [entry]),
        .found(id, HistoryDifference(here: entry, there: nil)), .found(id, HistoryDifference(here: nil, there: entry)),
        .noted(id),
        .propose(id, document: [1, 2, 3], Signature([UInt8](repeating: 1, count: 64))),
        .signed(id, Signature([UInt8](repeating: 2, count: 64))),
    ]

    @Test("every message comes through as it was sent", arguments: all)
    func roundTrip(_ message: ReconciliationMessage) throws {
        let wire = Surplus_V1_TradeMessage(.reconciliation(message))
        #expect(
            try TradeMessage(Surplus_V1_TradeMessage(serializedBytes: try wire.serializedBytes() as [UInt8]))
                == .reconciliation(message))
    }

    @Test("what is too long, too much or no message is refused, naming the field")
    func bounds() {
        func refusal(_ change: (inout Surplus_V1_Reconciliation) -> Void) -> String? {
            var wire = Surplus_V1_Reconciliation()
            wire.id = Self.id.description
            change(&wire)
            do {
                _ = try ReconciliationMessage(wire)
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal { _ in }?.contains("reconciliation") == true)
        #expect(refusal { $0.entries.entries = Array(repeating: .init(), count: 17) }?.contains("reconciliation.entries") == true)
        #expect(refusal { $0.sums.sums = Array(repeating: .init(), count: 17) }?.contains("reconciliation.sums") == true)
        #expect(refusal { $0.propose.document = .init(count: 5000) }?.contains("reconciliation.propose.document") == true)
        #expect(
            refusal {
                $0.entries.entries = [.with { ($0.transfer, $0.microcredits) = (TransferID(high: 1, low: 1).description, .max) }]
            }?.contains("microcredits") == true)
    }
}
