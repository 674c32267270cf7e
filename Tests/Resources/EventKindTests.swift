import Foundation
import Resources
import Testing

@Suite("Kinds of events that are known")
struct EventKindTests {
    @Test("They are those that the documentation has, each once")
    func documented() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "Docs/events.md"), encoding: .utf8)
        let section = try #require(text.split(separator: "## Kinds").last?.split(separator: "\n## ").first)
        var documented: [String] = []
        for row in section.split(separator: "\n") where row.hasPrefix("| `") {
            var subject = ""
            for name in row.split(separator: "|")[0].matches(of: #/`([a-z.-]+)`/#) {
                let name = String(name.1)
                if let point = name.firstIndex(of: "."), point != name.startIndex { subject = String(name[..<point]) }
                documented.append(name.hasPrefix(".") ? subject + name : name)
            }
        }
        #expect(Set(documented).count == documented.count)
        #expect(Set(documented) == Set(EventKinds.all), "\(Set(documented).symmetricDifference(EventKinds.all).sorted())")
        #expect(Set(EventKinds.all).count == EventKinds.all.count)
    }

    @Test(
        "A pattern that matches some is right; what one that matches none may have meant is named",
        arguments: [
            ("*", nil), ("lease.*", nil), ("lease.granted", nil), ("disput.*", "did you mean 'dispute.*'?"),
            ("decay", "did you mean 'decay.*'?"), ("lease.grantd", "did you mean 'lease.granted'?"),
            ("granted", "similar are lease.granted"), ("netting.nonsense", "netting.committed"),
            ("volcano.*", "there are agreement.*"),
        ] as [(String, String?)])
    func similar(text: String, hint: String?) throws {
        let fault = EventKinds.fault(of: try #require(EventPattern(text)))
        guard let hint else { return #expect(fault == nil) }
        #expect(fault?.hasPrefix("matches no kind of event; ") == true && fault?.contains(hint) == true, "\(fault ?? "")")
    }
}
