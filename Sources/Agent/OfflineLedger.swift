import Foundation
import LedgerStore
import Resources

/// What is done with a ledger's directory in place of an agent, for a program that asks; answered in JSON.
package enum OfflineLedger {
    private struct Reply<Answer: Encodable>: Encodable {
        var answer: Answer?
        var fault: String?
    }

    private struct Found: Encodable {
        let fault: String?
        let transfers: Int64
        let receipts: Int64
        let checkpoints: Int64
        let segments: Int
        let firstSegment: Int
        let head: String
        let resumedAfter: Int64?

        init(_ found: Verification) {
            fault = found.fault.map { "\($0)" }
            (transfers, receipts, checkpoints) = (found.transfers, found.receipts, found.checkpoints)
            (segments, firstSegment) = (found.segments, found.firstSegment)
            (head, resumedAfter) = (found.head.description, found.resumedAfter)
        }
    }

    /// Recounts it, without signatures: who may have signed is known to the agent.
    package static func verify(_ directory: String, resuming: Bool) -> String {
        json {
            Found(try ClosedLedger(directory: directory).verify(resuming: resuming, signatures: nil))
        }
    }

    private struct Restored: Encodable {
        let at: Int64
        let oldest: Int64
        let newest: Int64
        let found: Found
    }

    /// Makes a ledger out of a standby.
    package static func restore(from standby: String, to directory: String, at time: Timestamp?) -> String {
        json {
            let restored = try Restoring(from: standby, to: directory).run(at: time)
            return Restored(
                at: restored.at.microseconds, oldest: restored.oldest.microseconds, newest: restored.newest.microseconds,
                found: Found(restored.found))
        }
    }

    private static func json<Answer: Encodable>(_ body: () throws -> Answer) -> String {
        var reply = Reply<Answer>()
        do { reply.answer = try body() } catch { reply.fault = "\(error)" }
        // numbers and text alone: there is nothing in it that could not be encoded
        guard let data = try? JSONEncoder().encode(reply) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
