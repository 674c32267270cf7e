/// What a ledger counts. Sums never mix units.
package enum LedgerUnit: String, Hashable, Codable, Sendable, CaseIterable {
    /// Microcredits.
    case credit
    /// Processing in kind: core-microseconds.
    case coreTime = "core_time"
    /// Memory held in kind: MiB-seconds.
    case memoryTime = "memory_time"
    /// Data moved in kind: bytes.
    case bytesMoved = "bytes_moved"
    /// Disk held in kind: MiB-seconds.
    case diskTime = "disk_time"

    /// Ids of transfers that follow from one thing lie so far apart for different units, in this order.
    static let distance: UInt64 = 1 << 16

    /// How far after the id of the transfer in credits those in this unit lie.
    package var offset: UInt64 { UInt64(Self.allCases.firstIndex(of: self) ?? 0) * Self.distance }

    /// An amount for people.
    package func text(_ amount: LedgerAmount) -> String {
        switch self {
        case .credit: Microcredits(amount).text
        case .coreTime: CoreMicroseconds(amount).text
        case .memoryTime, .diskTime: MiBSeconds(amount).text
        case .bytesMoved: Bytes(amount).text
        }
    }
}

/// An amount in the base unit of whatever unit its line in the ledger has.
package struct LedgerAmount: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "base units" }

    package init(_ amount: some Quantity) { self.init(amount.rawValue) }

    /// The largest amount of one transfer, in base units of any unit: a billion credits, or 277,000 core-hours.
    package static let most = LedgerAmount(Bounds.money)
}

extension Quantity {
    /// An amount of a line in the ledger whose unit is this quantity's.
    package init(_ amount: LedgerAmount) { self.init(amount.rawValue) }
}

extension Charge {
    /// What is due in each unit; those in which nothing is are left out.
    package var parts: [(unit: LedgerUnit, amount: LedgerAmount)] {
        Self.units.filter { self[$0] != .zero }.map { ($0, self[$0]) }
    }

    /// The part in one unit; zero in units that no charge has.
    package subscript(unit: LedgerUnit) -> LedgerAmount {
        get {
            switch unit {
            case .credit: LedgerAmount(credits)
            case .coreTime: LedgerAmount(inKind.cpu)
            case .memoryTime: LedgerAmount(inKind.memory)
            case .diskTime: LedgerAmount(inKind.disk)
            case .bytesMoved: .zero
            }
        }
        set {
            switch unit {
            case .credit: credits = Microcredits(newValue)
            case .coreTime: inKind.cpu = CoreMicroseconds(newValue)
            case .memoryTime: inKind.memory = MiBSeconds(newValue)
            case .diskTime: inKind.disk = MiBSeconds(newValue)
            case .bytesMoved: precondition(newValue == .zero, "a charge has nothing in \(unit)")
            }
        }
    }

    /// The units that a charge can have, in the order of their transfers.
    package static let units: [LedgerUnit] = [.credit, .coreTime, .memoryTime, .diskTime]
}
