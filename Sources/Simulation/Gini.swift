import Resources

/// The inequality of balances, some of which may be negative.
///
/// E. Raffinetti, E. Siletti, A. Vernizzi, "On the Gini coefficient normalization when attributes with negative values are
/// considered" (2015): the mean difference between all pairs, as a share of what it would be if one of them had all that is
/// positive, another all that is negative, and the others nothing. So it is 0...1, also where balances sum to nothing, as those
/// of mutual credit do; where half of all owe alike and the others are owed alike it comes to about a half.
package enum Gini {
    /// - Returns: zero when all balances are alike.
    package static func coefficient(of balances: some Sequence<Microcredits>) -> PartsPerMillion {
        let sorted = balances.map { Int128($0.rawValue) }.sorted()
        let total = sorted.reduce(0) { $0 + abs($1) }
        guard sorted.count > 1, total > 0 else { return .zero }
        let last = Int128(sorted.count - 1)
        // Of all pairs, in ascending order, each balance is the greater one as often as its place says, the lesser one otherwise.
        let differences = sorted.enumerated().reduce(0) { $0 + (2 * Int128($1.offset) - last) * $1.element }
        return PartsPerMillion(Int64(differences * Int128(PartsPerMillion.whole.rawValue) / (last * total)))
    }
}
