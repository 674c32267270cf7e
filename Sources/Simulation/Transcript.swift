import Resources

/// What happened in a run, in order.
package struct Transcript: Sendable {
    package struct Line: Hashable, Sendable {
        /// Since the beginning of the run.
        package let at: Microseconds
        /// A node's name, or `pool`.
        package let node: String
        /// One word: the kind of a message, of a fault, or of an event.
        package let kind: String
        package let text: String
    }

    package private(set) var lines: [Line] = []

    mutating func add(_ at: Microseconds, _ node: String, _ kind: String, _ text: String) {
        lines.append(Line(at: at, node: node, kind: kind, text: text))
    }
}

/// A rule that did not hold.
package struct Violation: Hashable, Codable, Sendable {
    package let rule: String
    package let node: String
    /// Since the beginning of the run.
    package let at: Microseconds
    package let seen: String

    package var text: String { "\(rule): \(node) at \(Decimals.seconds(at)) s: \(seen)" }
}

package enum Decimals {
    /// Seconds with three digits.
    package static func seconds(_ span: Microseconds) -> String {
        let milliseconds = span.rawValue / 1000
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
