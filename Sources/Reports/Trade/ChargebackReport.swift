import Resources

/// What a node's capacity was used for: by its owner, by leases, by nobody.
///
/// For each resource, in each window and over all of them, in whole core-microseconds and MiB-seconds:
///
///     capacity + excess = owner + leases + untold + idle
package struct ChargebackReport: Report {
    /// What the leases' part is told apart by.
    package enum Grouping: String, CaseIterable, Encodable, Sendable { case peer, user, application }

    /// What a window had, lease by lease, as the agent tells it.
    package struct Window: Sendable {
        package var at: CivilTime
        package var measured: Microseconds
        package var capacity: Usage
        package var excess: Usage
        package var owner: Usage
        package var idle: Usage
        package var untold: Usage
        package var leases: [(lease: String, used: Usage)]

        package init(
            at: CivilTime, measured: Microseconds, capacity: Usage, excess: Usage, owner: Usage, idle: Usage, untold: Usage,
            leases: [(lease: String, used: Usage)]
        ) {
            self.at = at
            self.measured = measured
            self.capacity = capacity
            self.excess = excess
            self.owner = owner
            self.idle = idle
            self.untold = untold
            self.leases = leases
        }
    }

    package struct Share: Hashable, Encodable, Sendable {
        let name: String
        /// Only when told apart by peer or by user, where it is known.
        let peer: String?
        let used: UsageFigures
    }

    package struct Shares: Encodable, Sendable {
        /// The beginning of the window; left out for all together.
        let at: CivilTime?
        let measuredMicroseconds: Int64
        let capacity: UsageFigures
        let excess: UsageFigures
        let owner: UsageFigures
        let idle: UsageFigures
        let untold: UsageFigures
        /// The largest use of processors first.
        let leases: [Share]
        /// Whether both sides are the same, in each resource.
        let addsUp: Bool
    }

    let node: String?
    let nodeName: String
    let from: CivilTime
    let until: CivilTime
    let stepMicroseconds: Int64
    let by: Grouping
    let total: Shares
    /// Those in which something was measured, by time.
    let windows: [Shares]

    /// Whether windows are shown to people one by one.
    private let isByWindow: Bool
    private let now: Timestamp

    private enum CodingKeys: String, CodingKey {
        case node, nodeName, from, until, stepMicroseconds, by, total, windows
    }

    package init(
        node: String?, nodeName: String, from: Timestamp, until: Timestamp, step: Microseconds, by grouping: Grouping,
        holders: [LeaseHolder], windows: [Window], isByWindow: Bool, now: Timestamp
    ) {
        self.node = node
        self.nodeName = nodeName
        self.from = CivilTime(from)
        self.until = CivilTime(until)
        stepMicroseconds = step.rawValue
        by = grouping
        self.isByWindow = isByWindow
        self.now = now
        let known = Dictionary(holders.map { ($0.lease, $0) }, uniquingKeysWith: { first, _ in first })
        self.windows = windows.map { Shares([$0], at: $0.at, by: grouping, known) }
        total = Shares(windows, at: nil, by: grouping, known)
    }

    /// Whether everything does.
    package var addsUp: Bool { total.addsUp && windows.allSatisfy(\.addsUp) }

    // MARK: For people

    package func text(on page: Page) -> String {
        guard !page.isPlain else { return table(on: page).text(on: page) }
        var head = Sheet()
        head.add("chargeback", nodeName, .strong)
        head.add("time", "\(from.clock(on: page)) to \(until.clock(on: page))")
        guard total.measuredMicroseconds > 0 else {
            return head.text(on: page) + page.gap + page.hint("Nothing was measured in this time.")
        }
        let measured = Microseconds(total.measuredMicroseconds)
        // the first and the last second are told as whole ones
        let span = max(measured, min(until.timestamp, now) - from.timestamp)
        head.add("measured", "\(measured.shortText) of \(span.shortText)")
        head.add(
            "adds up",
            addsUp
                ? "exactly: capacity = owner + leases + idle" : "NO: these figures contradict each other; say so to its makers",
            addsUp ? .good : .bad)
        return head.text(on: page) + page.gap + table(on: page).text(on: page)
    }

    private func table(on page: Page) -> Table {
        var table = Table(
            (isByWindow ? [.init("TIME")] : []) + [
                .init("USED BY", .left, .shortened), .init("CORE-HOURS", .right), .init("SHARE", .right, .omitted),
                .init("GIB-HOURS", .right), .init("SHARE", .right, .omitted),
            ])
        for shares in isByWindow ? windows + [total] : [total] {
            for row in shares.rows(on: page) {
                table.add((isByWindow ? [.init(shares.at?.clock(on: page) ?? "all", .dim)] : []) + row)
            }
        }
        return table
    }
}

