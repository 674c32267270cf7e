import Reports
import Resources
import Wire

extension StatusReport {
    init(_ message: Surplus_V1_StatusReply) {
        self.init(
            node: message.node.nonEmpty, pool: message.pool.nonEmpty, poolName: message.poolName.nonEmpty, name: message.name,
            version: message.version, address: message.address, startedAt: CivilTime(microseconds: message.startedAt),
            dataDirectory: message.dataDirectory, policy: message.policyName, capacity: Amounts(shown: message.capacity),
            threshold: Amounts(shown: message.threshold), ownerUsage: Amounts(shown: message.ownerUsage),
            guestUsage: Amounts(shown: message.guestUsage), committed: Amounts(shown: message.committed),
            offered: Amounts(shown: message.offered), limitsEnforced: message.limitsEnforced, enforcement: message.enforcement,
            throttling: message.throttling, heldBack: message.heldBack, faults: message.faults,
            peers: .init(reachable: Int(message.peersReachable), known: Int(message.peersKnown)),
            leases: .init(lent: Int(message.leasesLent), borrowed: Int(message.leasesBorrowed)),
            jobsRunning: Int(message.jobsRunning), certificateExpiresAt: CivilTime(microseconds: message.certificateExpiresAt),
            pause: message.hasPause ? PauseFigures(message.pause) : nil)
        metricsUrl = message.metricsURL.nonEmpty
    }
}

extension NodesReport.Node {
    init(_ message: Surplus_V1_MemberInfo) {
        self.init(
            node: message.node, name: message.name, address: message.address, roles: message.roles, status: message.status,
            reachable: message.reachable, lastSeenAt: CivilTime(microseconds: message.lastSeen), isSelf: message.isSelf,
            version: message.version.nonEmpty)
    }
}

extension OffersReport {
    init(_ messages: [Surplus_V1_Offer]) {
        self.init(
            offers: messages.map {
                .init(
                    node: $0.node, name: $0.name, terms: $0.hasTerms && !$0.hasRefusal ? TermFigures($0.terms) : nil,
                    limitsEnforced: $0.limitsEnforced, refusal: $0.hasRefusal ? RefusalFigures($0.refusal) : nil,
                    error: $0.error.nonEmpty)
            })
    }
}

extension PoolReport {
    init(_ message: Surplus_V1_PoolReply) {
        self.init(pool: message.pool, poolName: message.poolName, node: message.node, name: message.name)
    }
}

extension EventReport {
    init(_ message: Surplus_V1_EventInfo) {
        self.init(
            sequence: message.sequence, at: CivilTime(Timestamp(microseconds: message.at)), kind: message.kind,
            subjects: message.subjects, message: message.text, details: message.details, side: message.side.nonEmpty)
    }
}

extension ExplanationReport {
    init(_ message: Surplus_V1_ExplainReply) {
        self.init(
            id: message.id, kind: message.kind, summary: message.summary, events: message.events.map(EventReport.init),
            sides: message.sides.map(Side.init), differences: message.differences)
    }
}

extension ExplanationReport.Side {
    init(_ message: Surplus_V1_StorySide) {
        self.init(
            node: message.node, name: message.name, isSelf: message.isSelf, error: message.error.nonEmpty,
            clockOffset: Microseconds(message.clockOffsetMicroseconds), roundTrip: Microseconds(message.roundTripMicroseconds),
            shortened: message.shortened,
            leases: message.leases.map {
                .init(
                    lease: $0.lease, role: $0.role, state: $0.state, terms: TermFigures($0.terms),
                    amounts: Amounts(shown: $0.amounts), endsAt: CivilTime(microseconds: $0.endsAt), renewals: Int($0.renewals),
                    charged: Microcredits($0.chargedMicrocredits), disputed: Microcredits($0.disputedMicrocredits))
            })
    }
}
