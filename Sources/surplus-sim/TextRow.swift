import Resources

/// One line of a table in columns of fixed width: a name, and cells that end below each other.
struct TextRow {
    let nameWidth: Int
    let cellWidth: Int

    func line(_ name: String, _ cells: [String]) -> String {
        let padded = cells.map { String(repeating: " ", count: max(0, cellWidth - $0.count)) + $0 }
        return name + String(repeating: " ", count: max(0, nameWidth - name.count)) + padded.joined()
    }
}

extension PartsPerMillion {
    /// In percent, for people and JSON.
    var percent: Double { Double(rawValue) / 10_000 }
}
