import ArgumentParser
import Reports
import Resources
import Wire

struct LeaseRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Ask the peers for a lease and take the best offer.",
        discussion: """
            Examples:
              surplus lease request --cpu 2 --memory 1GiB --for 30m
              surplus lease request --cpu 8 --least-cpu 2 --max-price 0.5
              surplus lease request --cpu 4 --dry-run     who would lend that, and for how much
              surplus lease request --cpu 2 --start 18:30 --for 1h     promised now, begins then
              surplus lease request --cpu 2 --start +2h --renew --for 30m
              surplus lease request --cpu 1 --nodes 3                  three nodes, or none
              surplus lease request --disk 20GiB --for 12h             room on a disk, which is lent by itself
              lease=$(surplus lease request --json | jq -r .lease)

            Without --for the lease renews itself until it is released. A lease that begins later is promised now: the lender
            keeps the capacity free for its time, its notice and prices hold from now on, and its full price counts as owed
            until it ends. Giving it back before it begins costs nothing. Clocks of nodes may differ by 5 s.

            When nobody lends that, the nearest that would be lent is shown with the command that asks for it.
            """)

    @OptionGroup var wish: WishOptions
    @OptionGroup var room: DiskOptions

    @Option(
        help: ArgumentHelp("Be content with this much processing. Default: --cpu.", valueName: "cores"),
        transform: Quantities.cores)
    var leastCpu: Millicores?

    @Option(
        help: ArgumentHelp("Be content with this much memory. Default: --memory.", valueName: "size"), transform: Quantities.size)
    var leastMemory: Bytes?

    @Option(help: ArgumentHelp("Be content with this much disk. Default: --disk.", valueName: "size"), transform: Quantities.size)
    var leastDisk: Bytes?

    @Option(
        help: ArgumentHelp(
            "Begin then: a time, such as 18:30 or 2026-11-21T18:30Z, or +2h from now. Default: at once.", valueName: "time"),
        transform: Quantities.start)
    var start: Timestamp?

    @Flag(help: "Renew it by the same term again and again, until it is released.")
    var renew = false

    @Option(help: ArgumentHelp("From each of so many nodes, or from none.", valueName: "count"))
    var nodes: Int = 1

    @OptionGroup var dryRun: DryRunOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    private static let mostNodes = 32

    func validate() throws {
        if let leastCpu, leastCpu > wish.amounts.cpu {
            throw ValidationError("--least-cpu: more than --cpu; write at most \(wish.amounts.cpu.text)")
        }
        if let leastMemory, leastMemory > wish.amounts.memory {
            throw ValidationError("--least-memory: more than --memory; write at most \(wish.amounts.memory.text)")
        }
        try room.check(against: [
            ("--cpu", wish.cpu != nil), ("--memory", wish.memory != nil), ("--least-cpu", leastCpu != nil),
            ("--least-memory", leastMemory != nil),
        ])
        if let leastDisk {
            guard let disk = room.disk else {
                throw ValidationError("--least-disk: belongs to --disk; add that, such as --disk 20GiB")
            }
            guard leastDisk <= disk else { throw ValidationError("--least-disk: more than --disk; write at most \(disk.text)") }
        }
        guard (1...Self.mostNodes).contains(nodes) else {
            throw ValidationError("--nodes: \(nodes) is out of range; write 1 to \(Self.mostNodes)")
        }
        if let contradiction { throw ValidationError(contradiction) }
        if !wish.on.isEmpty, Set(wish.on).count < nodes {
            throw ValidationError("--nodes: \(nodes) are wanted and \(Set(wish.on).count) named; name more with --on, or none")
        }
    }

    /// Options that cannot be meant together with what is given in return.
    private var contradiction: String? {
        guard let means = wish.means.given.first else { return nil }
        if wish.means.redeem != nil, nodes > 1 { return "--nodes: excludes --redeem; one node owes what is used up" }
        guard wish.means.swaps else { return nil }
        let excluded = [
            ("--nodes", nodes > 1, "is with one node"), ("--start", start != nil, "begins at once"),
            ("--renew", renew, "is not renewed"),
        ]
        return excluded.first(where: \.1).map { "\($0.0): excludes \(means); a swap \($0.2)" }
    }

    func run() async throws {
        if dryRun.dryRun {
            let preview = try await LeasePreview.ask(connection.agent, request)
            try output.show(preview.report(command: "lease request", purpose: nil))
            guard preview.isPossible else { throw ExitCode(Invocation.failureStatus) }
            return
        }
        let reply = try await connection.agent.ask(within: .seconds(120)) { [request] in
            try await $0.requestLease(request, options: $1)
        }
        guard reply.hasLease else { throw try refused(reply.refusal) }
        if nodes > 1 {
            try output.show(LeasesReport(leases: reply.leases.map(LeaseReport.init)))
        } else {
            try output.show(LeaseReport(reply.lease))
        }
        if !wish.means.given.isEmpty, !reply.lease.deviation.isEmpty {
            Terminal.note("not all that was asked for: \(reply.lease.deviation)")
        }
        let granted = Microseconds(reply.lease.terms.termMicroseconds)
        if let term = wish.term, granted < term, !renew {
            Terminal.note("lent for \(granted.text), not \(term.text): 'surplus lease renew' prolongs it")
        }
    }

    private var request: Surplus_V1_LeaseRequest {
        var request = wish.request
        if let leastCpu { request.least.cpuMillicores = leastCpu.rawValue }
        if let leastMemory { request.least.memoryBytes = leastMemory.rawValue }
        if let disk = room.disk {
            request.amounts = .with { $0.diskBytes = disk.rawValue }
            request.least = .with { $0.diskBytes = (leastDisk ?? disk).rawValue }
            (request.maxCpuPrice, request.maxDiskPrice) = (0, request.maxCpuPrice)
            if let means = wish.means.means(for: wish.term, ofDisk: true) { request.means = means }
        }
        request.startAt = start?.microseconds ?? 0
        request.renews = renew
        request.nodes = UInt32(nodes)
        return request
    }

    /// The reasons, and the nearest that would be lent.
    private func refused(_ refusal: Surplus_V1_Refusal) throws -> Failure {
        let report = RefusedLeaseReport(
            refusal: RefusalFigures(refusal),
            alternatives: refusal.alternatives.map { alternative in
                .init(
                    kind: alternative.kind, node: alternative.node.nonEmpty, nodeName: alternative.nodeName.nonEmpty,
                    terms: TermFigures(alternative.terms), nodes: alternative.nodes > 0 ? Int(alternative.nodes) : nil,
                    swap: alternative.terms.swapped.map { .init($0.amounts, for: $0.term) }, command: command(for: alternative))
            })
        var failure = Failure(object: "lease", fault: report.refusal.text)
        if output.json {
            try output.show(report)
        } else {
            failure.excerpt = report.nearest(on: Terminal.page(plain: output.plain, colour: output.color))
        }
        return failure
    }

    /// What asks for an alternative instead.
    private func command(for alternative: Surplus_V1_Alternative) -> String {
        let (terms, amounts) = (alternative.terms, Amounts(shown: alternative.terms.amounts))
        var words = ["surplus lease request"]
        func add(_ option: String, _ value: String) { words.append("\(option) \(value.filter { $0 != " " })") }
        if amounts.cpu > .zero { add("--cpu", amounts.cpu.text.number) }
        if amounts.memory > .zero { add("--memory", amounts.memory.text) }
        if amounts.disk > .zero { add("--disk", amounts.disk.text) }
        if wish.term != nil { add("--for", Microseconds(terms.termMicroseconds).text) }
        if terms.startAt > 0 { add("--start", CivilDate(Timestamp(microseconds: terms.startAt)).rfc3339Seconds) }
        let price = amounts.disk > .zero ? terms.prices.diskPerGibHour : terms.prices.cpuPerCoreHour
        if price > 0, alternative.kind == "dearer" || wish.maxPrice != nil {
            add("--max-price", Microcredits(price).text.number)
        }
        if let swapped = alternative.terms.swapped {
            if swapped.amounts.cpu > .zero { add("--swap-cpu", swapped.amounts.cpu.text.number) }
            if swapped.amounts.memory > .zero { add("--swap-memory", swapped.amounts.memory.text) }
            if swapped.amounts.disk > .zero { add("--swap-disk", swapped.amounts.disk.text) }
            if swapped.term.rawValue != terms.termMicroseconds { add("--swap-for", swapped.term.text) }
        }
        if let deferral = alternative.terms.deferred { words += wish.means.words(asking: deferral) }
        if case .redemption(let obligation) = alternative.terms.consideration.form { add("--redeem", obligation) }
        if let notice = wish.notice, let offered = NoticeClass(shown: terms.notice) {
            add("--notice", min(notice, offered).rawValue)
        }
        if renew { words.append("--renew") }
        if alternative.nodes > 1 { add("--nodes", String(alternative.nodes)) }
        if let node = alternative.nodeName.nonEmpty, nodes == 1 { add("--on", node) }
        return words.joined(separator: " ")
    }
}

extension Surplus_V1_Terms {
    /// On which terms something would be owed in kind.
    fileprivate var deferred: Surplus_V1_Deferral? {
        guard case .deferred(let deferral) = consideration.form else { return nil }
        return deferral
    }

    /// What would be lent in return.
    fileprivate var swapped: (amounts: Amounts, term: Microseconds)? {
        guard case .swap(let exchange) = consideration.form else { return nil }
        return (Amounts(shown: exchange.amounts), Microseconds(exchange.termMicroseconds))
    }
}

extension String {
    /// The number before a unit.
    fileprivate var number: String { String(prefix { $0 != " " }) }
}
