import CCalls
import Glibc

extension RuleTable {
    /// open(2) and its flags.
    static let opening = RuleTable("open") { rules in
        addMaking(rules)
        addTruncation(rules)
        addKinds(rules)
        addModes(rules)
        addAppending(rules)
        addOther(rules)
    }

    private static func addMaking(_ rules: Rules) {
        for mode in [O_RDONLY, O_WRONLY, O_RDWR] {
            rules("making a file without rights: who makes it can use it all the same, mode \(mode)") { scene in
                let file = try scene.open("f", O_CREAT | O_EXCL | mode, 0)
                if mode != O_RDONLY { try file.write("text") } else { try scene.equal(try file.read(4), []) }
                try scene.equal(try scene.permissions("f"), 0)
            }
        }
        rules("O_CREAT on a file that is there opens it as it is") { scene in
            try scene.file("f", "text", mode: 0o640)
            let file = try scene.open("f", O_CREAT | O_RDWR, 0o777)
            try scene.equal(try file.text(), "text")
            try scene.equal(try scene.permissions("f"), 0o640)
        }
        rules.refused(EISDIR, "O_CREAT on a directory") {
            _ = try $0.open("d", O_CREAT | O_WRONLY)
        } given: {
            try $0.mkdir("d")
        }
        rules.refused(EISDIR, "O_CREAT of a name with a slash at its end") { _ = try $0.open("f/", O_CREAT | O_WRONLY) }
        rules("O_CREAT without a change leaves the directory") { scene in
            try scene.file("f")
            try scene.expect(.nothing, of: ".") { _ = try scene.open("f", O_CREAT | O_WRONLY) }
        }
        rules("O_CREAT of somebody else's file keeps its owner", by: Rules.user) { scene in
            try scene.byRoot {
                try scene.file("f")
                try scene.chmod("f", 0o666)
            }
            _ = try scene.open("f", O_CREAT | O_WRONLY)
            try scene.equal(try scene.status("f").st_uid, 0)
        }
    }

    private static func addTruncation(_ rules: Rules) {
        for mode in [O_WRONLY, O_RDWR] {
            rules("O_TRUNC empties the file, mode \(mode)") { scene in
                try scene.file("f", "text")
                _ = try scene.open("f", O_TRUNC | mode)
                try scene.equal(try scene.status("f").st_size, 0)
                try scene.equal(try scene.text("f"), "")
            }
            for text in ["text", ""] {
                rules("O_TRUNC modifies and changes a file of \(text.utf8.count) bytes, mode \(mode)") { scene in
                    try scene.file("f", text)
                    try scene.expect(.both, of: "f") { _ = try scene.open("f", O_TRUNC | mode) }
                }
            }
        }
        rules("O_TRUNC of what was not written out yet") { scene in
            let file = try scene.file("f", "much more text than that")
            _ = try scene.open("f", O_TRUNC | O_WRONLY)
            try file.write("b", at: 3)
            try scene.equal(try file.read(10, at: 0), [0, 0, 0, 0x62])
        }
        rules("O_TRUNC leaves the directory, and the rights") { scene in
            try scene.file("f", "text", mode: 0o600)
            try scene.expect(.nothing, of: ".") { _ = try scene.open("f", O_TRUNC | O_CREAT | O_WRONLY, 0o777) }
            try scene.equal(try scene.permissions("f"), 0o600)
        }
        rules("O_TRUNC without the right to write leaves it: EACCES", by: Rules.user) { scene in
            try scene.file("f", "text", mode: 0o444)
            try scene.refused(EACCES) { _ = try scene.open("f", O_TRUNC | O_WRONLY) }
            try scene.equal(try scene.text("f"), "text")
        }
        rules("who has it open meanwhile finds it empty, and writes where he stood") { scene in
            let file = try scene.file("f", "text")
            _ = try scene.open("f", O_TRUNC | O_WRONLY)
            try scene.equal(try file.read(10, at: 0), [])
            try file.write("x")
            try scene.equal(try file.read(10, at: 0), [0, 0, 0, 0, 0x78])
        }
    }

