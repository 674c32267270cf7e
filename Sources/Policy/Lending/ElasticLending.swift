import Resources

/// How much is lent beyond what is promised: whatever is idle, given and taken without notice.
///
/// Between two samples the loan follows the owner within seconds; what a decision settles is where a loan stands until it does.
/// There a forecast says with which chance the owner's use will be above each level, and the loan leaves room up to the level
/// that is exceeded with a chosen chance: as in the newsvendor's problem, that is best where a point of overshoot counts
/// (1 - chance) / chance times a point left idle.
///
/// Where an owner is calm, the room that a far smaller chance takes is only a few points more, and it is left too: up to a bound, so that
/// a restless owner, of whom that would take much, is lent as much as before.
package struct ElasticLending: Hashable, Codable, Sendable {
    /// The chance with which the owner's next sample finds less room than was lent.
    package let chance: PartsPerMillion
    /// The chance aimed at where that takes no more than ``calmRoom`` beside what the owner uses now; at most ``chance``.
    package let calmChance: PartsPerMillion
    /// How far above what the owner uses now room is left for the smaller chance.
    package let calmRoom: BasisPoints

    /// The figures were chosen on the machines that were studied; `Docs/forecasting.md` has what they came to.
    package init(chance: PartsPerMillion = 200_000, calmChance: PartsPerMillion = 25_000, calmRoom: BasisPoints = .percent(5)) {
        self.chance = chance
        self.calmChance = min(chance, calmChance)
        self.calmRoom = calmRoom
    }

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
        let keptFree = forecast.map { level(in: $0, usage) } ?? usage
        return max(firm, min(ceiling, threshold - keptFree))
    }

    /// Up to where room is left.
    private func level(in forecast: ExceedanceCurve, _ usage: BasisPoints) -> BasisPoints {
        func level(_ chance: PartsPerMillion) -> BasisPoints { forecast.level(exceededWith: chance) ?? .whole }
        return max(level(chance), min(level(calmChance), usage + calmRoom))
    }
}
