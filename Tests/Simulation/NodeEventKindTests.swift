import Foundation
import Resources
import Testing

@Suite("Kinds of events")
struct NodeEventKindTests {
    @Test("Those to come through are those that the decision code tells")
    func all() throws {
        let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = repository.appending(path: "Sources/Node")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var kinds: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for place in text.matches(of: #/(step\.|\s)tell\(/#) {
                // the kind comes first; a choice of two is as long as this
                let piece = text[place.range.upperBound...].prefix(120)
                for kind in piece.matches(of: #/"([a-z]+\.[a-z-]+)"/#) { kinds.insert(String(kind.1)) }
            }
        }
        #expect(Set(EventKinds.decided) == kinds)
    }
}
