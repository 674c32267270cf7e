import Resources

/// What one side of a trade does not accept of what the other has billed.
package struct DisputeReport: Report {
    /// What the lender's kernel has counted.
    package struct LenderView: Encodable, Hashable, Sendable {
        let usage: ObligationReport.UsageFigures
        let elapsedMicroseconds: Int64
        let throttledMicroseconds: Int64

        package init(_ evidence: LenderEvidence) {
            usage = ObligationReport.UsageFigures(evidence.usage)
            (elapsedMicroseconds, throttledMicroseconds) = (evidence.elapsed.rawValue, evidence.throttled.rawValue)
        }

        var text: String {
            let throttled = throttledMicroseconds == 0 ? "" : ", throttled for \(Microseconds(throttledMicroseconds).text)"
            return "\(usage.text) in \(Microseconds(elapsedMicroseconds).text)\(throttled)"
        }
    }

    /// What the borrower holds against that.
    package struct BorrowerView: Encodable, Hashable, Sendable {
        /// The most that it holds plausible.
        let plausible: ObligationReport.UsageFigures
        let elapsedMicroseconds: Int64
        /// What its jobs have reported; left out where it does not know that of all of them.
        let jobsCoreMicroseconds: Int64?

        package init(_ evidence: BorrowerEvidence) {
            plausible = ObligationReport.UsageFigures(evidence.plausible)
            elapsedMicroseconds = evidence.elapsed.rawValue
            jobsCoreMicroseconds = evidence.counted?.rawValue
        }

        var text: String {
            let jobs = jobsCoreMicroseconds.map { "; its jobs reported \(CoreMicroseconds($0).text)" } ?? ""
            return "at most \(plausible.text) in \(Microseconds(elapsedMicroseconds).text)\(jobs)"
        }
    }

    /// Who is in it.
    package struct Parties: Sendable {
        let peer: String
        let peerName: String
        let isOpenedByUs: Bool
        let isBilledByUs: Bool

        package init(peer: String, peerName: String, isOpenedByUs: Bool, isBilledByUs: Bool) {
            (self.peer, self.peerName, self.isOpenedByUs, self.isBilledByUs) = (peer, peerName, isOpenedByUs, isBilledByUs)
        }
    }

    /// What it is about.
    package struct Amounts: Sendable {
        let all: Charge
        let left: Charge
        /// What is left, in credits.
        let worth: Microcredits
        let accepted: Microcredits
        let withdrawn: Microcredits

        package init(all: Charge, left: Charge, worth: Microcredits, accepted: Microcredits, withdrawn: Microcredits) {
            (self.all, self.left, self.worth, self.accepted, self.withdrawn) = (all, left, worth, accepted, withdrawn)
        }
    }

    /// How it stands.
    package struct Standing: Sendable {
        let state: String
        let openedAt: CivilTime
        let resolvedAt: CivilTime?
        /// What the peer has not answered yet; empty for nothing.
        let waiting: String
        /// What this node can do; empty for nothing now.
        let next: String

        package init(state: String, openedAt: CivilTime, resolvedAt: CivilTime?, waiting: String, next: String) {
            (self.state, self.openedAt, self.resolvedAt, self.waiting, self.next) = (state, openedAt, resolvedAt, waiting, next)
        }
    }

    let dispute: String
    let peer: String
    let peerName: String
    let cause: String
    let receipt: String?
    let lease: String
    let openedByUs: Bool
    let billedByUs: Bool
    let amountMicrocredits: Int64
    let amountInKind: ObligationReport.UsageFigures
    let leftMicrocredits: Int64
    let leftInKind: ObligationReport.UsageFigures
    let worthMicrocredits: Int64
    let acceptedMicrocredits: Int64
    let withdrawnMicrocredits: Int64
    let reason: String
    let state: String
    let openedAt: CivilTime
    let resolvedAt: CivilTime?
    let waiting: String
    let next: String
    let lender: LenderView?
    let borrower: BorrowerView?

    package init(
        dispute: String, cause: String, receipt: String?, lease: String, reason: String, parties: Parties, amounts: Amounts,
        standing: Standing, lender: LenderView?, borrower: BorrowerView?
    ) {
        self.dispute = dispute
        self.cause = cause
        self.receipt = receipt
        self.lease = lease
        self.reason = reason
        (peer, peerName) = (parties.peer, parties.peerName)
        (openedByUs, billedByUs) = (parties.isOpenedByUs, parties.isBilledByUs)
        amountMicrocredits = amounts.all.credits.rawValue
        amountInKind = ObligationReport.UsageFigures(amounts.all.inKind)
        leftMicrocredits = amounts.left.credits.rawValue
        leftInKind = ObligationReport.UsageFigures(amounts.left.inKind)
        worthMicrocredits = amounts.worth.rawValue
        acceptedMicrocredits = amounts.accepted.rawValue
        withdrawnMicrocredits = amounts.withdrawn.rawValue
        state = standing.state
        openedAt = standing.openedAt
        resolvedAt = standing.resolvedAt
        waiting = standing.waiting
        next = standing.next
        self.lender = lender
        self.borrower = borrower
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("dispute", dispute, .strong)
        sheet.add("with", peerName)
        sheet.add("opened", "\(openedAt.relative(on: page)) \(opener)")
        sheet.add(
            "about",
            "\(Self.text(amountMicrocredits, amountInKind)), \(billedByUs ? "billed by this node" : "billed by \(peerName)")")
        sheet.add("reason", reason)
        sheet.add("left", state == "resolved" ? "nothing" : Self.text(leftMicrocredits, leftInKind), isOpen ? .warning : .plain)
        sheet.add("accepted", acceptedMicrocredits == 0 ? nil : Microcredits(acceptedMicrocredits).text)
        sheet.add("withdrawn", withdrawnMicrocredits == 0 ? nil : Microcredits(withdrawnMicrocredits).text)
        sheet.add("state", story)
        sheet.add("waits", waiting.isEmpty ? nil : waiting)
        sheet.add("lender", lender?.text)
        sheet.add("borrower", borrower?.text)
        sheet.add("receipt", receipt)
        sheet.add("lease", lease)
        let text = sheet.text(on: page)
        guard !next.isEmpty, !page.isPlain else { return text }
        return text + page.gap + page.hint("'surplus dispute \(next) \(dispute)' ends it, '--amount' a part of it.")
    }

    var isOpen: Bool { state == "open" }

    private var story: String {
        switch state {
        case "open": "open"
        case "refused": "\(peerName) does not take it up"
        default: state
        }
    }

    private var opener: String {
        switch cause {
        case "person": openedByUs ? "by this node's people" : "by \(peerName)'s people"
        case "unanswered": "by rule: the last receipt was never answered"
        case "premium": "by rule: the premium was not accepted"
        default: "by rule: the borrower did not accept all of a receipt"
        }
    }

    static func text(_ credits: Int64, _ inKind: ObligationReport.UsageFigures) -> String {
        Charge(credits: Microcredits(credits), inKind: inKind.usage).text
    }
}

/// What this node and its peers do not accept of each other's bills.
package struct DisputesReport: Report {
    let disputes: [DisputeReport]

    /// - Parameter disputes: in the order in which they are shown.
    package init(_ disputes: [DisputeReport]) { self.disputes = disputes }

    package func text(on page: Page) -> String {
        guard !disputes.isEmpty else {
            return "nothing is in dispute; 'surplus dispute open' disputes what was paid by a receipt\n"
        }
        var table = Table([
            .init("DISPUTE"), .init("PEER", .left, .shortened), .init("BILLED BY"), .init("ABOUT", .right), .init("LEFT", .right),
            .init("OPENED", .right, .omitted), .init("STATE"), .init("REASON", .left, .omitted),
        ])
        for one in disputes {
            table.add([
                .init(one.dispute), .init(one.peerName), .init(one.billedByUs ? "us" : "them"),
                .init(DisputeReport.text(one.amountMicrocredits, one.amountInKind)),
                .init(DisputeReport.text(one.leftMicrocredits, one.leftInKind)), .init(one.openedAt.relative(on: page)),
                .init(one.state, one.isOpen ? .warning : .plain), .init(one.reason, .dim),
            ])
        }
        return table.text(on: page)
    }
}
