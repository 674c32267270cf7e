/// Which kinds of events are meant: one kind (`lease.granted`), all of a subject (`lease.*`), or all there are (`*`).
package struct EventPattern: Hashable, Codable, Sendable, CustomStringConvertible {
    package let description: String
    /// What a kind begins with; `nil` where the description is the whole kind.
    private let prefix: String?

    /// Reads a pattern; `nil` for what can match nothing: a kind is words of lower-case letters and hyphens between dots.
    package init?(_ text: String) {
        let isOpen = text == "*" || text.hasSuffix(".*")
        let stem = isOpen ? text.dropLast() : text[...]
        let words = (isOpen ? stem.dropLast(stem.isEmpty ? 0 : 1) : stem).split(separator: ".", omittingEmptySubsequences: false)
        let isKind = words.allSatisfy { word in
            !word.isEmpty && word.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2D }
        }
        guard text.utf8.count <= 64, text == "*" || isKind else { return nil }
        description = text
        prefix = isOpen ? String(stem) : nil
    }

    package func matches(_ kind: String) -> Bool { prefix.map(kind.hasPrefix) ?? (kind == description) }
}
