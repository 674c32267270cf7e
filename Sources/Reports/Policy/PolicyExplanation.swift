import Resources

/// What would be offered now, and which condition or limit holds back what is not, with the readings behind it.
package struct PolicyExplanation: Report {
    /// A condition that governs lending.
    package struct Condition: Encodable, Sendable {
        package struct Finding: Encodable, Sendable {
            let asked: String
            let found: String
            /// `holds`, `fails`, `early` (holds, but not for long enough yet) or `blind` (this machine does not say).
            let truth: String
            package init(asked: String, found: String, truth: String) {
                (self.asked, self.found, self.truth) = (asked, found, truth)
            }

            fileprivate var text: String { truth == "blind" ? "\(asked): this machine does not say" : "\(asked): \(found)" }
            fileprivate var tone: Tone { truth == "holds" ? .good : .warning }
        }

        /// Its key in a policy file.
        let key: String
        let when: String
        let until: String?
        /// `open`, `closed` or `waiting`.
        let state: String
        let findings: [Finding]

        package init(key: String, when: String, until: String?, state: String, findings: [Finding]) {
            self.key = key
            self.when = when
            self.until = until
            self.state = state
            self.findings = findings
        }
    }

    /// A limit that binds the borrower.
    package struct Limit: Encodable, Sendable {
        let subject: String
        /// On one line.
        let allows: String
        let when: String?
        let inForce: Bool
        /// What the subject has already.
        let taken: AmountFigures
        let leases: Int
        let owedMicrocredits: Int64

        package init(
            subject: String, allows: String, when: String?, inForce: Bool, taken: Amounts, leases: Int, owed: Microcredits
        ) {
            self.subject = subject
            self.allows = allows
            self.when = when
            self.inForce = inForce
            self.taken = AmountFigures(taken)
            self.leases = leases
            owedMicrocredits = owed.rawValue
        }
    }

    let policy: String
    let offer: TermFigures?
    /// Why the offer is not what was asked for.
    let reason: String?
    let refusal: RefusalFigures?
    let capacity: AmountFigures
    /// The most that is ever lent.
    let most: AmountFigures
    /// What the owner is counted on to use.
    let ownerUsage: AmountFigures
    let committed: AmountFigures
    /// What could be lent to anyone now.
    let lendable: AmountFigures
    let conditions: [Condition]
    let limits: [Limit]
    let creditLimitMicrocredits: Int64
    let creditHeadroomMicrocredits: Int64
    /// Of the peer that was asked about; left out where none was.
    let standing: CreditsReport.Line.Standing?
    let openLeases: Int
    let mostLeases: Int
    /// The bound for owner and guests together.
    let threshold: AmountFigures
    /// For which share of the time the owner's work may have to wait.
    let tolerance: PressureFigures
    /// The memory that is kept free.
    let reserveBytes: Int64
    /// Of the resources that are lent.
    let forecasts: [PolicyForecast]
    /// By which this node borrows itself, in the order of the policy.
    let rules: [Rule]
    /// What idle credits lose; `nil` for nothing.
    let decay: Decay?

    package init(
        policy: String, offer: TermFigures?, reason: String?, refusal: RefusalFigures?, capacity: Amounts, most: Amounts,
        ownerUsage: Amounts, committed: Amounts, lendable: Amounts, conditions: [Condition], limits: [Limit],
        creditLimit: Microcredits, creditHeadroom: Microcredits, standing: CreditsReport.Line.Standing?, openLeases: Int,
        mostLeases: Int, threshold: Amounts,
        tolerance: PressureFigures, reserve: Bytes, forecasts: [PolicyForecast], rules: [Rule] = [], decay: Decay? = nil
    ) {
        self.policy = policy
        self.offer = offer
        self.reason = reason
        self.refusal = refusal
        self.capacity = AmountFigures(capacity)
        self.most = AmountFigures(most)
        self.ownerUsage = AmountFigures(ownerUsage)
        self.committed = AmountFigures(committed)
        self.lendable = AmountFigures(lendable)
        self.conditions = conditions
        self.limits = limits
        creditLimitMicrocredits = creditLimit.rawValue
        creditHeadroomMicrocredits = creditHeadroom.rawValue
        self.standing = standing
        self.openLeases = openLeases
        self.mostLeases = mostLeases
        self.threshold = AmountFigures(threshold)
        self.tolerance = tolerance
        reserveBytes = reserve.rawValue
        self.forecasts = forecasts
        self.rules = rules
        self.decay = decay
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("policy", policy, .strong)
        if let offer {
            sheet.add("would offer", "\(offer.amounts.text(on: page)) for up to \(offer.term.shortText)", .good)
            sheet.add("at", "\(offer.priceText), '\(offer.notice)' notice")
            sheet.add("because", reason, .warning)
        } else {
            sheet.add("offers nothing", refusal?.text ?? "nothing is free", .warning)
        }
        sheet.add("leases", "\(openLeases) of at most \(mostLeases)")
        let (limit, left) = (Microcredits(creditLimitMicrocredits), Microcredits(creditHeadroomMicrocredits))
        sheet.add("credit", "\(left.text) left of \(limit.text)")
        sheet.add("standing", standing?.text)
        sheet.add("threshold", threshold.text(on: page))
        sheet.add("may wait for", tolerance.boundText)
        sheet.add("kept free", "\(page.figure(Bytes(reserveBytes))) of memory")
        for condition in conditions { add(condition, to: &sheet) }
        for limit in limits { add(limit, to: &sheet, on: page) }
        for rule in rules {
            add(rule.condition, to: &sheet)
            add(rule, to: &sheet, on: page)
        }
        decay?.add(to: &sheet)
        let outlook = PolicyForecast.text(of: forecasts, on: page)
        return sheet.text(on: page) + page.gap + resources(on: page) + (outlook.isEmpty ? "" : page.gap + outlook)
    }

    private func add(_ condition: Condition, to sheet: inout Sheet) {
        let tone: Tone = condition.state == "open" ? .good : .warning
        let state = ["open": "holds", "closed": "does not hold", "waiting": "not known yet"][condition.state] ?? condition.state
        sheet.add(condition.key, "\(state): \(condition.when)", tone)
        if let until = condition.until { sheet.add("until", until) }
        for finding in condition.findings { sheet.add("found", finding.text, finding.tone) }
    }

    private func add(_ limit: Limit, to sheet: inout Sheet, on page: Page) {
        let when = limit.when.map { ", while \($0)" + (limit.inForce ? "" : " (not now)") } ?? ""
        let taken = "\(counted(limit.leases, "lease")), \(limit.taken.text(on: page))"
        sheet.add(limit.subject, "\(limit.allows)\(when); has \(taken)", limit.inForce ? .plain : .dim)
    }

    private func resources(on page: Page) -> String {
        var table = Table([
            .init(""), .init("CAPACITY", .right), .init("EVER LENT", .right, .omitted), .init("OWNER", .right),
            .init("PROMISED", .right, .omitted), .init("TO LEND NOW", .right),
        ])
        func add<Q: TextualQuantity>(_ name: String, _ resource: (AmountFigures) -> Q) {
            table.add(
                [.init(name, .strong)]
                    + [capacity, most, ownerUsage, committed, lendable].map { .init(page.figure(resource($0))) })
        }
        add("cpu") { $0.cpu }
        add("memory") { $0.memory }
        if capacity.diskBytes != nil { add("disk") { $0.disk } }
        return table.text(on: page)
    }
}
