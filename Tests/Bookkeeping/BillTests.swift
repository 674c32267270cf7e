import Bookkeeping
import Resources
import TestKit
import Testing

@Suite("Bill")
struct BillTests {
    private let lender = PlainNotary(node: node(11))
    private let borrower = PlainNotary(node: node(12))
    private let stranger = PlainNotary(node: node(13))

    /// A core-hour for a credit: 3600 core-microseconds cost one microcredit.
    private func bill() -> Bill {
        Bill(
            lease: LeaseID(high: 1, low: 1), agreement: AgreementID(high: 1, low: 2), lender: lender.node,
            borrower: borrower.node, tariff: Tariff(Prices(cpu: 1_000_000, memory: 200_000)),
            agreementHash: lender.digest([1, 2, 3]))
    }

    private func statement(_ n: UInt64, cost: Int64, isFinal: Bool = false, compensation: Microcredits = .zero)
        -> Bill.Statement
    {
        Bill.Statement(
            receipt: ReceiptID(high: 9, low: n), transfer: TransferID(high: 9, low: n * 10),
            compensationTransfer: compensation > .zero ? TransferID(high: 9, low: n * 10 + 5) : nil,
            elapsed: .minutes(Int64(n)), usage: Usage(cpu: CoreMicroseconds(cost * 3600)), compensation: compensation,
            isFinal: isFinal, issued: start.utc)
    }

    private let ample = Usage(cpu: CoreMicroseconds(1 << 50), memory: MiBSeconds(1 << 50))

    private func examine(
        _ bill: Bill, _ signed: SignedReceipt, plausible: Usage? = nil, reserved: Charge = 1_000_000
    ) throws -> Bill.Finding {
        try bill.examine(
            document: signed.document, signature: signed.lenderSignature, plausible: plausible ?? ample, reserved: reserved,
            notary: borrower)
    }

    /// Draws, examines, answers and settles one receipt; returns what was accepted.
    @discardableResult
    private func exchange(_ ours: inout Bill, _ theirs: inout Bill, _ statement: Bill.Statement) throws -> Charge {
        let drawn = ours.draw(statement, notary: lender)
        guard case .new(let signed, let accepted, _) = try examine(theirs, drawn) else {
            Issue.record("not new")
            return .zero
        }
        let answered = theirs.answer(signed, accepted: accepted, notary: borrower)
        let signature = try #require(answered.borrowerSignature)
        let settled = ours.settle(drawn.receipt.id, signature: signature, accepted: accepted, notary: lender)
        #expect(settled == answered)
        return accepted
    }

    // MARK: The chain

    @Test("Both sides arrive at the same total and the same head, receipt by receipt")
    func mirrored() throws {
        var (ours, theirs) = (bill(), bill())
        var total = Charge.zero
        for n in 1...5 { total += try exchange(&ours, &theirs, statement(UInt64(n), cost: Int64(n) * 100, isFinal: n == 5)) }
        #expect(total == 500)
        #expect(ours.accepted == 500 && theirs.accepted == 500 && ours.disputed == .zero)
        #expect(ours.head == theirs.head && ours.sequence == 5 && theirs.sequence == 5)
        #expect(ours.isFinal && theirs.isFinal)
    }

    @Test("Each receipt names the hash of the one before, the first that of the agreement")
    func chained() throws {
        var (ours, theirs) = (bill(), bill())
        let first = ours
        let drawn = ours.draw(statement(1, cost: 100), notary: lender)
        #expect(drawn.receipt.previous == first.head)
        ours = first
        try exchange(&ours, &theirs, statement(1, cost: 100))
        #expect(ours.draw(statement(2, cost: 200), notary: lender).receipt.previous == lender.digest(drawn.document))
    }

