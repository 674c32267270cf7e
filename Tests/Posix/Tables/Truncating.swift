import Glibc

extension RuleTable {
    /// truncate(2), ftruncate(2).
    static let truncating = RuleTable("truncate") { rules in
        let ways: [(String, @Sendable (Scene, Int) throws -> Void)] = [
            ("truncate", { try $0.truncate("f", $1) }),
            ("ftruncate", { try $0.open("f", O_WRONLY).truncate($1) }),
        ]
        for (name, way) in ways {
            for (size, left) in [(0, ""), (1, "t"), (3, "tex"), (4, "text"), (6, "text\0\0"), (5000, "text")] {
                for isWrittenOut in [false, true] {
                    rules("\(name) of 4 bytes to \(size)\(isWrittenOut ? ", written out" : "")") { scene in
                        let file = try scene.file("f", "text")
                        if isWrittenOut { try file.synchronize() }
                        try way(scene, size)
                        try scene.equal(try file.size, size)
                        let bytes = try file.read(6000, at: 0)
                        try scene.equal(bytes, Array(left.utf8) + [UInt8](repeating: 0, count: size - left.utf8.count))
                    }
                }
            }
            for size in [2, 10] {
                rules("\(name) to \(size) bytes modifies and changes the file") { scene in
                    try scene.file("f", "text")
                    try scene.expect(.both, of: "f") { try way(scene, size) }
                }
            }
            rules("\(name): what was cut off does not come back") { scene in
                let file = try scene.file("f", String(repeating: "x", count: 9000))
                for isWrittenOut in [true, false] {
                    if isWrittenOut { try file.synchronize() }
                    try way(scene, 100)
                    try way(scene, 9000)
                    let bytes = try file.read(9000, at: 0)
                    try scene.check(
                        bytes[..<100].allSatisfy { $0 == 0x78 } && bytes[100...].allSatisfy { $0 == 0 }, "zeros follow")
                    try file.write([UInt8](repeating: 0x78, count: 9000), at: 0)
                }
            }
            rules("\(name) does not touch the directory") { scene in
                try scene.file("f", "text")
                try scene.expect(.nothing, of: ".") { try way(scene, 1) }
            }
            rules("\(name) to sizes of many gigabytes takes no room") { scene in
                try scene.file("f", "text")
                try way(scene, 1 << 41)
                try scene.equal(try scene.status("f").st_size, 1 << 41)
                try scene.check(try scene.status("f").st_blocks <= 16, "it is a hole")
            }
            rules.refused(EINVAL, "\(name) to less than nothing") {
                try way($0, -1)
            } given: {
                try $0.file("f")
            }
            rules.refused(EFBIG, "\(name) to more than there can be") {
                try way($0, Int.max)
            } given: {
                try $0.file("f")
            }
            rules("\(name) frees room") { scene in
                let file = try scene.file("f")
                try file.write([UInt8](repeating: 1, count: 1 << 20))
                try file.synchronize()
                try way(scene, 0)
                try scene.equal(try file.status.st_blocks, 0)
            }
            rules("\(name): capabilities of a program fall", by: Rules.root) { scene in
                try scene.file("f", "text", mode: 0o755)
                try scene.setAttribute("f", "security.capability", Self.capability)
                try way(scene, 1)
                try scene.refused(ENODATA) { _ = try scene.attribute("f", "security.capability") }
            }
        }
        addRefusals(rules)
    }

    private static func addRefusals(_ rules: Rules) {
        rules.refused(EISDIR, "of a directory") {
            try $0.truncate("d", 0)
        } given: {
            try $0.mkdir("d")
        }
        for kind in [Kind.pipe, .socket] {
            rules.refused(EINVAL, "of \(kind)") {
                try $0.truncate("f", 0)
            } given: {
                try $0.make(kind, "f")
            }
        }
        rules("without the right to write leaves it: EACCES", by: Rules.user) { scene in
            try scene.file("f", "text", mode: 0o444)
            try scene.expect(.nothing, of: "f") { try scene.refused(EACCES) { try scene.truncate("f", 0) } }
            try scene.equal(try scene.text("f"), "text")
        }
        rules("by root without the right to write", by: Rules.root) { scene in
            try scene.file("f", "text", mode: 0)
            try scene.truncate("f", 1)
            try scene.equal(try scene.text("f"), "t")
        }
        rules.refused([EINVAL, EBADF], "through a descriptor that is open for reading") {
            try $0.open("f", O_RDONLY).truncate(0)
        } given: {
            try $0.file("f")
        }
        rules("through a descriptor when the right to write is gone") { scene in
            let file = try scene.file("f", "text")
            try scene.chmod("f", 0)
            try file.truncate(2)
            try scene.equal(try file.text(), "te")
        }
        rules.refused(EROFS, "on a read-only mount") {
            try $0.truncate(try $0.readOnlyPath("f"), 0)
        } given: {
            try $0.file("f")
        }
        rules("through a link") { scene in
            try scene.make(.symbolicLink, "l")
            try scene.truncate("l", 12)
            try scene.equal(try scene.status("target").st_size, 12)
        }
        rules("ftruncate to the size that it has modifies and changes the file") { scene in
            let file = try scene.file("f", "text")
            try scene.expect(.both, of: "f") { try file.truncate(4) }
        }
        rules("between writes that were not written out") { scene in
            let file = try scene.file("f", "0123456789")
            try file.truncate(5)
            try file.write("AB", at: 7)
            try file.truncate(8)
            try scene.equal(try file.read(20, at: 0), Array("01234\0\0A".utf8))
            try file.synchronize()
            try scene.equal(try scene.open("f", O_RDONLY).read(20), Array("01234\0\0A".utf8))
        }
    }
}
