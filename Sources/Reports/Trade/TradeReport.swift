import Resources

/// What was lent and borrowed in a time, what was used and what was paid for it, put together by whatever is asked for.
///
/// The sums are those of ``StatementReport`` over the same time: what was paid, what was compensated and what moved for no lease is
/// what the balance of credits changed by, and what moved in kind what the balance of its unit did.
package struct TradeReport: Report {
    package enum Grouping: String, CaseIterable, Hashable, Encodable, Sendable { case peer, resource, application, user, day }

    /// What one receipt settled, as the agent tells it.
    package struct Entry: Sendable {
        /// An amount in microcredits, by what it was for.
        package struct Parts: Hashable, Sendable {
            package var cpu: Microcredits
            package var memory: Microcredits
            package var disk: Microcredits
            /// The receipt or the prices are not at hand.
            package var untold: Microcredits
            /// What a swap left, and what became credits that was owed in kind.
            package var settlement: Microcredits

            package init(
                cpu: Microcredits = .zero, memory: Microcredits = .zero, disk: Microcredits = .zero,
                untold: Microcredits = .zero, settlement: Microcredits = .zero
            ) {
                self.cpu = cpu
                self.memory = memory
                self.disk = disk
                self.untold = untold
                self.settlement = settlement
            }

            fileprivate var sum: Microcredits { cpu + memory + disk + untold + settlement }
        }

        package var at: Timestamp
        package var lease: String
        package var peer: String
        package var peerName: String
        package var isLent: Bool
        package var used: Usage
        package var paid: Parts
        package var compensation: Microcredits
        package var disputed: Parts
        package var inKind: InKind
        /// What a half of a swap came to: positive where this node gave it. Only what is left between both halves is owed.
        package var swapped: Parts

        package init(
            at: Timestamp, lease: String, peer: String, peerName: String, isLent: Bool, used: Usage, paid: Parts,
            compensation: Microcredits, disputed: Parts, inKind: InKind = .zero, swapped: Parts = Parts()
        ) {
            self.at = at
            self.lease = lease
            self.peer = peer
            self.peerName = peerName
            self.isLent = isLent
            self.used = used
            self.paid = paid
            self.compensation = compensation
            self.disputed = disputed
            self.inKind = inKind
            self.swapped = swapped
        }
    }

    /// What moved a balance for no lease, such as what idle credits have lost. Positive is what peers came to owe this node.
    package struct Apart: Hashable, Encodable, Sendable {
        let line: String
        let unit: LedgerUnit
        let amount: Int64

        var label: String { BalanceSums.Line(rawValue: line)?.label ?? line }

        package init(line: String, unit: LedgerUnit, amount: Int64) { (self.line, self.unit, self.amount) = (line, unit, amount) }
    }

    /// What was traded in one direction. Positive is what the peer came to owe this node.
    package struct Sum: Encodable, Sendable {
        fileprivate var leaseIDs: Set<String> = []
        fileprivate(set) var used = Usage.zero
        fileprivate(set) var paid = Microcredits.zero
        fileprivate(set) var compensation = Microcredits.zero
        fileprivate(set) var disputed = Microcredits.zero
        fileprivate(set) var inKind = InKind.zero
        fileprivate(set) var swapped = Microcredits.zero

        private enum CodingKeys: String, CodingKey {
            case leases, used, paidMicrocredits, compensationMicrocredits, disputedMicrocredits, inKind, swappedMicrocredits
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(leaseIDs.count, forKey: .leases)
            try container.encode(UsageFigures(used), forKey: .used)
            try container.encode(paid.rawValue, forKey: .paidMicrocredits)
            try container.encode(compensation.rawValue, forKey: .compensationMicrocredits)
            try container.encode(disputed.rawValue, forKey: .disputedMicrocredits)
            try container.encode(inKind, forKey: .inKind)
            try container.encode(swapped.rawValue, forKey: .swappedMicrocredits)
        }

        fileprivate mutating func add(_ part: Part) {
            leaseIDs.insert(part.entry.lease)
            used = used + part.used
            paid += part.paid
            compensation += part.compensation
            disputed += part.disputed
            inKind = inKind + part.inKind
            swapped += part.swapped
        }
    }

    /// One line of the report; of what it is put together by only that which was asked for is there.
    package struct Row: Encodable, Sendable {
        let day: String?
        let peer: String?
        let peerName: String?
        let user: String?
        let application: String?
        let resource: String?
        /// `lent` or `borrowed`.
        let trade: String
        fileprivate(set) var sum = Sum()

        private enum CodingKeys: String, CodingKey { case day, peer, peerName, user, application, resource, trade, sum }
    }

    let nodeName: String
    let since: CivilTime?
    let until: CivilTime?
    let by: [Grouping]
    /// Of the days' time zone.
    let utcOffsetMicroseconds: Int64
    let rows: [Row]
    let lent: Sum
    let borrowed: Sum
    /// In the order of the units, and of the lines; those that come to nothing are left out.
    let apart: [Apart]
    /// By how much what peers owe this node grew in the time, less what it owes them.
    let changeMicrocredits: Int64
    /// The same of what is owed in kind.
    let changeInKind: UsageFigures

    /// - Parameter utcOffset: of the time zone by whose days trades are put together.
    package init(
        nodeName: String, since: CivilTime?, until: CivilTime?, by grouping: [Grouping], entries: [Entry],
        apart: [Apart] = [], holders: [LeaseHolder], utcOffset: Microseconds
    ) {
        self.nodeName = nodeName
        self.since = since
        self.until = until
        by = grouping
        utcOffsetMicroseconds = utcOffset.rawValue
        let known = Dictionary(holders.map { ($0.lease, $0) }, uniquingKeysWith: { first, _ in first })
        var sums = SortedMap<Key, Row>()
        var (lent, borrowed) = (Sum(), Sum())
        for entry in entries {
            // also where nothing of it is any one resource's
            if entry.isLent { lent.leaseIDs.insert(entry.lease) } else { borrowed.leaseIDs.insert(entry.lease) }
            for part in entry.parts(isByResource: grouping.contains(.resource)) {
                let key = Key(part, known[entry.lease], by: grouping, utcOffset)
                var row = sums[key] ?? Row(part, known[entry.lease], by: grouping, utcOffset)
                row.sum.add(part)
                sums[key] = row
                if entry.isLent { lent.add(part) } else { borrowed.add(part) }
            }
        }
        rows = sums.values
        (self.lent, self.borrowed) = (lent, borrowed)
        self.apart = Self.summed(apart)
        func sum(in unit: LedgerUnit) -> Int64 { apart.reduce(0) { $1.unit == unit ? $0 + $1.amount : $0 } }
        changeInKind = UsageFigures(
            lent.inKind.change + borrowed.inKind.change
                + Usage(
                    cpu: CoreMicroseconds(sum(in: .coreTime)), memory: MiBSeconds(sum(in: .memoryTime)),
                    disk: MiBSeconds(sum(in: .diskTime))))
        changeMicrocredits = [lent, borrowed].reduce(sum(in: .credit)) {
            $0 + $1.paid.rawValue + $1.compensation.rawValue
        }
    }

    private static func summed(_ apart: [Apart]) -> [Apart] {
        LedgerUnit.allCases.flatMap { unit in
            let sums = BalanceSums(apart.filter { $0.unit == unit }.map { ($0.line, $0.amount) })
            return BalanceSums.Line.allCases.filter { sums[$0] != 0 }.map {
                Apart(line: $0.rawValue, unit: unit, amount: sums[$0])
            }
        }
    }

    // MARK: For people

    package func text(on page: Page) -> String {
        guard !page.isPlain else { return table(rows, on: page).text(on: page) }
        var head = Sheet()
        head.add("trade", nodeName, .strong)
        head.add("since", since?.clock(on: page))
        head.add("until", until?.clock(on: page))
        guard !rows.isEmpty || !apart.isEmpty else {
            return head.text(on: page) + page.gap + "nothing was lent or borrowed in this time\n"
        }
        var foot = Sheet()
        for one in apart { foot.add(one.label, one.unit.text(LedgerAmount(one.amount))) }
        foot.add("balance", "changed by \(Microcredits(changeMicrocredits).text)", .strong)
        if changeInKind.usage != .zero { foot.add("in kind", "changed by \(changeInKind.usage.text)", .strong) }
        if lent.swapped != .zero || borrowed.swapped != .zero {
            foot.add("swapped", "gave \(lent.swapped.text) worth, took \((-borrowed.swapped).text) worth")
        }
        if by.contains(.application), rows.contains(where: { $0.application == LeaseHolder.unknown }) {
            foot.add("not known", "programs are known as far back as the story of events goes (see 'story' in agent.yaml)", .dim)
        }
        let body = rows.isEmpty ? "nothing was lent or borrowed in this time\n" : table(rows, on: page).text(on: page)
        return [head.text(on: page), body, foot.text(on: page)].joined(separator: page.gap)
    }

    private func table(_ rows: [Row], on page: Page) -> Table {
        let other = TradeColumns(rows.map { ($0.trade, $0.sum) }, isPlain: page.isPlain)
        var table = Table(
            by.map { .init($0.rawValue.uppercased(), .left, .shortened) } + [
                .init("TRADE"), .init("LEASES", .right, .omitted), .init("CORE-HOURS", .right), .init("GIB-HOURS", .right),
                .init("CREDITS", .right), .init("COMPENSATION", .right, .omitted), .init("DISPUTED", .right, .omitted),
            ] + other.columns)
        let hours = Hours(rows.map { ($0.trade, $0.sum.used) })
        for (place, row) in rows.enumerated() {
            table.add(by.map { .init(row.text($0)) } + cells(row.trade, row.sum, hours.rows[place]) + other.cells(of: place))
        }
        guard !page.isPlain else { return table }
        for (name, sum) in [("lent", lent), ("borrowed", borrowed)] where !sum.leaseIDs.isEmpty {
            table.add(
                by.indices.map { .init($0 == 0 ? "all" : "", .strong) }
                    + cells(name, sum, hours.totals[name] ?? .zero, .strong) + other.total(of: name, .strong))
        }
        return table
    }

    private func cells(
        _ trade: String, _ sum: Sum, _ hours: UsageHours, _ tone: Tone = .plain
    ) -> [Table.Cell] {
        [
            .init(trade, tone), .init("\(sum.leaseIDs.count)", tone), .init(hours.cpuText, tone), .init(hours.memoryText, tone),
            .init(sum.paid.fixed, tone), .init(sum.compensation.fixed, tone),
            .init(sum.disputed.fixed, sum.disputed == .zero ? tone : .warning),
        ]
    }
}

