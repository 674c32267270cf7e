import Resources

/// For which share of the last tick the owner's work waited, in hundredths of a percent.
package struct PressureFigures: Hashable, Encodable, Sendable {
    package let cpuBasisPoints: Int64?
    package let memoryBasisPoints: Int64?
    package let diskBasisPoints: Int64?

    package init(cpu: Int64?, memory: Int64?, disk: Int64?) {
        (cpuBasisPoints, memoryBasisPoints, diskBasisPoints) = (cpu, memory, disk)
    }

    /// What is known, by resource.
    private var shares: KeyValuePairs<String, Int64?> {
        ["cpu": cpuBasisPoints, "memory": memoryBasisPoints, "disk": diskBasisPoints]
    }

    /// `cpu 12.5%, memory 0%`.
    var text: String {
        let known = shares.compactMap { name, share in share.map { "\(name) \(BasisPoints($0).text)" } }
        return known.isEmpty ? "the kernel does not tell" : known.joined(separator: ", ")
    }

    /// `cpu 50%, memory ignored`: as bounds of others.
    var boundText: String? {
        let known = shares.compactMap { name, share in share.map { "\(name) \(Self.bound($0))" } }
        return known.isEmpty ? nil : known.joined(separator: ", ")
    }

    private static func bound(_ share: Int64) -> String {
        share >= BasisPoints.whole.rawValue ? "ignored" : BasisPoints(share).text
    }

    /// `disk 34% of 30%`; `nil` where it is not known.
    func text(of resource: String, within bounds: PressureFigures) -> String? {
        guard case let share?? = shares.first(where: { $0.key == resource })?.value else { return nil }
        guard case let bound?? = bounds.shares.first(where: { $0.key == resource })?.value else {
            return BasisPoints(share).text
        }
        return "\(BasisPoints(share).text) of \(Self.bound(bound))"
    }
}

/// How the out-of-range enforcer stands.
package struct EnforcerReport: Report {
    package struct Lease: Encodable, Sendable {
        let lease: String
        let peerName: String
        let rung: String
        let granted: AmountFigures
        let ceilingCpuMillicores: Int64
        let used: AmountFigures
        let endsAt: CivilTime?
        let reason: String?

        package init(
            lease: String, peerName: String, rung: String, granted: Amounts, ceiling: Millicores, used: Amounts,
            endsAt: CivilTime?, reason: String?
        ) {
            self.lease = lease
            self.peerName = peerName
            self.rung = rung
            self.granted = AmountFigures(granted)
            self.used = AmountFigures(used)
            self.endsAt = endsAt
            self.reason = reason
            ceilingCpuMillicores = ceiling.rawValue
        }
    }

    let enforcement: String
    let disk: String?
    let dryRun: Bool
    let threshold: AmountFigures
    let ownerUsage: AmountFigures
    let guestUsage: AmountFigures
    let pressure: PressureFigures
    let tolerance: PressureFigures?
    let availableBytes: Int64?
    let reserveBytes: Int64?
    let guestDiskBytesPerSecond: Int64?
    let coolDownMicroseconds: Int64
    let leases: [Lease]

    package init(
        enforcement: String, disk: String?, dryRun: Bool, threshold: Amounts, owner: Amounts, guests: Amounts,
        pressure: PressureFigures, tolerance: PressureFigures? = nil, available: Bytes?, reserve: Bytes? = nil,
        guestDisk: Bytes? = nil, coolDown: Microseconds, leases: [Lease]
    ) {
        self.enforcement = enforcement
        self.disk = disk
        self.dryRun = dryRun
        self.threshold = AmountFigures(threshold)
        self.pressure = pressure
        self.tolerance = tolerance
        self.leases = leases
        ownerUsage = AmountFigures(owner)
        guestUsage = AmountFigures(guests)
        availableBytes = available?.rawValue
        reserveBytes = reserve?.rawValue
        guestDiskBytesPerSecond = guestDisk?.rawValue
        coolDownMicroseconds = coolDown.rawValue
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        if dryRun { sheet.add("dry run", "the warden only says what it would do: the owner is not protected", .warning) }
        sheet.add("limits", enforcement)
        sheet.add("disk of jobs", disk)
        sheet.add("threshold", threshold.text(on: page))
        sheet.add("owner", ownerUsage.text(on: page))
        sheet.add("guests", guestUsage.text(on: page))
        sheet.add("guests' disks", guestDiskBytesPerSecond.map { "\(page.figure(Bytes($0)))/s" })
        let kept = reserveBytes.map { ", \(page.figure(Bytes($0))) is kept free" } ?? ""
        sheet.add("free memory", availableBytes.map { page.figure(Bytes($0)) + kept })
        sheet.add("waited for", pressure.text)
        sheet.add("may wait for", tolerance?.boundText)
        let coolDown = Microseconds(coolDownMicroseconds)
        sheet.add(
            "offers",
            coolDown > .zero ? "held back for \(coolDown.shortText): the owner needed the machine" : "as the policy says",
            coolDown > .zero ? .warning : .plain)
        guard !leases.isEmpty else { return sheet.text(on: page) + page.hint("no lease is lent now") }
        return sheet.text(on: page) + page.gap + table(on: page)
    }

    private func table(on page: Page) -> String {
        var table = Table([
            .init("LEASE"), .init("PEER", .left, .omitted), .init("RUNG"), .init("CEILING", .right), .init("OF", .right),
            .init("USES", .right), .init("MEMORY", .right, .omitted), .init("ENDS", .left, .omitted),
            .init("WHY", .left, .shortened),
        ])
        for lease in leases {
            table.add([
                .init(lease.lease), .init(lease.peerName), .init(lease.rung, EnforcerMovesReport.tone(of: lease.rung)),
                .init(page.figure(Millicores(lease.ceilingCpuMillicores))), .init(page.figure(lease.granted.cpu)),
                .init(page.figure(lease.used.cpu)), .init(page.figure(lease.used.memory)),
                .init(lease.endsAt?.relative(on: page) ?? "-"), .init(lease.reason ?? ""),
            ])
        }
        return table.text(on: page)
    }
}

