import Resources

extension TradeReport {
    /// What moved in kind, by why; in each unit positive where the peer came to owe this node more, or this node less.
    package struct InKind: Hashable, Sendable {
        /// Owed for what was used.
        package var deferred: Usage
        /// Used, and taken off what the lender owed.
        package var redeemed: Usage
        /// It became credits.
        package var converted: Usage
        /// It is asked for no more.
        package var cancelled: Usage
        /// The agreement is not at hand.
        package var untold: Usage
        /// Billed by this node and not accepted; no part of what is owed.
        package var disputed: Usage

        package init(
            deferred: Usage = .zero, redeemed: Usage = .zero, converted: Usage = .zero, cancelled: Usage = .zero,
            untold: Usage = .zero, disputed: Usage = .zero
        ) {
            self.deferred = deferred
            self.redeemed = redeemed
            self.converted = converted
            self.cancelled = cancelled
            self.untold = untold
            self.disputed = disputed
        }

        static let zero = InKind()

        /// By how much what the peer owes in kind grew.
        var change: Usage { deferred + redeemed + converted + cancelled + untold }

        static func + (a: Self, b: Self) -> Self {
            Self(
                deferred: a.deferred + b.deferred, redeemed: a.redeemed + b.redeemed, converted: a.converted + b.converted,
                cancelled: a.cancelled + b.cancelled, untold: a.untold + b.untold, disputed: a.disputed + b.disputed)
        }

        /// What `part` takes of each figure, as of one resource alone.
        func only(_ part: (Usage) -> Usage) -> Self {
            Self(
                deferred: part(deferred), redeemed: part(redeemed), converted: part(converted), cancelled: part(cancelled),
                untold: part(untold), disputed: part(disputed))
        }
    }
}

extension TradeReport.InKind: Encodable {
    private enum CodingKeys: String, CodingKey { case deferred, redeemed, converted, cancelled, notKnown, disputed }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(UsageFigures(deferred), forKey: .deferred)
        try container.encode(UsageFigures(redeemed), forKey: .redeemed)
        try container.encode(UsageFigures(converted), forKey: .converted)
        try container.encode(UsageFigures(cancelled), forKey: .cancelled)
        try container.encode(UsageFigures(untold), forKey: .notKnown)
        try container.encode(UsageFigures(disputed), forKey: .disputed)
    }
}

/// Columns of what was traded other than for credits, and of disk. On a page for people one is there only where something is in it; on a plain page
/// all are, so that each keeps its place.
struct TradeColumns {
    private enum Column: CaseIterable {
        case deferredCPU, deferredMemory, redeemedCPU, redeemedMemory, endedCPU, endedMemory, swapped
        case disk, deferredDisk, redeemedDisk, endedDisk

        var title: String {
            switch self {
            case .deferredCPU: "OWED CORE-H"
            case .deferredMemory: "OWED GIB-H"
            case .redeemedCPU: "REDEEMED CORE-H"
            case .redeemedMemory: "REDEEMED GIB-H"
            case .endedCPU: "ENDED CORE-H"
            case .endedMemory: "ENDED GIB-H"
            case .swapped: "SWAPPED"
            case .disk: "DISK GIB-H"
            case .deferredDisk: "OWED DISK GIB-H"
            case .redeemedDisk: "REDEEMED DISK GIB-H"
            case .endedDisk: "ENDED DISK GIB-H"
            }
        }
    }

    private let shown: [Column]
    /// The figures of each row, and what they come to in each direction.
    private let rows: [[Column: Int64]]
    private var totals: [String: [Column: Int64]] = [:]

    init(_ sums: [(trade: String, sum: TradeReport.Sum)], isPlain: Bool) {
        let rounded = ["lent", "borrowed"].map { trade -> [Int: [Column: Int64]] in
            let places = sums.indices.filter { sums[$0].trade == trade }
            return Self.figures(of: places, places.map { sums[$0].sum })
        }
        let rows = sums.indices.map { place in rounded.lazy.compactMap { $0[place] }.first ?? [:] }
        for (trade, figures) in zip(["lent", "borrowed"], rounded) {
            totals[trade] = figures.values.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        }
        self.rows = rows
        shown = Column.allCases.filter { column in isPlain || rows.contains { $0[column] ?? 0 != 0 } }
    }

    var columns: [Table.Column] { shown.map { .init($0.title, .right, .omitted) } }

    func cells(of row: Int, _ tone: Tone = .plain) -> [Table.Cell] { cells(rows[row], tone) }

    func total(of trade: String, _ tone: Tone) -> [Table.Cell] { cells(totals[trade] ?? [:], tone) }

    private func cells(_ figures: [Column: Int64], _ tone: Tone) -> [Table.Cell] {
        shown.map { .init(millionths(figures[$0] ?? 0), tone) }
    }

    /// In millionths, rounded so that they add up.
    private static func figures(of places: [Int], _ sums: [TradeReport.Sum]) -> [Int: [Column: Int64]] {
        let parts: [(Column, Column, Column, [Usage])] = [
            (.deferredCPU, .deferredMemory, .deferredDisk, sums.map { $0.inKind.deferred }),
            (.redeemedCPU, .redeemedMemory, .redeemedDisk, sums.map { $0.inKind.redeemed }),
            (.endedCPU, .endedMemory, .endedDisk, sums.map { $0.inKind.converted + $0.inKind.cancelled }),
        ]
        var figures: [Int: [Column: Int64]] = [:]
        let used = UsageHours.rounded(sums.map(\.used))
        for (row, place) in places.enumerated() {
            figures[place, default: [:]][.swapped] = sums[row].swapped.rawValue
            figures[place, default: [:]][.disk] = used[row].disk
        }
        for (cpu, memory, disk, usages) in parts {
            // each side of zero by itself: the rounding takes natural numbers
            let more = UsageHours.rounded(usages.map(\.clampedToZero))
            let less = UsageHours.rounded(usages.map { (.zero - $0).clampedToZero })
            for (row, place) in places.enumerated() {
                figures[place, default: [:]][cpu] = more[row].cpu - less[row].cpu
                figures[place, default: [:]][memory] = more[row].memory - less[row].memory
                figures[place, default: [:]][disk] = more[row].disk - less[row].disk
            }
        }
        return figures
    }
}
