import Resources

/// One lease, as lender or borrower.
package struct LeaseReport: Report {
    package var lease: String
    package var agreement: String
    package var peer: String
    package var peerName: String
    /// `lender` or `borrower`: this node's side.
    package var role: String
    package var user: String
    package var state: String
    package var reason: String?
    package var terms: TermFigures
    package var grantedAt: CivilTime?
    /// The end of its term, however early it was over.
    package var endsAt: CivilTime?
    /// What is enforced now.
    package var ceiling: AmountFigures
    package var throttled: Bool
    package var usage: UsageFigures
    /// Settled by receipts that both sides signed.
    package var chargedMicrocredits: Int64
    package var reservedMicrocredits: Int64
    package var jobs: [String]
    /// What the lender pays for an end without the full notice.
    package var compensationMicrocredits: Int64
    /// Whether it goes on until it is released; `nil` where only the borrower knows.
    package var renewsItself: Bool?
    /// The request for several nodes that it is part of.
    package var group: String?
    /// The other half of a swap.
    package var inReturnFor: String?
    /// What is done instead of paying credits for all of it: `owed in kind, due from ... to ...`, `taken off obl_...`.
    package var inKind: String?
    /// What was billed, the earliest first; `nil` where nothing was, or many leases are listed.
    package var receipts: [String]?
    /// Why a borrower has not got the terms that it asked for.
    package var deviation: String?
    /// Why it cannot renew itself for long.
    package var renewalLimit: String?

    package init(
        lease: String, agreement: String, peer: String, peerName: String, role: String, user: String, state: String,
        reason: String?, terms: TermFigures, grantedAt: CivilTime?, endsAt: CivilTime?, ceiling: Amounts, throttled: Bool,
        usage: Usage, charged: Microcredits, reserved: Microcredits, jobs: [String],
        compensation: Microcredits = .zero, renewsItself: Bool? = nil, group: String? = nil, inReturnFor: String? = nil,
        inKind: String? = nil,
        receipts: [String]? = nil, deviation: String? = nil, renewalLimit: String? = nil
    ) {
        self.receipts = receipts
        self.deviation = deviation
        self.renewalLimit = renewalLimit
        self.lease = lease
        self.agreement = agreement
        self.peer = peer
        self.peerName = peerName
        self.role = role
        self.user = user
        self.state = state
        self.reason = reason
        self.terms = terms
        self.grantedAt = grantedAt
        self.endsAt = endsAt
        self.ceiling = AmountFigures(ceiling)
        self.throttled = throttled
        self.usage = UsageFigures(usage)
        chargedMicrocredits = charged.rawValue
        reservedMicrocredits = reserved.rawValue
        self.jobs = jobs
        compensationMicrocredits = compensation.rawValue
        self.renewsItself = renewsItself
        self.group = group
        self.inReturnFor = inReturnFor
        self.inKind = inKind
    }

    var charged: Microcredits { Microcredits(chargedMicrocredits) }
    var compensation: Microcredits { Microcredits(compensationMicrocredits) }
    var isOver: Bool { state == "closed" || state == "settled" }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("lease", lease, .strong)
        sheet.add(role == "lender" ? "lent to" : "borrowed from", "\(peerName) (\(peer))")
        if !user.isEmpty { sheet.add("user", user) }
        sheet.add("state", state + (reason.map { ": \($0)" } ?? ""), tone)
        sheet.add("amounts", terms.amounts.text(on: page))
        let begins = state == "promised"
        if !isOver, !begins {
            sheet.add(
                "ceiling now", ceiling.text(on: page) + (throttled ? ", throttled: the owner needs the machine" : ""),
                throttled ? .warning : .plain)
        }
        sheet.add("prices", terms.priceText)
        sheet.add("notice", terms.notice)
        if begins {
            sheet.add("begins", terms.startAt?.clockAndDistance(on: page), .strong)
        } else if let grantedAt, grantedAt.timestamp <= page.now {
            sheet.add("granted", grantedAt.clock(on: page))
        }
        if !isOver { sheet.add("ends", endsAt?.clockAndDistance(on: page)) }
        if renewsItself == true, !isOver { sheet.add("renewal", renewalLimit ?? "renews itself until it is released") }
        sheet.add("not as asked", deviation)
        sheet.add("request", group)
        sheet.add("in return for", inReturnFor)
        sheet.add("in kind", inKind)
        sheet.add("used", usage.text(on: page))
        sheet.add("charged", inReturnFor == nil ? charged.text : "\(charged.text), against the other half of the swap")
        sheet.add("reserved", Microcredits(reservedMicrocredits).text)
        if compensationMicrocredits != 0 {
            sheet.add("compensation", Microcredits(compensationMicrocredits).text + " for the notice that is not kept", .warning)
        }
        for job in jobs { sheet.add("job", job) }
        for receipt in receipts ?? [] { sheet.add("receipt", receipt) }
        sheet.add("agreement", agreement, .dim)
        return sheet.text(on: page)
    }

    var tone: Tone {
        switch state {
        case "active", "granted", "promised": throttled ? .warning : .good
        case "closed", "settled": .dim
        default: .warning
        }
    }
}

/// Leases, open ones first as the agent gives them.
package struct LeasesReport: Report {
    let leases: [LeaseReport]
    package init(leases: [LeaseReport]) { self.leases = leases }

    package func text(on page: Page) -> String {
        guard !leases.isEmpty else {
            return page.hint("no leases: 'surplus run' and 'surplus lease request' make one; --all shows those that have ended")
        }
        // Few leases begin later or belong together; the columns are there for those that do.
        let (anyBegins, anyGroup) = (leases.contains { $0.state == "promised" }, leases.contains { $0.group != nil })
        let (anySwap, anyDisk) = (
            leases.contains { $0.inReturnFor != nil }, leases.contains { $0.terms.amounts.diskBytes != nil }
        )
        var columns: [Table.Column] = [
            .init("LEASE"), .init("STATE"), .init("PEER", .left, .omitted), .init("CPU", .right, .omitted),
            .init("MEMORY", .right, .omitted), .init("ENDS", .left, .omitted), .init("CHARGED", .right, .omitted),
        ]
        if anyDisk { columns.insert(.init("DISK", .right, .omitted), at: 5) }
        if anyBegins { columns.insert(.init("BEGINS", .left, .omitted), at: 3) }
        if anyGroup { columns.append(.init("REQUEST", .left, .omitted)) }
        if anySwap { columns.append(.init("IN RETURN FOR", .left, .omitted)) }
        var table = Table(columns)
        for lease in leases {
            var cells: [Table.Cell] = [
                .init(lease.lease), .init(lease.throttled ? "throttled" : lease.state, lease.tone),
                .init((lease.role == "lender" ? "to " : "from ") + lease.peerName), .init(page.figure(lease.terms.amounts.cpu)),
                .init(page.figure(lease.terms.amounts.memory)),
                .init(lease.isOver ? "-" : lease.endsAt?.relative(on: page) ?? "-"),
                .init(
                    page.figure(lease.charged) + (lease.inReturnFor != nil ? ", swapped" : lease.inKind != nil ? ", in kind" : "")
                ),
            ]
            if anyDisk { cells.insert(.init(page.figure(lease.terms.amounts.disk)), at: 5) }
            if anyBegins {
                cells.insert(.init(lease.state == "promised" ? lease.terms.startAt?.relative(on: page) ?? "-" : "-"), at: 3)
            }
            if anyGroup { cells.append(.init(lease.group ?? "-")) }
            if anySwap { cells.append(.init(lease.inReturnFor ?? "-")) }
            table.add(cells)
        }
        return table.text(on: page)
    }
}
