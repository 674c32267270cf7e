import Foundation
import Testing

@testable import surplus_sim

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What a reader of XML finds in a file; `nil` for what is not well-formed.
final class ParsedMarkup: NSObject, XMLParserDelegate {
    struct Element {
        let name: String
        let attributes: [String: String]
        var text = ""
    }

    /// In the order in which they begin; text of what is inside them is theirs too.
    private(set) var elements: [Element] = []
    private var open: [Int] = []

    init?(_ xml: String) {
        super.init()
        let parser = XMLParser(data: Data(xml.utf8))
        parser.delegate = self
        guard parser.parse() else { return nil }
    }

    /// Of a plot, which has to be there.
    static func of(_ plot: Markup?) throws -> ParsedMarkup {
        let plot = try #require(plot)
        return try #require(ParsedMarkup(plot.xml))
    }

    func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }
    func texts(_ name: String) -> [String] { all(name).map(\.text) }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append(elements.count)
        elements.append(Element(name: name, attributes: attributes))
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) { for index in open { elements[index].text += text } }
}