/// What the enforcer took from guests and gave back; the oldest first.
package struct EnforcerMovesReport: Report {
    package struct Move: Encodable, Sendable {
        let at: CivilTime
        let lease: String
        let from: String
        let to: String
        let resource: String
        let reason: String
        let ownerUsage: AmountFigures
        let guestUsage: AmountFigures
        let threshold: AmountFigures
        let pressure: PressureFigures
        let tolerance: PressureFigures
        let guestDiskBytesPerSecond: Int64?
        let availableBytes: Int64?
        let beforeCpuMillicores: Int64
        let afterCpuMillicores: Int64
        let dryRun: Bool

        package init(
            at: CivilTime, lease: String, from: String, to: String, resource: String, reason: String, owner: Amounts,
            guests: Amounts, threshold: Amounts, pressure: PressureFigures, tolerance: PressureFigures, guestDisk: Bytes?,
            available: Bytes?, before: Millicores, after: Millicores, dryRun: Bool
        ) {
            self.at = at
            self.lease = lease
            self.from = from
            self.to = to
            self.resource = resource
            self.reason = reason
            self.threshold = AmountFigures(threshold)
            self.pressure = pressure
            self.tolerance = tolerance
            self.dryRun = dryRun
            ownerUsage = AmountFigures(owner)
            guestUsage = AmountFigures(guests)
            guestDiskBytesPerSecond = guestDisk?.rawValue
            availableBytes = available?.rawValue
            beforeCpuMillicores = before.rawValue
            afterCpuMillicores = after.rawValue
        }

        /// What of the resource was held against what: owner and guests against the threshold, how long the owner's work waited
        /// against how long it may, and what the kernel told besides.
        func readings(on page: Page) -> String {
            let use: String?
            let other: String?
            switch resource {
            case "cpu":
                use = "\(ownerUsage.cpu.text) + \(guestUsage.cpu.text) of \(threshold.cpu.text)"
                other = nil
            case "memory":
                use = "\(ownerUsage.memory.text) + \(guestUsage.memory.text) of \(threshold.memory.text)"
                other = availableBytes.map { "\(page.figure(Bytes($0))) free" }
            default:
                use = nil
                other = guestDiskBytesPerSecond.map { "guests moved \(page.figure(Bytes($0)))/s" }
            }
            let waited = pressure.text(of: resource, within: tolerance).map { "waited \($0)" }
            let known = [use, waited, other].compactMap(\.self)
            return known.isEmpty ? pressure.text : known.joined(separator: "; ")
        }
    }

    let moves: [Move]

    package init(moves: [Move]) { self.moves = moves }

    package func text(on page: Page) -> String {
        guard !moves.isEmpty else { return page.hint("nothing was taken from guests, as far as is remembered") }
        var table = Table([
            .init("TIME"), .init("LEASE"), .init("FROM", .left, .omitted), .init("TO"), .init("FOR"),
            .init("READINGS", .left, .omitted), .init("WHY", .left, .shortened),
        ])
        for move in moves {
            table.add([
                .init(move.at.clock(on: page), .dim), .init(move.lease), .init(move.from),
                .init(move.dryRun ? "\(move.to) (dry run)" : move.to, Self.tone(of: move.to)), .init(move.resource),
                .init(move.readings(on: page)), .init(move.reason),
            ])
        }
        return table.text(on: page)
    }

    static func tone(of rung: String) -> Tone {
        switch rung {
        case "shaped": .good
        case "throttled": .warning
        default: .bad
        }
    }
}
