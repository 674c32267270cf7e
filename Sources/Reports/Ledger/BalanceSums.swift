import Resources

/// What a balance changed by, each reason by itself: what stood before and all of them come to what stands. All that sums up the
/// ledger does it here, so that no two reports can tell the same differently.
package struct BalanceSums: Hashable, Sendable {
    package typealias Line = TransferPurpose.Line

    private var amounts: [Line: Int64] = [:]

    package init() {}

    /// - Parameter amounts: lines, and in base units what each comes to; positive where peers came to owe this node more.
    package init(_ amounts: [(String, Int64)]) {
        for (line, amount) in amounts { self[Line(rawValue: line) ?? Self.line(of: amount)] += amount }
    }

    package subscript(line: Line) -> Int64 {
        get { amounts[line] ?? 0 }
        set { amounts[line] = newValue == 0 ? nil : newValue }
    }

    /// Adds an amount to the sum that a purpose belongs to. One that is not known here, as of a later version, is earned or spent.
    mutating func add(_ amount: Int64, for purpose: String) {
        self[TransferPurpose(rawValue: purpose)?.line ?? Self.line(of: amount)] += amount
    }

    private static func line(of amount: Int64) -> Line { amount < 0 ? .spent : .earned }

    /// By how much the balance changed.
    var change: Int64 { Line.allCases.reduce(0) { $0 + self[$1] } }

    /// What is neither earned nor spent, and not nothing, in the order of the lines.
    var others: [(line: Line, amount: Int64)] {
        Line.allCases.filter { $0 != .earned && $0 != .spent && self[$0] != 0 }.map { ($0, self[$0]) }
    }

    static func + (a: Self, b: Self) -> Self {
        var sum = a
        for line in Line.allCases { sum[line] += b[line] }
        return sum
    }
}

extension TransferPurpose.Line {
    /// For people.
    var label: String { rawValue.replacing("_", with: " ") }
}

extension Sheet {
    /// The lines between what stood before and what stands: what was earned and spent, and all else of which there is some.
    mutating func add(_ sums: BalanceSums) {
        add("earned", Microcredits(sums[.earned]).text)
        add("spent", Microcredits(-sums[.spent]).text)
        for (line, amount) in sums.others { add(line.label, Microcredits(amount).text) }
    }
}
