/// A chance, or a share that is too small for basis points: millionths of a whole (0...1000000).
package struct PartsPerMillion: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "ppm" }
    package static let whole: Self = 1_000_000

    package init(_ share: BasisPoints) { self.init(share.rawValue * 100) }

    /// `part / whole`, rounded down; zero when the whole is nothing.
    ///
    /// - Precondition: neither is negative.
    package init(_ part: Int64, of whole: Int64) {
        precondition(part >= 0 && whole >= 0, "\(part) of \(whole)")
        self = whole == 0 ? .zero : Self(part).scaled(by: Self.whole.rawValue, over: whole)
    }
}
