import Glibc

extension RuleTable {
    /// Names are bytes: all but NUL and the slash.
    static let names = RuleTable("names") { rules in
        for byte in UInt8.min ... .max where byte != 0 && byte != UInt8(ascii: "/") {
            rules("the byte \(byte): made, listed, removed", by: byte < 128 ? Rules.user : Rules.root) { scene in
                let path = [UInt8(ascii: "n"), byte, 0].map { CChar(bitPattern: $0) }
                try sys("mkdir") { mkdir(path, 0o755) }
                try scene.equal(try listed(), [[UInt8(ascii: "n"), byte]])
                try sys("rmdir") { rmdir(path) }
            }
        }
        let names: [(String, [UInt8])] = [
            ("three dots", Array("...".utf8)), ("a dot before it", Array(".hidden".utf8)), ("a blank", Array(" ".utf8)),
            ("a blank after it", Array("a ".utf8)), ("a line feed", Array("a\nb".utf8)), ("a dash", Array("-rf".utf8)),
            ("quotes", Array("'\"`".utf8)), ("a backslash", Array("a\\b".utf8)), ("letters with dots", Array("äöü".utf8)),
            ("letters that are put together", Array("a\u{308}".utf8)), ("an emoji", Array("🦆".utf8)),
            ("bytes that are no UTF-8", [0xFF, 0xFE, 0x80]), ("half of a letter", [0xC3]),
            ("a letter that is written too long", [0xC0, 0xAF]), ("half of a pair", [0xED, 0xA0, 0x80]),
            ("255 bytes", [UInt8](repeating: 0x61, count: 255)),
            ("255 bytes that are no UTF-8", [UInt8](repeating: 0xFF, count: 255)),
        ]
        for (name, bytes) in names { add(name, bytes, rules, by: Rules.both) }
        rules("names differ in the case of letters, and in how letters are put together") { scene in
            for name in ["name", "Name", "NAME", "ä", "a\u{308}"] { try scene.file(name) }
            try scene.equal(try scene.names(".").count, 5)
        }
        rules.refused(ENAMETOOLONG, "256 bytes in 86 letters") {
            try $0.mkdir(String(repeating: "界", count: 85) + "a" + "b".prefix(1))
        }
    }

    /// Everything that is done with a name is done with this one.
    private static func add(_ name: String, _ bytes: [UInt8], _ rules: Rules, by accounts: [Account]) {
        rules("\(name): made, found, listed, linked, renamed, removed", by: accounts) { scene in
            let path = bytes.map { CChar(bitPattern: $0) } + [0]
            let file = try sys("open") { open(path, O_CREAT | O_EXCL | O_WRONLY, 0o644) }
            close(file)
            var status = stat()
            try sys("lstat") { lstat(path, &status) }
            try scene.equal(try listed(), [bytes])
            try sys("link") { link(path, "other") }
            try sys("unlink") { unlink(path) }
            try sys("rename") { rename("other", path) }
            try scene.equal(try listed(), [bytes])
            try sys("unlink") { unlink(path) }
            try sys("symlink") { symlink(path, path) }
            try scene.equal(try target(of: path), bytes)
            try sys("unlink") { unlink(path) }
            try sys("mkdir") { mkdir(path, 0o755) }
            try scene.equal(try listed(), [bytes])
            try sys("rmdir") { rmdir(path) }
        }
    }

    private static func listed() throws -> [[UInt8]] {
        let directory = try OpenDirectory(".")
        var names: [[UInt8]] = []
        while let entry = directory.next() { names.append(entry.name) }
        return names.filter { $0 != [0x2E] && $0 != [0x2E, 0x2E] }
    }

    private static func target(of path: [CChar]) throws -> [UInt8] {
        var bytes = [CChar](repeating: 0, count: 500)
        let count = try sys("readlink") { readlink(path, &bytes, bytes.count) }
        return bytes[..<count].map { UInt8(bitPattern: $0) }
    }
}