    private static func addKinds(_ rules: Rules) {
        for kind in Kind.allCases where kind != .directory && kind != .danglingLink {
            rules.refused(ENOTDIR, "O_DIRECTORY of \(kind)", by: kind.makers) {
                _ = try $0.open("f", O_RDONLY | O_DIRECTORY)
            } given: {
                try $0.make(kind, "f")
            }
        }
        rules("O_DIRECTORY of a directory, and of a link to one") { scene in
            try scene.mkdir("d")
            try scene.symlink("d", "l")
            for path in ["d", "l", "."] { _ = try scene.open(path, O_RDONLY | O_DIRECTORY) }
        }
        rules.refused(ELOOP, "O_NOFOLLOW of a link to nothing") {
            _ = try $0.open("l", O_RDONLY | O_NOFOLLOW)
        } given: {
            try $0.symlink("x", "l")
        }
        rules.refused([ELOOP, ENOTDIR], "O_NOFOLLOW of a link to a directory, as a directory") {
            _ = try $0.open("l", O_RDONLY | O_NOFOLLOW | O_DIRECTORY)
        } given: { scene in
            try scene.mkdir("d")
            try scene.symlink("d", "l")
        }
        for (name, flags) in [("O_WRONLY", O_WRONLY), ("O_RDWR", O_RDWR), ("O_WRONLY and O_TRUNC", O_WRONLY | O_TRUNC)] {
            rules.refused(EISDIR, "\(name) of a directory") {
                _ = try $0.open("d", flags)
            } given: {
                try $0.mkdir("d")
            }
        }
        rules.refused(ENXIO, "of a socket") {
            _ = try $0.open("s", O_RDONLY)
        } given: {
            try $0.make(.socket, "s")
        }
        rules.refused(ENXIO, "of a pipe to write that nobody reads, without waiting") {
            _ = try $0.open("p", O_WRONLY | O_NONBLOCK)
        } given: {
            try $0.mkfifo("p")
        }
        rules("of a pipe: what goes in comes out") { scene in
            try scene.mkfifo("p")
            let reader = try scene.open("p", O_RDONLY | O_NONBLOCK)
            let writer = try scene.open("p", O_WRONLY | O_NONBLOCK)
            try writer.write("through")
            try scene.equal(try reader.read(100), Array("through".utf8))
            try scene.equal(try scene.status("p").st_size, 0)
        }
    }

    private static func addModes(_ rules: Rules) {
        rules.refused(EBADF, "read of a file that is open for writing") {
            _ = try $0.open("f", O_WRONLY).read(1)
        } given: {
            try $0.file("f", "text")
        }
        rules.refused(EBADF, "write of a file that is open for reading") {
            try $0.open("f", O_RDONLY).write("x")
        } given: {
            try $0.file("f", "text")
        }
        rules.refused(EISDIR, "read of a directory") { _ = try $0.open(".", O_RDONLY).read(10) }
        rules.refused(EBADF, "read of a file that is open as a path") {
            _ = try $0.open("f", calls_O_PATH).read(1)
        } given: {
            try $0.file("f")
        }
        rules("a file without rights is opened as a path") { scene in
            try scene.file("f", mode: 0)
            try scene.equal(try scene.open("f", calls_O_PATH).status.permissions, 0)
        }
        rules.refused(EROFS, "to write on a read-only mount") {
            _ = try $0.open(try $0.readOnlyPath("f"), O_WRONLY)
        } given: {
            try $0.file("f")
        }
        rules("to read on a read-only mount") { scene in
            try scene.file("f", "text").synchronize()
            try scene.equal(try scene.text(try scene.readOnlyPath("f")), "text")
        }
        rules.refused(EPERM, "O_NOATIME of somebody else's file", by: Rules.user) {
            _ = try $0.open("f", O_RDONLY | calls_O_NOATIME)
        } given: { scene in
            try scene.byRoot { _ = try scene.file("f", "text") }
        }
    }

