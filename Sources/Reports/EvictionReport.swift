import Resources

/// Leases that a warden ended at once for its owner.
package struct EvictionReport: Report {
    package struct Lease: Encodable, Sendable {
        let lease: String
        /// What it used then.
        let used: AmountFigures
        /// What it consumed in all.
        let cpuCoreMicroseconds: Int64

        package init(lease: String, using: Amounts, consumed: Usage) {
            self.lease = lease
            used = AmountFigures(using)
            cpuCoreMicroseconds = consumed.cpu.rawValue
        }
    }

    /// Nothing was changed: it would be so.
    let dryRun: Bool
    let leases: [Lease]

    package init(dryRun: Bool, leases: [Lease]) {
        self.dryRun = dryRun
        self.leases = leases
    }

    package func text(on page: Page) -> String {
        guard !leases.isEmpty else { return page.hint("nothing is lent that could be ended") }
        var table = Table([.init("LEASE"), .init("USED CPU", .right), .init("USED MEMORY", .right), .init("CONSUMED", .right)])
        for lease in leases {
            table.add([
                .init(lease.lease), .init(page.figure(lease.used.cpu)), .init(page.figure(lease.used.memory)),
                .init(CoreMicroseconds(lease.cpuCoreMicroseconds).text),
            ])
        }
        let note = dryRun ? page.hint("dry run: nothing was changed; without --dry-run these would end") + page.gap : ""
        return note + table.text(on: page)
    }
}