// MARK: - Putting together

extension TradeReport {
    /// An entry, or what of it is one resource's.
    fileprivate struct Part {
        let entry: Entry
        var resource: String?
        var used: Usage
        var paid: Microcredits
        var compensation = Microcredits.zero
        var disputed = Microcredits.zero
        var inKind = InKind.zero
        var swapped = Microcredits.zero

        var isNothing: Bool {
            used == .zero && paid == .zero && compensation == .zero && disputed == .zero && inKind == .zero && swapped == .zero
        }
    }

    /// Everything that rows are told apart by, in the order that was asked for.
    fileprivate struct Key: Comparable, Sendable {
        let texts: [String]

        init(_ part: Part, _ holder: LeaseHolder?, by grouping: [Grouping], _ utcOffset: Microseconds) {
            let row = Row(part, holder, by: grouping, utcOffset)
            // two peers of one name are two
            texts = grouping.flatMap { [row.text($0), $0 == .peer ? part.entry.peer : ""] } + [part.entry.isLent ? "0" : "1"]
        }

        static func < (a: Self, b: Self) -> Bool { a.texts.lexicographicallyPrecedes(b.texts) }
    }
}

extension TradeReport.Entry {
    fileprivate func parts(isByResource: Bool) -> [TradeReport.Part] {
        guard isByResource else {
            return [
                TradeReport.Part(
                    entry: self, used: used, paid: paid.sum, compensation: compensation, disputed: disputed.sum, inKind: inKind,
                    swapped: swapped.sum)
            ]
        }
        func part(_ resource: String, _ amounts: KeyPath<Parts, Microcredits>, used: Usage = .zero) -> TradeReport.Part {
            TradeReport.Part(
                entry: self, resource: resource, used: used, paid: paid[keyPath: amounts], disputed: disputed[keyPath: amounts],
                swapped: swapped[keyPath: amounts])
        }
        var (cpu, memory, disk) = (
            part("cpu", \.cpu, used: Usage(cpu: used.cpu)), part("memory", \.memory, used: Usage(memory: used.memory)),
            part("disk", \.disk, used: Usage(disk: used.disk))
        )
        cpu.inKind = inKind.only { Usage(cpu: $0.cpu) }
        memory.inKind = inKind.only { Usage(memory: $0.memory) }
        disk.inKind = inKind.only { Usage(disk: $0.disk) }
        let notice = TradeReport.Part(entry: self, resource: "notice", used: .zero, paid: .zero, compensation: compensation)
        return [cpu, memory, disk, notice, part("settlement", \.settlement), part("not known", \.untold)].filter { !$0.isNothing }
    }
}

