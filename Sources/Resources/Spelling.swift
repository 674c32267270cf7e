/// Guesses which of the known words was meant.
package enum Spelling {
    /// The known word nearest to `word`, if one is near enough to be a slip of the fingers.
    package static func nearest(to word: String, among known: [String]) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let tolerance = max(1, word.count / 3)
        let ranked = known.map { (distance: distance(word.lowercased(), $0), word: $0) }
        return ranked.filter { $0.distance <= tolerance }.min { $0.distance < $1.distance }?.word
    }

    /// `; did you mean 'threshold'?`, or what there is to choose from.
    package static func hint(for word: String, among known: [String]) -> String {
        if let nearest = nearest(to: word, among: known) { return "; did you mean '\(nearest)'?" }
        return "; known are \(known.sorted().joined(separator: ", "))"
    }

    /// The number of insertions, deletions, substitutions and swaps of neighbours that make one word of the other
    /// (Damerau 1964, in the form that edits no part of a word twice).
    package static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
