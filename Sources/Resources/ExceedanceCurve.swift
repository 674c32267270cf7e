/// How likely it is that something measured as a share of a capacity will lie above each of some levels: a survival function in
/// whole numbers, which is what a forecast comes to.
package struct ExceedanceCurve: Hashable, Codable, Sendable {
    /// Ascending.
    package let levels: [BasisPoints]
    /// For each level, and never ascending.
    package let chances: [PartsPerMillion]

    /// - Parameter chances: where one is greater than that of a lower level, it counts as that of the lower level.
    /// - Precondition: there are as many chances as levels, and the levels ascend.
    package init(levels: [BasisPoints], chances: [PartsPerMillion]) {
        precondition(levels.count == chances.count, "\(levels.count) levels with \(chances.count) chances")
        precondition(zip(levels, levels.dropFirst()).allSatisfy(<), "levels do not ascend")
        self.levels = levels
        var falling = chances
        for index in falling.indices.dropFirst() { falling[index] = min(falling[index], falling[index - 1]) }
        self.chances = falling
    }

    /// The chance to lie above `level`: that of the highest level not above it, so never too small; certainty below all levels.
    package func chance(above level: BasisPoints) -> PartsPerMillion {
        var (low, high) = (0, levels.count)
        while low < high {
            let middle = (low + high) / 2
            if levels[middle] > level { high = middle } else { low = middle + 1 }
        }
        return low == 0 ? .whole : chances[low - 1]
    }

    /// The lowest level that is exceeded with at most `chance`; `nil` when there is none.
    package func level(exceededWith chance: PartsPerMillion) -> BasisPoints? {
        chances.firstIndex { $0 <= chance }.map { levels[$0] }
    }
}