extension TradeReport.Row {
    fileprivate init(
        _ part: TradeReport.Part, _ holder: LeaseHolder?, by grouping: [TradeReport.Grouping], _ utcOffset: Microseconds
    ) {
        func given<Value>(_ what: TradeReport.Grouping, _ value: Value) -> Value? { grouping.contains(what) ? value : nil }
        let entry = part.entry
        day = given(.day, CivilDate(entry.at + utcOffset).date)
        peer = given(.peer, entry.peer)
        peerName = given(.peer, entry.peerName)
        // a name that a peer gave is not that of somebody here
        let user =
            holder?.isReturn == true
            ? LeaseHolder.inReturn : holder?.user.map { entry.isLent ? "\($0) of \(entry.peerName)" : $0 }
        self.user = given(.user, user ?? LeaseHolder.unknown)
        application = given(.application, holder?.application ?? LeaseHolder.unknown)
        resource = part.resource
        trade = entry.isLent ? "lent" : "borrowed"
    }

    fileprivate func text(_ grouping: TradeReport.Grouping) -> String {
        switch grouping {
        case .peer: peerName ?? ""
        case .resource: resource ?? ""
        case .application: application ?? ""
        case .user: user ?? ""
        case .day: day ?? ""
        }
    }
}

extension TradeReport {
    /// Hours of rows that stand below each other, and of all rows of each direction.
    private struct Hours {
        var rows: [UsageHours]
        var totals: [String: UsageHours] = [:]

        init(_ used: [(trade: String, used: Usage)]) {
            rows = Array(repeating: .zero, count: used.count)
            for trade in ["lent", "borrowed"] {
                let places = used.indices.filter { used[$0].trade == trade }
                let hours = UsageHours.rounded(places.map { used[$0].used })
                for (place, hour) in zip(places, hours) { rows[place] = hour }
                totals[trade] = hours.reduce(.zero, +)
            }
        }
    }
}
