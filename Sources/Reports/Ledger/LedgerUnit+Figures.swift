import Resources

/// How statements write what a ledger counts: every figure exact, so that those below each other add up.
extension LedgerUnit {
    /// For people.
    var name: String {
        switch self {
        case .credit: "credits"
        case .coreTime: "core time"
        case .memoryTime: "memory time"
        case .bytesMoved: "data moved"
        case .diskTime: "disk time"
        }
    }

    /// Over a column of ``figure(_:)``.
    var heading: String {
        switch self {
        case .credit: "CREDITS"
        case .coreTime: "CORE-SECONDS"
        case .memoryTime, .diskTime: "MIB-SECONDS"
        case .bytesMoved: "BYTES"
        }
    }

    /// Whether an amount of it is told in its large unit, with six places; otherwise in base units.
    var isInMillionths: Bool {
        switch self {
        case .credit, .coreTime: true
        case .memoryTime, .bytesMoved, .diskTime: false
        }
    }

    /// An amount in base units with all its places: `-0.016666`, `12`.
    func figure(_ amount: Int64) -> String { isInMillionths ? millionths(amount) : String(amount) }
}
