import Resources

/// How much is lent beyond what is promised: whatever is idle, given and taken without notice.
///
/// Between two samples the loan follows the owner within seconds; what a decision settles is where a loan stands until it does.
/// There a forecast says with which chance the owner's use will be above each level, and the loan leaves room up to the level
/// that is exceeded with a chosen chance: as in the newsvendor's problem, that is best where a point of overshoot counts
/// (1 - chance) / chance times a point left idle.
package struct ElasticLending: Hashable, Codable, Sendable {
    /// The chance with which the owner's next sample finds less room than was lent.
    package let chance: PartsPerMillion

    package init(chance: PartsPerMillion = 250_000) { self.chance = chance }

    /// What owner's guests may use together until the owner's use is seen again, firm loans included.
    ///
    /// - Parameters:
    ///   - forecast: of the next sample; without it, room is left for as much as the owner uses now.
    ///   - usage: the owner's, as last seen; `nil` when it is not known, and then nothing is lent beyond what is firm.
    ///   - firm: what is promised, and stays lent whatever the forecast.
    package func room(
        _ forecast: ExceedanceCurve?, usage: BasisPoints?, threshold: BasisPoints, firm: BasisPoints = .zero,
        ceiling: BasisPoints = .whole
    ) -> BasisPoints {
        guard let usage else { return firm }
        let level = forecast.map { $0.level(exceededWith: chance) ?? .whole } ?? usage
        return max(firm, min(ceiling, threshold - level))
    }
}
