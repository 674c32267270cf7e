import Resources

extension Charge: ExpressibleByIntegerLiteral {
    /// Microcredits, and nothing in kind.
    package init(integerLiteral value: Int64) { self.init(credits: Microcredits(value)) }
}