    @Test("A receipt that comes again is answered alike, and one from long ago not at all")
    func replayed() throws {
        var (ours, theirs) = (bill(), bill())
        var copy = ours
        let first = copy.draw(statement(1, cost: 100), notary: lender)
        try exchange(&ours, &theirs, statement(1, cost: 100))
        let before = theirs
        guard case .repeated(let again) = try examine(theirs, first) else { return #expect(Bool(false), "not repeated") }
        #expect(again == theirs.answered && theirs == before)
        try exchange(&ours, &theirs, statement(2, cost: 200))
        #expect(throws: Bill.Fault.outdated) { try examine(theirs, first) }
    }

    @Test("The same number with other content, a gap and a fork are conflicts")
    func conflicting() throws {
        var (ours, theirs) = (bill(), bill())
        var fork = ours
        try exchange(&ours, &theirs, statement(1, cost: 100))
        #expect(conflicts(theirs, fork.draw(statement(2, cost: 101), notary: lender)))

        var (other, otherSide) = (bill(), bill())
        try exchange(&other, &otherSide, statement(7, cost: 70))
        #expect(conflicts(theirs, other.draw(statement(8, cost: 200), notary: lender)))

        var ahead = theirs
        try exchange(&ours, &ahead, statement(2, cost: 200))
        #expect(conflicts(theirs, ours.draw(statement(3, cost: 300), notary: lender)))
    }

    @Test("After the final receipt there is no other")
    func final() throws {
        var (ours, theirs) = (bill(), bill())
        try exchange(&ours, &theirs, statement(1, cost: 100, isFinal: true))
        var more = try #require(theirs.answered).receipt
        (more.sequence, more.previous, more.amount) = (2, theirs.head, .zero)
        #expect(conflicts(theirs, sign(more, lender)))
    }

    // MARK: Forgery

    private func sign(_ receipt: Receipt, _ notary: PlainNotary) -> SignedReceipt {
        SignedReceipt(receipt: receipt, document: receipt.document, lenderSignature: notary.sign(receipt.document))
    }

    private func conflicts(_ bill: Bill, _ signed: SignedReceipt) -> Bool {
        do { _ = try examine(bill, signed) } catch Bill.Fault.conflicting { return true } catch { return false }
        return false
    }

    private func isForged(_ bill: Bill, _ signed: SignedReceipt) -> Bool {
        do { _ = try examine(bill, signed) } catch Bill.Fault.forged { return true } catch { return false }
        return false
    }

    @Test("A receipt not signed by the lender, or changed after signing, is a forgery")
    func unsigned() {
        var ours = bill()
        let drawn = ours.draw(statement(1, cost: 100), notary: lender)
        #expect(isForged(bill(), sign(drawn.receipt, stranger)))
        #expect(isForged(bill(), sign(drawn.receipt, borrower)))
        for index in drawn.document.indices {
            var changed = drawn
            changed.document[index] ^= 1
            #expect(isForged(bill(), changed))
        }
        var cut = drawn
        cut.document.removeLast()
        #expect(isForged(bill(), cut))
    }

    @Test("A receipt of another lease or other parties is a forgery, even if signed")
    func otherParties() {
        var ours = bill()
        let receipt = ours.draw(statement(1, cost: 100), notary: lender).receipt
        let changes: [(inout Receipt) -> Void] = [
            { $0.lease = LeaseID(high: 5, low: 5) }, { $0.agreement = AgreementID(high: 5, low: 5) },
            { $0.borrower = node(14) }, { $0.lender = node(14) },
        ]
        for change in changes {
            var other = receipt
            change(&other)
            #expect(isForged(bill(), sign(other, lender)))
        }
    }

    @Test("Figures that do not follow from usage and prices are conflicts, even if signed")
    func wrongFigures() throws {
        var (ours, theirs) = (bill(), bill())
        try exchange(&ours, &theirs, statement(1, cost: 100))
        let receipt = ours.draw(statement(2, cost: 200), notary: lender).receipt
        let changes: [(inout Receipt) -> Void] = [
            { $0.amount += 1 }, { $0.amount = .zero }, { $0.charge += 1 },
            { ($0.charge, $0.amount) = ($0.charge + 50, $0.amount + 50) },
            { ($0.usage, $0.charge, $0.amount) = (.zero, .zero, .zero) },
            { $0.compensation = 5 }, { ($0.compensation, $0.isFinal) = (5, true) },
            { $0.usage = Usage(cpu: CoreMicroseconds(1 << 61), memory: MiBSeconds(1 << 50)) },
        ]
        for change in changes {
            var other = receipt
            change(&other)
            #expect(conflicts(theirs, sign(other, lender)))
        }
    }

    @Test("Negative or boundless figures are refused before anything is calculated")
    func ranges() {
        var ours = bill()
        let receipt = ours.draw(statement(1, cost: 100), notary: lender).receipt
        let changes: [(inout Receipt) -> Void] = [
            { $0.amount = -1 }, { $0.amount.credits = Microcredits(.max) }, { $0.charge.credits = Microcredits(.min) },
            { $0.amount.inKind.cpu = -1 }, { $0.charge.inKind.memory = MiBSeconds(.max) },
            { $0.compensation = Bounds.money + 1 }, { $0.usage.cpu = -1 }, { $0.usage.memory = MiBSeconds(.min) },
            { $0.elapsed = -1 }, { $0.throttled = -1 }, { $0.sequence = 0 }, { $0.sequence = .max },
        ]
        for change in changes {
            var other = receipt
            change(&other)
            #expect(isForged(bill(), sign(other, lender)))
        }
    }

    // MARK: Disputes

    @Test("Of an implausible receipt only the plausible part is accepted, and the reason says what was compared")
    func implausible() throws {
        var (ours, theirs) = (bill(), bill())
        let drawn = ours.draw(statement(1, cost: 1000), notary: lender)
        let finding = try examine(theirs, drawn, plausible: Usage(cpu: CoreMicroseconds(600 * 3600)))
        guard case .new(let signed, let accepted, let dispute) = finding else { return #expect(Bool(false), "not new") }
        #expect(accepted == 600 && dispute?.term == "usage")
        let answered = theirs.answer(signed, accepted: accepted, notary: borrower)
        let signature = try #require(answered.borrowerSignature)
        #expect(ours.settle(drawn.receipt.id, signature: signature, accepted: accepted, notary: lender) != nil)
        for bill in [ours, theirs] { #expect(bill.accepted == 600 && bill.disputed == 400 && bill.charged == 1000) }
        // The dispute stays where it is: the next receipt bills only what is new.
        #expect(try exchange(&ours, &theirs, statement(2, cost: 1100)) == 100)
        #expect(ours.accepted == 700 && theirs.accepted == 700)
    }

    @Test("No more is accepted than is reserved")
    func unreserved() throws {
        var ours = bill()
        let drawn = ours.draw(statement(1, cost: 1000), notary: lender)
        guard case .new(_, let accepted, let dispute) = try examine(bill(), drawn, reserved: 250) else {
            return #expect(Bool(false), "not new")
        }
        #expect(accepted == 250 && dispute?.term == "reservation")
    }

    // MARK: Answers

    @Test("An answer not signed by the borrower, to another receipt or over another amount settles nothing")
    func badAnswers() {
        var ours = bill()
        let drawn = ours.draw(statement(1, cost: 100), notary: lender)
        let (id, good) = (drawn.receipt.id, borrower.sign(drawn.document))
        let before = ours
        #expect(ours.settle(id, signature: stranger.sign(drawn.document), accepted: 100, notary: lender) == nil)
        #expect(ours.settle(id, signature: borrower.sign([1]), accepted: 100, notary: lender) == nil)
        #expect(ours.settle(ReceiptID(high: 1, low: 1), signature: good, accepted: 100, notary: lender) == nil)
        #expect(ours.settle(id, signature: good, accepted: 101, notary: lender) == nil)
        #expect(ours.settle(id, signature: good, accepted: -1, notary: lender) == nil)
        #expect(ours == before)
        #expect(ours.settle(id, signature: good, accepted: 100, notary: lender) != nil)
        let settled = ours
        #expect(ours.settle(id, signature: good, accepted: 100, notary: lender) == nil)
        #expect(ours == settled)
    }

    @Test("Compensation comes with the final receipt and is no part of the charge")
    func compensation() throws {
        var (ours, theirs) = (bill(), bill())
        #expect(try exchange(&ours, &theirs, statement(1, cost: 100, isFinal: true, compensation: 40)) == 100)
        #expect(theirs.compensation == 40 && theirs.accepted == 100)
    }
}
