import Resources

/// What a ledger counts, as journals write it.
package enum Commodity: String, CaseIterable, Comparable, Encodable, Sendable {
    case credit
    /// Processing in kind.
    case coreTime = "core_time"
    /// Memory held in kind.
    case memoryTime = "memory_time"
    case bytesMoved = "bytes_moved"
    case diskTime = "disk_time"

    package static func < (a: Self, b: Self) -> Bool { a.place < b.place }
    private var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// Capitals alone, as the programs for bookkeeping want it.
    var symbol: String {
        switch self {
        case .credit: "CREDIT"
        case .coreTime: "CORESECOND"
        case .memoryTime: "MIBSECOND"
        case .bytesMoved: "BYTE"
        case .diskTime: "DISKMIBSECOND"
        }
    }

    /// An amount in base units with all its places, so that nothing is rounded: `-0.016666 CREDIT`, `12 MIBSECOND`.
    func text(_ amount: Int64) -> String { number(amount) + " " + symbol }

    private func number(_ amount: Int64) -> String {
        switch self {
        case .credit, .coreTime: millionths(amount)
        case .memoryTime, .bytesMoved, .diskTime: String(amount)
        }
    }

    /// How amounts of it are written, as hledger wants it declared.
    var directive: String { "commodity \(self < .memoryTime ? "1000.000000" : "1000.") \(symbol)\n" }
}
