import Resources

/// How journals write what a ledger counts.
extension LedgerUnit {
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
    func exactText(_ amount: Int64) -> String { figure(amount) + " " + symbol }

    /// How amounts of it are written, as hledger wants it declared.
    var directive: String { "commodity \(isInMillionths ? "1000.000000" : "1000.") \(symbol)\n" }
}
