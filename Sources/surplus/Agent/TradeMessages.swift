import Reports
import Resources
import Wire

extension LeaseReport {
    init(_ message: Surplus_V1_LeaseInfo) {
        self.init(
            lease: message.lease, agreement: message.agreement, peer: message.peer, peerName: message.peerName,
            role: message.role, user: message.user, state: message.state, reason: message.reason.nonEmpty,
            terms: TermFigures(message.terms), grantedAt: CivilTime(microseconds: message.grantedAt),
            endsAt: CivilTime(microseconds: message.endsAt), ceiling: Amounts(shown: message.ceiling),
            throttled: message.throttled, usage: Usage(shown: message.usage),
            charged: Microcredits(message.chargedMicrocredits), reserved: Microcredits(message.reservedMicrocredits),
            jobs: message.jobs, compensation: Microcredits(message.compensationMicrocredits),
            renewsItself: message.role == "borrower" ? message.renewsItself : nil, group: message.group.nonEmpty,
            inReturnFor: message.inReturnFor.nonEmpty, inKind: message.terms.inKind,
            receipts: message.receipts.isEmpty ? nil : message.receipts, deviation: message.deviation.nonEmpty,
            renewalLimit: message.renewalLimit.nonEmpty)
    }
}

extension Surplus_V1_Terms {
    /// What is done instead of paying credits for all that is used.
    fileprivate var inKind: String? {
        switch consideration.form {
        case nil, .swap: nil
        case .deferred(let deferral):
            (Deferral(shown: deferral).share == ResourceShares(.whole) ? "" : "a part of ")
                + "what is used is owed, \(deferral.due)"
        case .redemption(let obligation): "what is used is taken off \(obligation)"
        }
    }
}

extension CreditsReport {
    init(
        _ message: Surplus_V1_CreditsReply, _ owed: Surplus_V1_ListObligationsReply, _ disputes: Surplus_V1_ListDisputesReply
    ) {
        self.init(
            opening: Microcredits(message.opening),
            sums: BalanceSums(
                [("earned", message.earned), ("spent", -message.spent)] + message.others.map { ($0.line, $0.amount) }),
            pendingIncoming: Microcredits(message.pendingIncoming), pendingOutgoing: Microcredits(message.pendingOutgoing),
            lines: message.lines.map(Line.init), obligations: owed.obligations.map(ObligationReport.init),
            disputes: disputes.disputes.map(DisputeReport.init))
    }
}

extension CreditsReport.Line {
    init(_ message: Surplus_V1_TrustLineInfo) {
        self.init(
            peer: message.peer, peerName: message.peerName, balance: Microcredits(message.balance),
            pendingOwedToUs: Microcredits(message.pendingOwedToUs), pendingWeOwe: Microcredits(message.pendingWeOwe),
            limitGranted: Microcredits(message.limitGranted), limitReceived: Microcredits(message.limitReceived),
            disputed: Microcredits(message.disputed), netting: Microcredits(message.netting),
            standing: message.hasStanding ? Standing(message.standing) : nil)
    }
}

extension CreditsReport.Line.Standing {
    init(_ message: Surplus_V1_PeerStandingInfo) {
        self.init(
            number: message.number, lent: Microcredits(message.lent), redeemed: Microcredits(message.redeemed),
            refused: Microcredits(message.refused), inDispute: Microcredits(message.inDispute))
    }
}

extension JobReport {
    init(_ message: Surplus_V1_JobInfo) {
        var code: Int?
        var signal: Int?
        switch message.exit.how {
        case .code(let value)?: code = Int(value)
        case .signal(let value)?: signal = Int(value)
        case nil: break
        }
        self.init(
            job: message.job, lease: message.lease.nonEmpty, lender: message.lender.nonEmpty,
            lenderName: message.lenderName.nonEmpty, borrower: message.borrower, user: message.user,
            program: message.spec.program, arguments: message.spec.arguments, environment: message.spec.environment,
            outputs: message.spec.outputs,
            timeLimit: message.spec.timeLimitMicroseconds == 0 ? nil : Microseconds(message.spec.timeLimitMicroseconds),
            image: message.spec.image.nonEmpty, network: message.spec.network == .outbound ? "outbound" : nil,
            state: message.state.text, exitCode: code, exitSignal: signal,
            notStarted: message.exit.notStarted.nonEmpty, failure: message.failure.nonEmpty,
            submittedAt: CivilTime(microseconds: message.submittedAt), startedAt: CivilTime(microseconds: message.startedAt),
            finishedAt: CivilTime(microseconds: message.finishedAt), usage: Usage(shown: message.usage),
            charged: Microcredits(message.chargeMicrocredits), limitsEnforced: message.limitsEnforced, hosted: message.hosted,
            outputsReady: message.outputsReady, outputsFetched: message.outputsFetched, missingOutputs: message.missingOutputs,
            checkpoints: message.spec.checkpoints, interrupted: message.interrupted,
            retries: message.hasRetry ? Int(message.retry.limit) : 0, attempts: message.attempts.map(Attempt.init),
            keptUntil: CivilTime(microseconds: message.keptUntil),
            rung: message.standing.rung.nonEmpty, rungReason: message.standing.reason.nonEmpty,
            using: message.hasStanding ? Amounts(shown: message.standing.using) : nil)
        remark = message.remark.nonEmpty
    }
}

extension JobReport.Attempt {
    fileprivate init(_ message: Surplus_V1_JobAttempt) {
        self.init(
            lender: message.lender, lenderName: message.lenderName, lease: message.lease, reason: message.reason,
            endedAt: CivilTime(microseconds: message.endedAt), usage: Usage(shown: message.usage))
    }
}

extension Surplus_V1_JobInfo {
    /// Names of what can be fetched of it: of a job that was ended early, also what it could go on from.
    var productNames: [String] {
        spec.outputs + (interrupted || stopped ? spec.checkpoints.filter { !spec.outputs.contains($0) } : [])
    }
}

extension Surplus_V1_JobState {
    var text: String {
        switch self {
        case .queued: "queued"
        case .staging: "staging"
        case .running: "running"
        case .collecting: "collecting"
        case .finished: "finished"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .unspecified, .UNRECOGNIZED: "unknown"
        }
    }

    /// The program has ended and surplus is done with it.
    var isFinal: Bool { [.finished, .failed, .cancelled].contains(self) }
}
