import Resources

/// How one node is doing: who it is, what it uses, lends and borrows, and what is wrong.
package struct StatusReport: Report {
    package struct Peers: Encodable, Sendable {
        let reachable: Int
        let known: Int
        package init(reachable: Int, known: Int) { (self.reachable, self.known) = (reachable, known) }
    }

    package struct Leases: Encodable, Sendable {
        let lent: Int
        let borrowed: Int
        package init(lent: Int, borrowed: Int) { (self.lent, self.borrowed) = (lent, borrowed) }
    }

    /// The node's id, its pool's id and the pool's name; `nil` before the node is in a pool.
    package var node: String?
    package var pool: String?
    package var poolName: String?
    package var name: String
    package var version: String
    package var address: String
    package var startedAt: CivilTime?
    package var dataDirectory: String
    package var policy: String
    package var capacity: AmountFigures
    package var threshold: AmountFigures
    package var ownerUsage: AmountFigures
    package var guestUsage: AmountFigures
    /// Promised to leases that are open.
    package var committed: AmountFigures
    /// What could be lent now.
    package var offered: AmountFigures
    package var limitsEnforced: Bool
    /// By what, or why not.
    package var enforcement: String
    /// Guests are held below what their leases say because the owner needs the machine.
    package var throttling: Bool
    /// What the policy's conditions do not lend now, and why.
    package var heldBack: [String]
    package var faults: [String]
    package var peers: Peers
    package var leases: Leases
    package var jobsRunning: Int
    package var certificateExpiresAt: CivilTime?
    /// That the owner lends nothing for now; `nil` when lending goes on.
    package var pause: PauseFigures?
    /// Where the agent serves its metrics.
    package var metricsUrl: String?

    package init(
        node: String?, pool: String?, poolName: String?, name: String, version: String, address: String,
        startedAt: CivilTime?, dataDirectory: String, policy: String, capacity: Amounts, threshold: Amounts,
        ownerUsage: Amounts, guestUsage: Amounts, committed: Amounts, offered: Amounts, limitsEnforced: Bool,
        enforcement: String, throttling: Bool, heldBack: [String], faults: [String], peers: Peers, leases: Leases,
        jobsRunning: Int, certificateExpiresAt: CivilTime?, pause: PauseFigures? = nil
    ) {
        self.node = node
        self.pool = pool
        self.poolName = poolName
        self.name = name
        self.version = version
        self.address = address
        self.startedAt = startedAt
        self.dataDirectory = dataDirectory
        self.policy = policy
        self.capacity = AmountFigures(capacity)
        self.threshold = AmountFigures(threshold)
        self.ownerUsage = AmountFigures(ownerUsage)
        self.guestUsage = AmountFigures(guestUsage)
        self.committed = AmountFigures(committed)
        self.offered = AmountFigures(offered)
        self.limitsEnforced = limitsEnforced
        self.enforcement = enforcement
        self.throttling = throttling
        self.heldBack = heldBack
        self.faults = faults
        self.peers = peers
        self.leases = leases
        self.jobsRunning = jobsRunning
        self.certificateExpiresAt = certificateExpiresAt
        self.pause = pause
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("node", name, .strong)
        sheet.add("pool", poolName ?? "none: make one with 'surplus pool init', or join one with 'surplus pool join'")
        sheet.add("address", address)
        sheet.add("policy", policy)
        if enforcement.isEmpty {
            sheet.add("limits", "not known before this node is in a pool")
        } else {
            sheet.add(
                "limits", limitsEnforced ? "enforced (\(enforcement))" : "not enforced (\(enforcement))",
                limitsEnforced ? .good : .warning)
        }
        if node != nil {
            sheet.add(
                "peers", "\(peers.reachable) of \(peers.known) reachable", peers.reachable < peers.known ? .warning : .plain)
        }
        sheet.add("leases", "\(leases.lent) lent, \(leases.borrowed) borrowed; \(counted(jobsRunning, "job")) running")
        sheet.add(
            "certificate",
            certificateExpiresAt.map {
                page.isPlain ? $0.rfc3339 : ($0.timestamp < page.now ? "expired " : "expires ") + $0.relative(on: page)
            })
        sheet.add("metrics", metricsUrl)
        sheet.add("running", startedAt.map { "since \($0.clock(on: page)), \(version)" })
        sheet.add("lending", pause?.text(on: page), .warning)
        if throttling { sheet.add("guests", "throttled: the owner needs the machine", .warning) }
        for reason in heldBack { sheet.add("not lent", reason, .warning) }
        for fault in faults { sheet.add("fault", fault, .bad) }
        return sheet.text(on: page) + page.gap + resources(on: page)
    }

    private func resources(on page: Page) -> String {
        var table = Table([
            .init(""), .init("USE", .left, .picture), .init("OWNER", .right), .init("GUESTS", .right),
            .init("LENT", .right, .omitted),
            .init("TO LEND", .right, .omitted), .init("CAPACITY", .right), .init("THRESHOLD", .right, .omitted),
        ])
        func add<Q: TextualQuantity>(_ name: String, _ resource: (AmountFigures) -> Q) {
            let gauge = Gauge(
                owner: resource(ownerUsage).rawValue, guests: resource(guestUsage).rawValue,
                threshold: resource(threshold).rawValue, capacity: resource(capacity).rawValue)
            table.add(
                [.init(name, .strong), .init(gauge.text(on: page))]
                    + [ownerUsage, guestUsage, committed, offered, capacity, threshold].map { .init(page.figure(resource($0))) })
        }
        add("cpu") { $0.cpu }
        add("memory") { $0.memory }
        if capacity.diskBytes != nil { add("disk") { $0.disk } }
        return table.text(on: page)
    }
}

/// `1 job`, `2 jobs`.
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}
