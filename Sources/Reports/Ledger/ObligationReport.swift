import Resources

/// Something owed in kind.
package struct ObligationReport: Report {
    let obligation: String
    let peer: String
    let peerName: String
    let owedToUs: Bool
    let lease: String
    let dueFrom: CivilTime
    let dueUntil: CivilTime
    let left: UsageFigures
    let accrued: UsageFigures
    let redeemed: UsageFigures
    let converted: UsageFigures
    let cancelled: UsageFigures
    let offset: UsageFigures
    /// Its lease goes on, and more may come of it.
    let accruing: Bool
    /// Some of it was asked for in the window and not given.
    let refused: Bool
    let premiumBasisPoints: Int64
    let worthMicrocredits: Int64
    /// What this node has asked the peer to agree to; empty when nothing.
    let proposal: String
    let settledAt: CivilTime?

    /// So much of each resource over time.
    package struct UsageFigures: Encodable, Hashable, Sendable {
        let cpuCoreMicroseconds: Int64
        let memoryMibSeconds: Int64
        /// `nil` where there is none.
        let diskMibSeconds: Int64?

        package init(_ usage: Usage) {
            (cpuCoreMicroseconds, memoryMibSeconds) = (usage.cpu.rawValue, usage.memory.rawValue)
            diskMibSeconds = usage.disk.figure
        }

        var usage: Usage {
            Usage(
                cpu: CoreMicroseconds(cpuCoreMicroseconds), memory: MiBSeconds(memoryMibSeconds),
                disk: MiBSeconds(diskMibSeconds ?? 0))
        }

        var isNothing: Bool { usage == .zero }
        var cpu: String { usage.cpu.text }
        var memory: String { usage.memory.text }
        var disk: String { usage.disk.text }
        var text: String {
            if isNothing { return "nothing" }
            return diskMibSeconds == nil ? [cpu, memory].joined(separator: ", ") : usage.text
        }
    }

    /// What has come off an obligation, by how.
    package struct Discharged: Sendable {
        let redeemed: Usage
        let converted: Usage
        let cancelled: Usage
        let offset: Usage

        package init(redeemed: Usage, converted: Usage, cancelled: Usage, offset: Usage) {
            (self.redeemed, self.converted, self.cancelled, self.offset) = (redeemed, converted, cancelled, offset)
        }
    }

    /// How an obligation stands.
    package struct Standing: Sendable {
        let isAccruing: Bool
        let wasRefused: Bool
        let proposal: String
        let settledAt: CivilTime?

        package init(isAccruing: Bool, wasRefused: Bool, proposal: String, settledAt: CivilTime?) {
            (self.isAccruing, self.wasRefused, self.proposal, self.settledAt) = (isAccruing, wasRefused, proposal, settledAt)
        }
    }

    package init(
        obligation: String, peer: String, peerName: String, owedToUs: Bool, lease: String,
        due: (from: CivilTime, until: CivilTime),
        left: Usage, accrued: Usage, discharged: Discharged, standing: Standing, premium: BasisPoints, worth: Microcredits
    ) {
        self.obligation = obligation
        self.peer = peer
        self.peerName = peerName
        self.owedToUs = owedToUs
        self.lease = lease
        (dueFrom, dueUntil) = due
        self.left = UsageFigures(left)
        self.accrued = UsageFigures(accrued)
        redeemed = UsageFigures(discharged.redeemed)
        converted = UsageFigures(discharged.converted)
        cancelled = UsageFigures(discharged.cancelled)
        offset = UsageFigures(discharged.offset)
        accruing = standing.isAccruing
        refused = standing.wasRefused
        proposal = standing.proposal
        settledAt = standing.settledAt
        premiumBasisPoints = premium.rawValue
        worthMicrocredits = worth.rawValue
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("obligation", obligation, .strong)
        sheet.add(owedToUs ? "owed by" : "owed to", peerName)
        sheet.add("left", "\(left.text) (\(Microcredits(worthMicrocredits).text))")
        sheet.add("due", "\(dueFrom.relative(on: page)) to \(dueUntil.relative(on: page))")
        sheet.add("state", state)
        sheet.add("accrued", accrued.text)
        for (name, part) in [("redeemed", redeemed), ("converted", converted), ("cancelled", cancelled), ("offset", offset)] {
            sheet.add(name, part.isNothing ? nil : part.text)
        }
        sheet.add("premium", BasisPoints(premiumBasisPoints).text)
        sheet.add("proposed", proposal.isEmpty ? nil : "\(proposal); \(peerName) has not answered yet")
        sheet.add("lease", lease)
        return sheet.text(on: page)
    }

    var state: String {
        if settledAt != nil { return "settled" }
        if accruing { return "its lease goes on" }
        return refused ? "asked for and not given" : "open"
    }
}

/// What this node and its peers owe each other in kind.
package struct ObligationsReport: Report {
    let obligations: [ObligationReport]

    /// - Parameter obligations: in the order in which they are shown.
    package init(_ obligations: [ObligationReport]) { self.obligations = obligations }

    package func text(on page: Page) -> String {
        guard !obligations.isEmpty else {
            return "nothing is owed in kind; 'surplus run --defer 100% -- PROGRAM' borrows for something in kind later\n"
        }
        let anyDisk = obligations.contains { $0.left.diskMibSeconds != nil }
        let diskColumn: [Table.Column] = anyDisk ? [.init("DISK LEFT", .right)] : []
        var table = Table(
            [
                .init("OBLIGATION"), .init("PEER", .left, .shortened), .init("WHO OWES"), .init("CPU LEFT", .right),
                .init("MEMORY LEFT", .right),
            ] + diskColumn + [
                .init("DUE FROM", .right, .omitted), .init("UNTIL", .right), .init("STATE", .left, .omitted),
            ])
        for one in obligations {
            let disk: [Table.Cell] = anyDisk ? [.init(one.left.disk)] : []
            table.add(
                [
                    .init(one.obligation), .init(one.peerName), .init(one.owedToUs ? "they do" : "we do"), .init(one.left.cpu),
                    .init(one.left.memory),
                ] + disk + [
                    .init(one.dueFrom.relative(on: page)), .init(one.dueUntil.relative(on: page)),
                    .init(one.state, one.refused ? .warning : .plain),
                ])
        }
        return table.text(on: page)
    }
}
