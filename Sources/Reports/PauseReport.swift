/// That the owner lends nothing for now.
package struct PauseFigures: Encodable, Sendable {
    /// The user who said so.
    let by: String
    let since: CivilTime?
    /// When it ends by itself; `nil` when somebody has to end it.
    let until: CivilTime?

    package init(by: String, since: CivilTime?, until: CivilTime?) {
        self.by = by
        self.since = since
        self.until = until
    }

    /// `paused by ann since 08:02:47, until 10:02:47 (in 2 h)`.
    func text(on page: Page) -> String {
        let since = since.map { " since \($0.clock(on: page))" } ?? ""
        return "paused by \(by)\(since), until " + (until?.clockAndDistance(on: page) ?? "'surplus resume' ends that")
    }
}

/// Whether the owner lends now, and what was taken back when that was changed.
package struct PauseReport: Report {
    /// `nil` when lending goes on.
    let pause: PauseFigures?
    /// It was so already before it was asked for.
    let wasPaused: Bool
    /// Nothing was changed: it would be so.
    let dryRun: Bool
    let leases: [LeaseReport]

    package init(pause: PauseFigures?, wasPaused: Bool, dryRun: Bool, leases: [LeaseReport]) {
        self.pause = pause
        self.wasPaused = wasPaused
        self.dryRun = dryRun
        self.leases = leases
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        if dryRun { sheet.add("dry run", "nothing was changed; without --dry-run it would be so") }
        sheet.add(
            "lending", pause?.text(on: page) ?? (wasPaused ? "goes on" : "goes on; it was not paused"),
            pause == nil ? .good : .warning)
        guard !leases.isEmpty else { return sheet.text(on: page) }
        return sheet.text(on: page) + page.gap + ReclaimedLeases(leases).table(on: page)
    }
}

/// Leases that are taken back: when each ends, what ends with it, what that costs.
package struct ReclaimReport: Report {
    /// Nothing was changed: it would be so.
    let dryRun: Bool
    let leases: [LeaseReport]

    package init(leases: [LeaseReport], dryRun: Bool) {
        self.leases = leases
        self.dryRun = dryRun
    }

    package func text(on page: Page) -> String {
        guard !leases.isEmpty else { return page.hint("nothing is lent that could be taken back") }
        let note = dryRun ? page.hint("dry run: nothing was changed; without --dry-run it would be so") + page.gap : ""
        return note + ReclaimedLeases(leases).table(on: page)
    }
}

private struct ReclaimedLeases {
    let leases: [LeaseReport]
    init(_ leases: [LeaseReport]) { self.leases = leases }

    func table(on page: Page) -> String {
        var table = Table([
            .init("LEASE"), .init("STATE"), .init("PEER", .left, .omitted), .init("ENDS"), .init("PAID", .right),
            .init("JOBS", .left, .omitted),
        ])
        for lease in leases {
            table.add([
                .init(lease.lease), .init(lease.state, lease.tone), .init("to " + lease.peerName),
                .init(lease.isOver ? "now" : lease.endsAt?.relative(on: page) ?? "-"), .init(page.figure(lease.compensation)),
                .init(lease.jobs.isEmpty ? "-" : lease.jobs.joined(separator: " ")),
            ])
        }
        return table.text(on: page)
    }
}
