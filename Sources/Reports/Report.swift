import FoundationEssentials

/// What a command answers, in the two forms it is read in: text for people, JSON for scripts.
///
/// The JSON form is the value itself: property names in snake case, units as their suffix, times in RFC 3339, what is
/// unknown left out, and `"schema": 1` beside it, which changes when a name or a meaning does.
package protocol Report: Encodable, Sendable {
    /// For people: whole lines.
    func text(on page: Page) -> String
}

extension Report {
    /// For scripts: one object, its keys in order, and a line feed.
    ///
    /// - Parameter compact: on one line, as in a stream of JSON Lines.
    package func json(compact: Bool = false) throws -> String { try jsonText(of: self, compact: compact) }
}

/// What ``Report/json(compact:)`` is, of any object.
func jsonText(of body: some Encodable, compact: Bool) throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if !compact { encoder.outputFormatting.insert(.prettyPrinted) }
    return String(decoding: try encoder.encode(Stamped(body: body)), as: UTF8.self) + "\n"
}

/// An object and the number of the schema it follows.
private struct Stamped<Body: Encodable>: Encodable {
    private enum Key: String, CodingKey { case schema }

    let body: Body

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(1, forKey: .schema)
        try body.encode(to: encoder)
    }
}