    private static func addAppending(_ rules: Rules) {
        rules("O_APPEND writes at the end, wherever the file stands") { scene in
            try scene.file("f", "one ")
            let file = try scene.open("f", O_RDWR | O_APPEND)
            try file.write("two ")
            try file.seek(0, SEEK_SET)
            try file.write("three")
            try scene.equal(try file.text(), "one two three")
            try scene.equal(try file.seek(0, SEEK_CUR), 13)
        }
        rules("O_APPEND: what others write meanwhile is not written over") { scene in
            let one = try scene.open("f", O_CREAT | O_WRONLY | O_APPEND)
            let other = try scene.open("f", O_WRONLY | O_APPEND)
            let third = try scene.open("f", O_RDWR)
            for _ in 0..<3 {
                try one.write("1")
                try other.write("22")
            }
            try third.write("X", at: 0)
            try one.write("1")
            try scene.equal(try third.text(), "X221221221")
        }
        rules("O_APPEND: pwrite writes at the end too") { scene in
            try scene.file("f", "text")
            let file = try scene.open("f", O_RDWR | O_APPEND)
            try file.write("+", at: 0)
            try scene.equal(try file.text(), "text+")
        }
        rules("O_APPEND after the file was truncated") { scene in
            try scene.file("f", "text")
            let file = try scene.open("f", O_RDWR | O_APPEND)
            try file.truncate(1)
            try file.write("x")
            try scene.equal(try file.text(), "tx")
            try scene.truncate("f", 0)
            try file.write("y")
            try scene.equal(try file.text(), "y")
        }
        rules("O_APPEND with O_TRUNC") { scene in
            try scene.file("f", "text")
            let file = try scene.open("f", O_RDWR | O_APPEND | O_TRUNC)
            try file.write("a")
            try file.write("b")
            try scene.equal(try file.text(), "ab")
        }
        rules("O_APPEND set on an open file") { scene in
            let file = try scene.file("f", "text")
            try file.seek(0, SEEK_SET)
            try sys("fcntl") { fcntl(file.descriptor, F_SETFL, O_APPEND) }
            try file.write("+")
            try scene.equal(try file.text(), "text+")
        }
        rules("O_APPEND: a large write is in one piece") { scene in
            try scene.file("f", "head")
            let file = try scene.open("f", O_RDWR | O_APPEND)
            let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 % 251) }
            try scene.equal(try file.write(bytes), bytes.count)
            try scene.equal(try file.size, bytes.count + 4)
            try scene.check(try file.read(bytes.count, at: 4) == bytes, "it is read as it was written")
        }
    }

    private static func addOther(_ rules: Rules) {
        rules.refused(EOPNOTSUPP, "O_TMPFILE, which FUSE does not offer", on: .volume) {
            _ = try $0.open(".", calls_O_TMPFILE | O_RDWR)
        }
        rules("O_DIRECT writes and reads what is aligned") { scene in
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 4096)
            defer { memory.deallocate() }
            memory.initializeMemory(as: UInt8.self, repeating: 7)
            let file = try scene.open("f", O_CREAT | O_RDWR | calls_O_DIRECT)
            try scene.equal(try sys("pwrite") { pwrite(file.descriptor, memory.baseAddress, 8192, 0) }, 8192)
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            try scene.equal(try sys("pread") { pread(file.descriptor, memory.baseAddress, 8192, 4096) }, 4096)
            try scene.check(memory.prefix(4096).allSatisfy { $0 == 7 }, "it is read as it was written")
            try scene.check(try scene.open("f", O_RDONLY).read(8192) == [UInt8](repeating: 7, count: 8192), "others read it")
        }
        rules("O_DIRECT and the cache see each other's writes") { scene in
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 4096)
            defer { memory.deallocate() }
            let cached = try scene.file("f", String(repeating: "a", count: 4096))
            let direct = try scene.open("f", O_RDWR | calls_O_DIRECT)
            try sys("pread") { pread(direct.descriptor, memory.baseAddress, 4096, 0) }
            try scene.equal(memory[0], 0x61)
            memory.initializeMemory(as: UInt8.self, repeating: 0x62)
            try sys("pwrite") { pwrite(direct.descriptor, memory.baseAddress, 4096, 0) }
            try scene.equal(try cached.read(2, at: 0), [0x62, 0x62])
        }
        for (name, flag) in [("O_SYNC", O_SYNC), ("O_DSYNC", O_DSYNC)] {
            rules("\(name): what is written is read by others") { scene in
                let file = try scene.open("f", O_CREAT | O_WRONLY | flag)
                try file.write("text")
                try scene.equal(try scene.text("f"), "text")
            }
        }
        rules("a hundred descriptors of one file stand each for itself") { scene in
            try scene.file("f", String((0..<100).map { Character(UnicodeScalar(UInt8(32 + $0 % 90))) }))
            let files = try (0..<100).map { _ in try scene.open("f", O_RDONLY) }
            for (place, file) in files.enumerated() { try file.seek(place, SEEK_SET) }
            for (place, file) in files.enumerated() { try scene.equal(try file.read(1), [UInt8(32 + place % 90)]) }
        }
    }
}
