import Bookkeeping
import Foundation
import Resources

/// A record as it goes to disk. What can be computed beforehand is, on the thread of whoever commits, because the
/// writer's thread is what all commits wait for.
enum PreparedRecord: Sendable {
    case transfer(Transfer, document: [UInt8])
    case trustLine(TrustLine)
    case receipt(SignedReceipt)
    case agreement(AgreementRecord)
    case adjustment(SignedAdjustment)
    case checkpoint(KeptCheckpoint, with: NodeID)
    case resolution(SignedResolution)
    /// `body` is JSON.
    case dispute(Dispute, body: String)
    /// `body` is JSON.
    case obligation(Obligation, body: String)
    /// `body` is JSON; `nil` removes.
    case state(StateKind, id: String, body: String?)
    /// `subjects` and `details` are JSON.
    case event(Event, subjects: String, details: String)
    /// The sequences of events that are dropped, as a JSON list.
    case dropEvents(String)

    /// - Throws: ``LedgerStoreError/refused(_:)`` when a body has no JSON form.
    init(_ record: Record) throws(LedgerStoreError) {
        switch record {
        case .transfer(let transfer): self = .transfer(transfer, document: transfer.document)
        case .trustLine(let line): self = .trustLine(line)
        case .receipt(let receipt): self = .receipt(receipt)
        case .agreement(let agreement): self = .agreement(agreement)
        case .adjustment(let signed): self = .adjustment(signed)
        case .checkpoint(let kept, let peer): self = .checkpoint(kept, with: peer)
        case .resolution(let signed): self = .resolution(signed)
        case .dispute(let dispute): self = .dispute(dispute, body: try Self.json(dispute))
        case .obligation(let obligation): self = .obligation(obligation, body: try Self.json(obligation))
        case .state(let kind, let id, let body): self = .state(kind, id: id, body: try body.map(Self.json))
        case .event(let event):
            self = .event(event, subjects: try Self.json(event.subjects), details: try Self.json(event.details))
        }
    }

    private static func json(_ value: any Encodable) throws(LedgerStoreError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw .refused("\(type(of: value)) cannot be encoded: \(error)")
        }
    }
}
