/// Pieces of a page in HTML.
enum Markup {
    /// Text as it is read, whatever is in it: names come from other machines.
    static func text(_ text: String) -> String {
        text.printable.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }

    /// - Parameter attributes: as they stand in the tag, such as `class="x"`.
    static func element(_ name: String, _ attributes: String, _ content: String) -> String {
        "<\([name, attributes].filter { !$0.isEmpty }.joined(separator: " "))>\(content)</\(name)>"
    }

    /// - Parameters:
    ///   - headings: with the class of each column.
    ///   - rows: cells that are markup already.
    static func table(_ headings: [(title: String, style: String)], _ rows: [[String]], caption: String) -> String {
        func row(_ name: String, _ attributes: String, _ contents: [String]) -> String {
            let cells = zip(headings, contents).map { heading, content in
                element(
                    name,
                    [attributes, heading.style.isEmpty ? "" : "class=\"\(heading.style)\""].filter { !$0.isEmpty }.joined(
                        separator: " "), content)
            }
            return element("tr", "", cells.joined())
        }
        let head = row("th", "scope=\"col\"", headings.map { text($0.title) })
        let body = rows.map { row("td", "", $0) }.joined(separator: "\n")
        return """
            <div class="scroll"><table><caption class="hidden">\(text(caption))</caption>
            <thead>\(head)</thead>
            <tbody>
            \(body)
            </tbody></table></div>

            """
    }
}