extension ChargebackReport.Shares {
    fileprivate init(
        _ windows: [ChargebackReport.Window], at time: CivilTime?, by grouping: ChargebackReport.Grouping,
        _ holders: [String: LeaseHolder]
    ) {
        func sum(_ part: (ChargebackReport.Window) -> Usage) -> Usage { windows.reduce(.zero) { $0 + part($1) } }
        var groups = SortedMap<ChargebackReport.Key, Usage>()
        for window in windows {
            for (lease, used) in window.leases {
                let key = ChargebackReport.Key(holders[lease], by: grouping)
                groups[key] = (groups[key] ?? .zero) + used
            }
        }
        at = time
        measuredMicroseconds = windows.reduce(0) { $0 + $1.measured.rawValue }
        let (capacity, excess, owner, idle, untold) = (
            sum(\.capacity), sum(\.excess), sum(\.owner), sum(\.idle), sum(\.untold)
        )
        addsUp = capacity + excess == owner + idle + untold + groups.values.reduce(.zero, +)
        self.capacity = UsageFigures(capacity)
        self.excess = UsageFigures(excess)
        self.owner = UsageFigures(owner)
        self.idle = UsageFigures(idle)
        self.untold = UsageFigures(untold)
        leases = groups.pairs.sorted { $0.1.cpu > $1.1.cpu }.map {
            ChargebackReport.Share(name: $0.name, peer: $0.peer, used: UsageFigures($1))
        }
    }

    /// One for each part, then what they come to.
    fileprivate func rows(on page: Page) -> [[Table.Cell]] {
        var parts: [(name: String, used: UsageFigures, tone: Tone)] = [("owner", owner, .plain)]
        parts += leases.map { ($0.name, $0.used, .plain) }
        if untold.usage != .zero { parts.append(("leases not told apart", untold, .plain)) }
        parts.append(("idle", idle, .plain))
        let used = UsageHours.rounded(parts.map(\.used.usage))
        let whole = UsageHours.rounded([capacity.usage, excess.usage])
        var rows = zip(parts, used).map { row($0.name, $0.used, $1, $0.tone) }
        if excess.usage != .zero {
            rows.append(row("beyond capacity", excess, UsageHours(cpu: -whole[1].cpu, memory: -whole[1].memory), .warning))
        }
        rows.append(row("capacity", capacity, whole[0], .strong))
        return rows
    }

    private func row(_ name: String, _ used: UsageFigures, _ hours: UsageHours, _ tone: Tone) -> [Table.Cell] {
        [
            .init(name, tone), .init(hours.cpuText, tone),
            .init(Self.share(used.cpuCoreMicroseconds, of: capacity.cpuCoreMicroseconds), .dim), .init(hours.memoryText, tone),
            .init(Self.share(used.memoryMibSeconds, of: capacity.memoryMibSeconds), .dim),
        ]
    }

    private static func share(_ part: Int64, of whole: Int64) -> String {
        whole > 0 ? BasisPoints(Int64(clamping: Int128(part) * 10_000 / Int128(whole))).text : ""
    }
}

extension ChargebackReport {
    /// What leases are put together by.
    fileprivate struct Key: Comparable, Sendable {
        let name: String
        let peer: String?

        init(_ holder: LeaseHolder?, by grouping: Grouping) {
            let node = holder?.peerName ?? LeaseHolder.unknown
            switch grouping {
            case .peer: (name, peer) = (node, holder?.peer)
            case .user where holder?.isReturn == true: (name, peer) = ("\(node), \(LeaseHolder.inReturn)", holder?.peer)
            case .user: (name, peer) = (holder?.user.map { "\($0) of \(node)" } ?? LeaseHolder.unknown, holder?.peer)
            case .application: (name, peer) = (holder?.application ?? LeaseHolder.unknown, nil)
            }
        }

        static func < (a: Self, b: Self) -> Bool { (a.name, a.peer ?? "") < (b.name, b.peer ?? "") }
    }
}
