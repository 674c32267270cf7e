import Reports
import Resources
import Wire

extension LeaseHolder {
    init(_ message: Surplus_V1_LeaseHolder) {
        self.init(
            lease: message.lease, peer: message.peer.nonEmpty, peerName: message.peerName.nonEmpty, user: message.user.nonEmpty,
            application: message.application.nonEmpty, isReturn: message.inReturn)
    }
}

extension ChargebackReport {
    init(_ pages: [Surplus_V1_ChargebackPage], by grouping: Grouping, isByWindow: Bool, now: Timestamp) {
        let head = pages.first ?? Surplus_V1_ChargebackPage()
        self.init(
            node: head.node.nonEmpty, nodeName: head.nodeName, from: Timestamp(microseconds: head.from),
            until: Timestamp(microseconds: head.until), step: Microseconds(head.stepMicroseconds), by: grouping,
            holders: pages.flatMap(\.holders).map(LeaseHolder.init), windows: pages.flatMap(\.windows).map(Window.init),
            isByWindow: isByWindow, now: now)
    }
}

extension ChargebackReport.Window {
    init(_ message: Surplus_V1_CapacityWindow) {
        self.init(
            at: CivilTime(Timestamp(microseconds: message.at)), measured: Microseconds(message.measuredMicroseconds),
            capacity: Usage(shown: message.capacity), excess: Usage(shown: message.excess), owner: Usage(shown: message.owner),
            idle: Usage(shown: message.idle), untold: Usage(shown: message.untold),
            leases: message.leases.map { (lease: $0.lease, used: Usage(shown: $0.used)) })
    }
}

extension TradeReport.Entry {
    init(_ message: Surplus_V1_TradeEntry) {
        self.init(
            at: Timestamp(microseconds: message.at), lease: message.lease, peer: message.peer, peerName: message.peerName,
            isLent: message.lent, used: Usage(shown: message.used), paid: Parts(message.paid),
            compensation: Microcredits(message.compensation), disputed: Parts(message.disputed),
            inKind: TradeReport.InKind(message.inKind), swapped: Parts(message.swapped))
    }
}

extension TradeReport.InKind {
    init(_ message: Surplus_V1_TradeInKind) {
        self.init(
            deferred: Usage(shown: message.deferred), redeemed: Usage(shown: message.redeemed),
            converted: Usage(shown: message.converted), cancelled: Usage(shown: message.cancelled),
            untold: Usage(shown: message.untold), disputed: Usage(shown: message.disputed))
    }
}

extension TradeReport.Entry.Parts {
    init(_ message: Surplus_V1_TradeAmounts) {
        self.init(
            cpu: Microcredits(message.cpu), memory: Microcredits(message.memory), disk: Microcredits(message.disk),
            untold: Microcredits(message.untold), settlement: Microcredits(message.settlement))
    }
}

extension TradeReport.Apart {
    init(_ message: Surplus_V1_BalanceSum) {
        self.init(line: message.line, unit: LedgerUnit(rawValue: message.unit) ?? .credit, amount: message.amount)
    }
}
