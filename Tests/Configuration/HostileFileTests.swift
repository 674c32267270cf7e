import Configuration
import Foundation
import Resources
import Testing

@Suite("Hostile files")
struct HostileFileTests {
    func fault(_ text: String) -> String? { fault(Array(text.utf8)) }

    func fault(_ bytes: [UInt8]) -> String? {
        #expect(throws: ConfigurationError.self) { try PolicyFile(bytes: bytes, file: "p.yaml") }?.description
    }

    @Test("An empty file, one of comments and one without a value are refused", arguments: ["", "\n\n", "# nothing\n", "---\n"])
    func empty(_ text: String) {
        #expect(fault(text)?.hasPrefix("p.yaml") == true)
    }

    @Test("Aliases and anchors are refused before anything is expanded")
    func aliases() {
        #expect(fault("name: &a b\nlend: nothing\n")?.contains("has an anchor") == true)
        let laughs = (1...9).reduce("a0: &a0 [lol]\n") { text, level in
            text + "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 3).joined(separator: ",") + "]\n"
        }
        #expect(fault(laughs)?.contains("has an anchor") == true)
    }

    @Test("A star within a text or in quotes is no alias, however many there are")
    func stars() throws {
        let groups = (0..<100).map { "  group\($0): [user\($0)@*, 'anna@*', \"berta@*\"]" }
        let policy = "name: stars\ngroups:\n\(groups.joined(separator: "\n"))\nlend: nothing\n"
        #expect(try PolicyFile(bytes: Array(policy.utf8), file: "stars.yaml").policy.limits.groups.count == 100)
    }

    @Test("Aliases as keys of keys, which take exponential time to compare, are refused at once")
    func aliasKeys() {
        let bomb = (1...40).reduce("? &a0 {x: y}\n: 0\n") { text, level in
            text + "? &a\(level) {*a\(level - 1) : 1, [*a\(level - 1), 1] : 2}\n: 0\n"
        }
        #expect(fault(bomb)?.contains("aliases are not understood") == true)
        let mostAllowed = (1...10).reduce("? &a0 {x: y}\n: 0\n") { text, level in
            text + "? &a\(level) {*a\(level - 1) : 1, [*a\(level - 1), *a\(level - 1)] : 2}\n: 0\n"
        }
        #expect(fault(mostAllowed) != nil)
    }

    @Test("Deep nesting is refused, however deep", arguments: [33, 900, 5000, 400_000])
    func depth(_ levels: Int) {
        #expect(fault("name: " + String(repeating: "[", count: levels)) != nil)
        let closed = "name: " + String(repeating: "[", count: levels) + String(repeating: "]", count: levels) + "\n"
        #expect(fault(closed)?.contains("is nested deeper than 32 levels") == true)
        #expect(fault(String(repeating: "- ", count: levels) + "a\n") != nil)
    }

    @Test("A second document is refused where it begins")
    func twoDocuments() {
        #expect(fault("name: a\nlend: nothing\n---\nname: b\n") == "p.yaml:3:1: a second document begins here; keep one")
    }

    @Test("Tabs for indentation are named as such")
    func tabs() {
        let message = fault("name: a\nlend:\n\tcpu: 1\n")
        #expect(message?.hasPrefix("p.yaml:3:1: a tab is used for indentation; use spaces") == true)
    }

    @Test("NUL bytes and other control characters are refused with their place, raw and escaped")
    func controlCharacters() {
        #expect(fault("name: a\0b\n") == "p.yaml:1:8: contains the control character U+0; remove it")
        #expect(fault("name: a\nlend: \u{1b}[31m\n") == "p.yaml:2:7: contains the control character U+1B; remove it")
        #expect(fault("name: \"a\\0b\"\nlend: nothing\n") == "p.yaml:1:7: contains a control character; remove it")
    }

    @Test("Bytes that are not UTF-8 are refused, UTF-16 too")
    func encodings() {
        #expect(fault(Array("name: ".utf8) + [0xff, 0x0a])?.contains("is not UTF-8 text") == true)
        #expect(fault([0xff, 0xfe, 0x61, 0x00])?.contains("is not UTF-8 text") == true)
    }

    @Test("A byte order mark in front is harmless")
    func byteOrderMark() throws {
        let text = "name: a\nlend: nothing\n"
        #expect(try PolicyFile(bytes: [0xef, 0xbb, 0xbf] + Array(text.utf8), file: "p.yaml").policy.name == "a")
    }

    @Test("Broken syntax is refused with its place", arguments: ["a: [", "a: 'x", "}", "a: b: c", "%FOO", "a: !<", "? ? ?", "&"])
    func syntax(_ text: String) {
        #expect(fault(text)?.hasPrefix("p.yaml:") == true)
    }

    @Test("Random bytes and mutations of a good file never do worse than an error")
    func fuzz() throws {
        var random = SeededGenerator(seed: 11)
        let good = Array("name: a\nlend:\n  cpu: {threshold: 80%, share: 75%, price: 1 credit}\n  to: [a, \"b\", 'c']\n".utf8)
        let alphabet = Array("\n \t-:?,[]{}#&*!|>'\"%@`~a0\\x\u{0}\u{ff}".utf8)
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let byte = alphabet.randomElement(using: &random) ?? 0
                if random.chance(.percent(50)) { bytes[place] = byte } else { bytes.insert(byte, at: place) }
            }
            do throws(ConfigurationError) {
                _ = try PolicyFile(bytes: bytes, file: "p.yaml")
            } catch {
                #expect(error.description.hasPrefix("p.yaml") && error.description.utf8.count < 500)
            }
        }
    }

    // MARK: Files

    private func inScratchDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "surplus-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory)
    }

    private func fault(loading path: String) -> String? {
        #expect(throws: ConfigurationError.self) { try PolicyFile.load(path: path) }?.description
    }

    @Test("A missing file, a directory and a device are refused by name")
    func notFiles() throws {
        try inScratchDirectory { directory in
            #expect(
                fault(loading: directory + "/none.yaml")?.hasSuffix("none.yaml: failed to open: No such file or directory")
                    == true)
            #expect(fault(loading: directory) == "\(directory): is not a regular file")
            #expect(fault(loading: "/dev/zero") == "/dev/zero: is not a regular file")
            #expect(fault(loading: "") != nil)
        }
    }

    @Test("A named pipe is refused without waiting for its writer")
    func pipe() throws {
        try inScratchDirectory { directory in
            #expect(mkfifo(directory + "/pipe", 0o600) == 0)
            #expect(fault(loading: directory + "/pipe") == "\(directory)/pipe: is not a regular file")
        }
    }

    @Test("A file above the limit is refused")
    func large() throws {
        try inScratchDirectory { directory in
            let path = directory + "/large.yaml"
            #expect(FileManager.default.createFile(atPath: path, contents: Data(repeating: 0x23, count: 1 << 20 + 1)))
            #expect(fault(loading: path) == "\(path): is larger than 1 MiB")
        }
    }
}
