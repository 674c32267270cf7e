import Resources

/// ``Amounts`` with the units in the names.
package struct AmountFigures: Hashable, Encodable, Sendable {
    package let cpuMillicores: Int64
    package let memoryBytes: Int64
    /// `nil` where there is none.
    package let diskBytes: Int64?

    package init(_ amounts: Amounts) {
        cpuMillicores = amounts.cpu.rawValue
        memoryBytes = amounts.memory.rawValue
        diskBytes = amounts.disk.figure
    }

    var cpu: Millicores { Millicores(cpuMillicores) }
    var memory: Bytes { Bytes(memoryBytes) }
    var disk: Bytes { Bytes(diskBytes ?? 0) }
    /// Whether it is disk and nothing else.
    var isDisk: Bool { diskBytes != nil && cpuMillicores == 0 && memoryBytes == 0 }

    /// `1.5 cores, 512 MiB`, `20 GiB of disk`.
    func text(on page: Page) -> String {
        let disk = diskBytes == nil ? nil : "\(page.figure(disk)) of disk"
        return ((isDisk ? [] : [page.figure(cpu), page.figure(memory)]) + [disk].compactMap(\.self)).joined(separator: ", ")
    }
}

extension Quantity {
    /// `nil` for zero: a figure of something that few have is left out where there is none.
    var figure: Int64? { self == .zero ? nil : rawValue }
}

/// ``Prices`` with the units in the names.
package struct PriceFigures: Hashable, Encodable, Sendable {
    package let cpuMicrocreditsPerCoreHour: Int64
    package let memoryMicrocreditsPerGibHour: Int64
    /// `nil` where nothing is asked for it.
    package let diskMicrocreditsPerGibHour: Int64?

    package init(_ prices: Prices) {
        cpuMicrocreditsPerCoreHour = prices.cpu.rawValue
        memoryMicrocreditsPerGibHour = prices.memory.rawValue
        diskMicrocreditsPerGibHour = prices.disk.figure
    }

    var cpu: Microcredits { Microcredits(cpuMicrocreditsPerCoreHour) }
    var memory: Microcredits { Microcredits(memoryMicrocreditsPerGibHour) }
    var disk: Microcredits { Microcredits(diskMicrocreditsPerGibHour ?? 0) }

    /// What matters for what is lent at them.
    func text(of amounts: AmountFigures) -> String {
        amounts.isDisk ? "\(disk.text) a GiB-hour of disk" : "\(cpu.text) a core-hour, \(memory.text) a GiB-hour"
    }
}

/// ``Terms`` with the units in the names.
package struct TermFigures: Hashable, Encodable, Sendable {
    package let amounts: AmountFigures
    package let prices: PriceFigures
    package let termMicroseconds: Int64
    /// The notice class; empty when the agent is newer than this program and named one that is not known here.
    package let notice: String
    /// When the term begins, where that is later than it was agreed on.
    package let startAt: CivilTime?

    package init(amounts: Amounts, prices: Prices, term: Microseconds, notice: NoticeClass?, start: CivilTime? = nil) {
        self.amounts = AmountFigures(amounts)
        self.prices = PriceFigures(prices)
        termMicroseconds = term.rawValue
        self.notice = notice?.rawValue ?? ""
        startAt = start
    }

    var term: Microseconds { Microseconds(termMicroseconds) }
    var priceText: String { prices.text(of: amounts) }
}

/// ``Usage`` with the units in the names.
package struct UsageFigures: Hashable, Encodable, Sendable {
    package let cpuCoreMicroseconds: Int64
    package let memoryMibSeconds: Int64
    /// `nil` where there is none.
    package let diskMibSeconds: Int64?

    package init(_ usage: Usage) {
        cpuCoreMicroseconds = usage.cpu.rawValue
        memoryMibSeconds = usage.memory.rawValue
        diskMibSeconds = usage.disk.figure
    }

    var usage: Usage {
        Usage(
            cpu: CoreMicroseconds(cpuCoreMicroseconds), memory: MiBSeconds(memoryMibSeconds),
            disk: MiBSeconds(diskMibSeconds ?? 0))
    }

    /// `12.5 s of a core, 3072 MiB-s`, `480 GiB-h of disk`.
    func text(on page: Page) -> String {
        guard diskMibSeconds == nil else { return usage.text }
        return "\(page.figure(Microseconds(cpuCoreMicroseconds))) of a core, \(memoryMibSeconds) MiB-s"
    }
}

/// Why something was not done.
package struct RefusalFigures: Hashable, Encodable, Sendable {
    package let term: String
    package let reason: String
    package let retryable: Bool
    package let retryAfterMicroseconds: Int64?

    /// - Parameter retryAfter: when another try may succeed; `nil` when that is not known.
    package init(term: String, reason: String, retryable: Bool, retryAfter: Microseconds?) {
        self.term = term
        self.reason = reason
        self.retryable = retryable
        retryAfterMicroseconds = retryAfter?.rawValue
    }

    /// `price: 0.5 credits a core-hour are asked, at most 0.2 are offered (try again in 30 s)`.
    package var text: String {
        let reason = term.isEmpty ? reason : "\(term): \(reason)"
        guard retryable else { return reason }
        return reason + (retryAfterMicroseconds.map { " (try again in \(Microseconds($0).shortText))" } ?? " (try again)")
    }
}
