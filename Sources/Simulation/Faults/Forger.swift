import Bookkeeping
import Resources
import Trading

/// Alters messages as somebody would who has no keys but their own: what is signed by others no longer matches then.
enum Forger {
    static func altered(_ message: TradeMessage, using random: inout SeededGenerator) -> TradeMessage {
        switch message {
        case .accept(var acceptance):
            acceptance.agreement.document = flipped(acceptance.agreement.document, using: &random)
            return .accept(acceptance)
        case .committed(var commitment):
            if random.chance(.percent(50)) {
                commitment.remaining = commitment.remaining * 8
            } else {
                commitment.agreement.document = flipped(commitment.agreement.document, using: &random)
            }
            return .committed(commitment)
        case .receipt(var offer):
            offer.document = flipped(offer.document, using: &random)
            return .receipt(offer)
        case .receiptAnswer(let reply):
            return .receiptAnswer(
                ReceiptReply(
                    receipt: reply.receipt, borrowerSignature: reply.borrowerSignature,
                    accepted: Charge(credits: Microcredits(reply.accepted.credits.rawValue / 2)), dispute: reply.dispute))
        case .adjust(var offer):
            offer.document = flipped(offer.document, using: &random)
            return .adjust(offer)
        case .adjusted(var reply):
            reply.refusal = Refusal(term: "obligation", reason: "no")
            reply.signature = nil
            return .adjusted(reply)
        case .dispute(var notice):
            notice.amount.credits = notice.amount.credits * 1000
            return .dispute(notice)
        case .disputeAnswer(let id, _): return .disputeAnswer(id, Refusal(term: "dispute", reason: "no"))
        case .resolve(var offer):
            offer.document = flipped(offer.document, using: &random)
            return .resolve(offer)
        case .resolved(var reply):
            reply.signature = Signature([1, 2, 3])
            return .resolved(reply)
        case .renew(var renewal):
            renewal.span = renewal.span * 1000
            return .renew(renewal)
        case .renewed(var answer):
            answer.refusal = nil
            return .renewed(answer)
        case .resized(let lease, let amounts, let reason):
            return .resized(lease, Amounts(cpu: amounts.cpu * 100, memory: amounts.memory * 100), reason: reason)
        case .claims(let claims):
            return .claims(claims.map { LeaseClaim(lease: $0.lease, role: $0.role, isOpen: true, amounts: .zero) })
        case .netting(let message): return .netting(altered(message, using: &random))
        case .reconciliation(let message): return .reconciliation(altered(message, using: &random))
        case .decay(let message): return .decay(altered(message, using: &random))
        default: return message
        }
    }

    private static func altered(_ message: ReconciliationMessage, using random: inout SeededGenerator) -> ReconciliationMessage {
        switch message {
        case .ask(let id, var question):
            question.scope = .open(after: nil, until: Bool.random(using: &random) ? .max : 1)
            return .ask(id, question)
        case .answer(let id, var answer):
            if Bool.random(using: &random) {
                (answer.until, answer.sums) = (0, [])
            } else {
                for place in answer.sums.indices { answer.sums[place].count += 1 }
            }
            return .answer(id, answer)
        case .sums(let id, let after, let through, let sums):
            return .sums(id, after: after, through: through, sums.reversed())
        case .entries(let id, let after, let through, let entries):
            return .entries(id, after: after, through: through, entries.dropLast())
        case .found(let id, let difference):
            guard Bool.random(using: &random) else { return .found(id, difference.reversed) }
            let entry = SharedEntry(transfer: TransferID(high: 0, low: 0), lease: nil, moved: Charge(credits: 1))
            return .found(id, HistoryDifference(here: entry, there: nil))
        case .propose(let id, let document, let signature):
            return .propose(id, document: flipped(document, using: &random), signature)
        case .signed(let id, let signature): return .signed(id, Signature(signature.bytes.reversed()))
        case .decline(let id, _): return .decline(id, .unknown(latest: nil))
        case .split(let id, _, let through): return .split(id, after: through, through: 0)
        case .list(let id, _, _): return .list(id, after: 0, through: .max)
        case .noted(let id), .same(let id): return .same(id)
        }
    }

    private static func altered(_ message: NettingMessage, using random: inout SeededGenerator) -> NettingMessage {
        switch message {
        case .probe(var probe):
            probe.amount = probe.amount * 1000
            return .probe(probe)
        case .prepare(let document, let signature): return .prepare(document: flipped(document, using: &random), signature)
        case .vote(let id, .failure): return .vote(id, .success(Signature([1, 2, 3])))
        case .vote(let id, .success(let signature)): return .vote(id, .success(Signature(signature.bytes.reversed())))
        case .decision(var decision):
            decision.isCommitted.toggle()
            return .decision(decision)
        case .inquire(let document): return .inquire(document: flipped(document, using: &random))
        case .done(let id): return .untold(id)
        case .untold(let id): return .done(id)
        }
    }

    private static func altered(_ message: DecayMessage, using random: inout SeededGenerator) -> DecayMessage {
        switch message {
        case .offer(let document, let signature): .offer(document: flipped(document, using: &random), signature)
        case .agreed(let number, let document, let signature, let allows):
            .agreed(number: number, document: flipped(document, using: &random), signature, allows: allows)
        case .refused(let number, _, _): .agreed(number: number, document: [1], Signature([1, 2, 3]), allows: nil)
        }
    }

    private static func flipped(_ document: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
        var document = document
        guard let place = document.indices.randomElement(using: &random) else { return document }
        document[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        return document
    }
}
