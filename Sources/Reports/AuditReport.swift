/// Who changed what, and who was refused; the oldest first.
package struct AuditReport: Report {
    package struct Call: Encodable, Sendable {
        let sequence: Int64
        let at: CivilTime
        let user: String
        let role: String
        let origin: String
        let method: String
        let object: String
        let outcome: String
        let reason: String?

        package init(
            sequence: Int64, at: CivilTime, user: String, role: String, origin: String, method: String, object: String,
            outcome: String, reason: String?
        ) {
            self.sequence = sequence
            self.at = at
            self.user = user
            self.role = role
            self.origin = origin
            self.method = method
            self.object = object
            self.outcome = outcome
            self.reason = reason
        }
    }

    let calls: [Call]
    /// Whether there are older ones that were asked for.
    let more: Bool

    package init(calls: [Call], more: Bool) {
        self.calls = calls
        self.more = more
    }

    package func text(on page: Page) -> String {
        guard !calls.isEmpty else { return "nothing was changed, and nobody was refused\n" }
        var table = Table([
            .init("TIME"), .init("USER", .left, .shortened), .init("CALL", .left, .shortened),
            .init("OUTCOME"), .init("OBJECT", .left, .shortened), .init("FROM", .left, .omitted), .init("ROLE", .left, .omitted),
            .init("WHY", .left, .omitted),
        ])
        for call in calls {
            table.add([
                .init(call.at.clock(on: page), .dim), .init(call.user, .strong), .init(call.method),
                .init(call.outcome, tone(of: call.outcome)), .init(call.object), .init(call.origin), .init(call.role),
                .init(call.reason ?? ""),
            ])
        }
        return table.text(on: page) + (more ? "there are older ones: see --last\n" : "")
    }

    private func tone(of outcome: String) -> Tone {
        switch outcome {
        case "done": .good
        case "begun": .dim
        default: .warning
        }
    }
}
