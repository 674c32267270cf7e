/// A piece of XML that browsers read as HTML and as SVG too. Text and the values of attributes are escaped as they come in.
struct Markup: Hashable {
    /// As it is written into a file.
    let xml: String

    private init(xml: String) { self.xml = xml }

    /// Plain text.
    init(text: String) { xml = Self.escaped(text) }

    /// An element.
    init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: [Markup] = []) {
        let written = attributes.map { " \($0.key)=\"\(Self.escaped($0.value))\"" }.joined()
        let inside = content.map(\.xml).joined()
        // HTML knows no <p/>: it would take what follows for its content.
        xml = Self.void.contains(name) ? "<\(name)\(written)/>" : "<\(name)\(written)>\(inside)</\(name)>"
        assert(content.isEmpty || !Self.void.contains(name), "<\(name)> has no content")
    }

    /// An element that holds nothing but text.
    init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String) {
        self.init(name, attributes, [Markup(text: text)])
    }

    /// Several pieces one after the other, each on its own line.
    static func lines(_ pieces: [Markup]) -> Markup { Markup(xml: pieces.map(\.xml).joined(separator: "\n")) }

    private static let void: Set = ["meta", "br", "col", "path", "line", "rect", "circle", "polygon"]

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n": result.unicodeScalars.append(scalar)
            // XML has no way of writing these.
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
