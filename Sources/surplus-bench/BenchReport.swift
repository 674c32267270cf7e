import Foundation

/// One benchmark's figures, as a table for people or JSON for scripts.
struct BenchReport: Codable {
    /// One measured figure, with the goal it has to reach if there is one.
    struct Figure: Codable {
        var name: String
        var value: Double
        var unit: String
        var goal: Double?
        /// Whether the goal is the most the value may be; otherwise it is the least.
        var isUpperBound = false

        /// Whether the goal is reached; `nil` without one.
        var isReached: Bool? { goal.map { isUpperBound ? value <= $0 : value >= $0 } }
    }

    var schema = 1
    var benchmark: String
    /// What was done, in one line.
    var workload: String
    var figures: [Figure]
    /// What was compared with, if there was something: its version and its settings.
    var peer: [String]?

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    var table: String {
        let width = figures.map(\.name.count).max() ?? 0
        let rows = figures.map { figure in
            let digits = figure.value >= 100 ? 0 : 2
            let value = String(format: "%.\(digits)f", figure.value)
            let goal =
                figure.goal.map {
                    " (goal \(figure.isUpperBound ? "<=" : ">=") \($0): \(figure.isReached == true ? "reached" : "missed"))"
                } ?? ""
            let name = figure.name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
            return "  " + name + String(repeating: " ", count: max(0, 10 - value.count)) + value + " " + figure.unit + goal
        }
        return ([workload] + rows + (peer ?? []).map { "  | " + $0 }).joined(separator: "\n")
    }
}
