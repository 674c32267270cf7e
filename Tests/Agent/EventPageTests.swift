import Foundation
import Identity
import Testing

@testable import Agent

@Suite("The page about events")
struct EventPageTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Kinds that are put together from a state.
    private static let composed =
        Member.Status.allCases.map { "member.\($0.rawValue)" }
        + PoolUser.Status.allCases.map { "user.\($0.rawValue)" }
        + ["job.finished", "job.failed", "job.cancelled"]
        + ["throttled", "frozen", "ending", "relieved", "dry-run"].map { "guest.\($0)" }
        + [
            "leads", "deposed", "failed", "copied", "not-copied", "damaged", "replaced", "unreachable", "no-room", "evacuated",
        ].map { "volume.\($0)" }

    /// The kinds that are written out wherever an event is told.
    private static func told() throws -> Set<String> {
        var kinds: Set<String> = []
        for module in ["Agent", "Node"] {
            let folder = repository.appending(path: "Sources/\(module)")
            let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                for place in text.matches(of: #/[.\s]tell\(|kind: /#) {
                    // The kind comes first; a choice of two is as long as this.
                    let piece = text[place.range.upperBound...].prefix(120)
                    for kind in piece.matches(of: #/"([a-z]+\.[a-z-]+)"/#) { kinds.insert(String(kind.1)) }
                }
            }
        }
        return kinds
    }

    /// Those in the table, where `.countered` goes on from the subject before.
    private static func documented() throws -> Set<String> {
        let page = try String(contentsOf: repository.appending(path: "Docs/events.md"), encoding: .utf8)
        var kinds: Set<String> = []
        for line in page.split(separator: "\n") where line.hasPrefix("| `") {
            var subject: Substring = ""
            for word in line.split(separator: "|", maxSplits: 1)[0].matches(of: #/`([a-z]*)\.([a-z-]+)`/#) {
                if !word.1.isEmpty { subject = word.1 }
                kinds.insert("\(subject).\(word.2)")
            }
        }
        return kinds
    }

    @Test("It has every kind of event that is told")
    func kinds() throws {
        let (told, documented) = (try Self.told().union(Self.composed), try Self.documented())
        #expect(told.count > 50)
        #expect(told.subtracting(documented).sorted() == [])
        #expect(documented.subtracting(told).sorted() == [])
    }
}
