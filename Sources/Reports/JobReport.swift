import Resources

/// One job, as the node that asked for it or the node that runs it sees it.
package struct JobReport: Report {
    package var job: String
    package var lease: String?
    package var lender: String?
    package var lenderName: String?
    package var borrower: String
    package var user: String
    package var program: String
    package var arguments: [String]
    package var environment: [String: String]
    package var outputs: [String]
    /// How long it may run; `nil` for as long as its lease.
    package var timeLimitMicroseconds: Int64?
    /// What it sees in place of the lender's programs.
    package var image: String?
    /// What it may reach beyond the lender: `outbound`, or nothing.
    package var network: String?
    /// `queued`, `staging`, `running`, `collecting`, `finished`, `failed` or `cancelled`.
    package var state: String
    /// How the program ended, once it has: one of these two.
    package var exitCode: Int?
    package var exitSignal: Int?
    /// Why the program could not be started.
    package var notStarted: String?
    /// Of surplus, not of the program.
    package var failure: String?
    package var submittedAt: CivilTime?
    package var startedAt: CivilTime?
    package var finishedAt: CivilTime?
    package var usage: UsageFigures
    package var chargedMicrocredits: Int64
    package var limitsEnforced: Bool
    /// This node runs it for another.
    package var hosted: Bool
    package var outputsReady: Bool
    package var outputsFetched: Bool
    package var missingOutputs: [String]
    /// Names of what the program goes on from when it is run again.
    package var checkpoints: [String]
    /// It failed because its machine was taken back or lost.
    package var interrupted: Bool
    /// How often it may be run again.
    package var retries: Int
    /// Runs that were cut short before, oldest first.
    package var attempts: [Attempt]
    /// On the lender, after the lease: when its results are deleted at the latest.
    package var keptUntil: CivilTime?
    /// While it runs: what its lender's owner leaves it (`shaped`, `throttled`, `frozen` or `ending`), and why not all of its lease.
    package var rung: String?
    package var rungReason: String?
    /// What everything under its lease uses now, while it runs.
    package var using: AmountFigures?
    /// Why its lease is not what was asked for.
    package var remark: String?

    /// A run that was cut short.
    package struct Attempt: Encodable, Sendable {
        package var lender: String
        package var lenderName: String
        package var lease: String
        package var reason: String
        package var endedAt: CivilTime?
        package var usage: UsageFigures

        package init(lender: String, lenderName: String, lease: String, reason: String, endedAt: CivilTime?, usage: Usage) {
            self.lender = lender
            self.lenderName = lenderName
            self.lease = lease
            self.reason = reason
            self.endedAt = endedAt
            self.usage = UsageFigures(usage)
        }
    }

    package init(
        job: String, lease: String?, lender: String?, lenderName: String?, borrower: String, user: String, program: String,
        arguments: [String], environment: [String: String], outputs: [String], timeLimit: Microseconds? = nil,
        image: String? = nil, network: String? = nil, state: String,
        exitCode: Int?, exitSignal: Int?,
        notStarted: String?, failure: String?, submittedAt: CivilTime?, startedAt: CivilTime?, finishedAt: CivilTime?,
        usage: Usage, charged: Microcredits, limitsEnforced: Bool, hosted: Bool, outputsReady: Bool, outputsFetched: Bool,
        missingOutputs: [String], checkpoints: [String] = [], interrupted: Bool = false, retries: Int = 0,
        attempts: [Attempt] = [], keptUntil: CivilTime? = nil, rung: String? = nil, rungReason: String? = nil,
        using: Amounts? = nil
    ) {
        self.job = job
        self.lease = lease
        self.lender = lender
        self.lenderName = lenderName
        self.borrower = borrower
        self.user = user
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.outputs = outputs
        timeLimitMicroseconds = timeLimit?.rawValue
        self.image = image
        self.network = network
        self.state = state
        self.exitCode = exitCode
        self.exitSignal = exitSignal
        self.notStarted = notStarted
        self.failure = failure
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.usage = UsageFigures(usage)
        chargedMicrocredits = charged.rawValue
        self.limitsEnforced = limitsEnforced
        self.hosted = hosted
        self.outputsReady = outputsReady
        self.outputsFetched = outputsFetched
        self.missingOutputs = missingOutputs
        self.checkpoints = checkpoints
        self.interrupted = interrupted
        self.retries = retries
        self.attempts = attempts
        self.keptUntil = keptUntil
        self.rung = rung
        self.rungReason = rungReason
        self.using = using.map(AmountFigures.init)
    }

    var charged: Microcredits { Microcredits(chargedMicrocredits) }

    /// The command as it could be typed again.
    var command: String { ([program] + arguments).map(\.quoted).joined(separator: " ") }

    /// `running`, `exit 0`, `signal 9`, `not started`, `failed`.
    package var outcome: String {
        guard state == "finished" else { return state }
        if notStarted != nil { return "not started" }
        return exitSignal.map { "signal \($0)" } ?? exitCode.map { "exit \($0)" } ?? state
    }

    var tone: Tone {
        switch state {
        case "running": .good
        case "finished": exitCode == 0 ? .plain : .bad
        case "failed": .bad
        default: .plain
        }
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("job", job, .strong)
        sheet.add("command", command)
        sheet.add("state", outcome + ((notStarted ?? failure).map { ": \($0)" } ?? ""), tone)
        sheet.add(hosted ? "for" : "on", hosted ? "\(borrower), user \(user)" : lenderName)
        sheet.add("lease", lease)
        sheet.add("not as asked", remark)
        for attempt in attempts {
            let when = attempt.endedAt.map { ", \($0.relative(on: page))" } ?? ""
            sheet.add("cut short", "on \(attempt.lenderName)\(when): \(attempt.reason)", .warning)
        }
        sheet.add("retries", retries > 0 ? "\(attempts.count) of at most \(retries)" : nil)
        for (key, value) in environment.sorted(by: { $0.key < $1.key }) { sheet.add("environment", "\(key)=\(value)") }
        sheet.add("image", image)
        sheet.add("network", network)
        sheet.add("time limit", timeLimitMicroseconds.map { Microseconds($0).text })
        for (label, time) in [("submitted", submittedAt), ("started", startedAt), ("ended", finishedAt)] {
            sheet.add(label, time?.clockAndDistance(on: page))
        }
        if let rung, rung != "shaped" {
            sheet.add("held back", rung + (rungReason.map { ": \($0)" } ?? ""), rung == "throttled" ? .warning : .bad)
        }
        sheet.add("uses now", using?.text(on: page))
        // how much it was is known once it has ended
        let isOver = startedAt != nil && state != "running"
        sheet.add("used", isOver ? usage.text(on: page) : nil)
        sheet.add("charged", isOver ? charged.text : nil)
        if startedAt != nil, !limitsEnforced { sheet.add("limits", "not enforced", .warning) }
        sheet.add("outputs", outputs.isEmpty ? nil : outputs.joined(separator: " ") + outputState)
        sheet.add("checkpoints", checkpoints.isEmpty ? nil : checkpoints.joined(separator: " "))
        sheet.add("kept until", keptUntil?.clockAndDistance(on: page))
        for output in missingOutputs { sheet.add("missing", "\(output): the program did not make it", .bad) }
        return sheet.text(on: page)
    }

    private var outputState: String {
        outputsFetched ? " (fetched)" : outputsReady ? " (ready: surplus job fetch \(job))" : ""
    }
}

/// Jobs, as the agent gives them.
package struct JobsReport: Report {
    let jobs: [JobReport]
    package init(jobs: [JobReport]) { self.jobs = jobs }

    package func text(on page: Page) -> String {
        guard !jobs.isEmpty else {
            return page.hint("no jobs: 'surplus run -- PROGRAM' starts one; --all shows those that have ended")
        }
        var table = Table([
            .init("JOB"), .init("STATE"), .init("ON", .left, .omitted), .init("SUBMITTED", .left, .omitted),
            .init("CHARGED", .right, .omitted), .init("COMMAND", .left, .omitted),
        ])
        for job in jobs {
            table.add([
                .init(job.job), .init(job.outcome, job.tone), .init(job.hosted ? "this node" : job.lenderName ?? "-"),
                .init(job.submittedAt?.relative(on: page) ?? "-"), .init(page.figure(job.charged)),
                .init(job.command),
            ])
        }
        return table.text(on: page)
    }
}

extension String {
    /// As a shell would read it back as one word.
    package var quoted: String {
        let plain = allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./=:,+@%".contains($0)) }
        return plain && !isEmpty
            ? self : "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
