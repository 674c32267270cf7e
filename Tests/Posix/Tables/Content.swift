import CCalls
import Glibc

extension RuleTable {
    /// read(2), write(2), pread(2), pwrite(2), lseek(2), fsync(2).
    static let content = RuleTable("content") { rules in
        addPlaces(rules)
        addSizes(rules)
        addTimes(rules)
        addSeeking(rules)
        addVectors(rules)
        addSetID(rules)
    }

    private static func addPlaces(_ rules: Rules) {
        rules("write goes on where the last one ended") { scene in
            let file = try scene.file("f")
            for part in ["one", "two", "three"] { try scene.equal(try file.write(part), part.utf8.count) }
            try scene.equal(try file.text(), "onetwothree")
            try scene.equal(try file.seek(0, SEEK_CUR), 11)
        }
        rules("read goes on where the last one ended, and ends with nothing") { scene in
            try scene.file("f", "abcdef")
            let file = try scene.open("f", O_RDONLY)
            for part in ["ab", "cd", "ef", "", ""] { try scene.equal(try file.read(2), Array(part.utf8)) }
        }
        rules("pread and pwrite leave where the file stands") { scene in
            let file = try scene.file("f", "abcdef")
            try file.seek(2, SEEK_SET)
            try file.write("XY", at: 4)
            try scene.equal(try file.read(2, at: 0), Array("ab".utf8))
            try scene.equal(try file.read(10), Array("cdXY".utf8))
        }
        rules("read past the end finds nothing; across the end what there is") { scene in
            let file = try scene.file("f", "abc")
            try scene.equal(try file.read(5, at: 3), [])
            try scene.equal(try file.read(5, at: 1000), [])
            try scene.equal(try file.read(5, at: 2), [0x63])
        }
        rules("write past the end leaves zeros between") { scene in
            let file = try scene.file("f", "a")
            try file.write("b", at: 10_000)
            try scene.equal(try file.size, 10_001)
            try scene.equal(try file.read(3, at: 0), [0x61, 0, 0])
            try scene.equal(try file.read(3, at: 9998), [0, 0, 0x62])
            try scene.check(try file.read(9999, at: 1).dropLast(1).allSatisfy { $0 == 0 }, "zeros are between")
        }
        for offset in [4095, 4096, 65_535, 131_072, 1_048_575, 4_194_303, 4_194_304] {
            rules("a write across offset \(offset) is read as it was written") { scene in
                let file = try scene.file("f")
                let bytes = (0..<9000).map { UInt8(truncatingIfNeeded: $0 &* 7 + 1) }
                try file.write(bytes, at: max(0, offset - 4000))
                try scene.check(try file.read(9000, at: max(0, offset - 4000)) == bytes, "before it is written out")
                try file.synchronize()
                try scene.check(
                    try scene.open("f", O_RDONLY).read(9000, at: max(0, offset - 4000)) == bytes, "after it was written out")
            }
        }
        rules("writes over one another: the last one counts") { scene in
            let writes = [(10, "bbbbbbbbbb"), (15, "cccccccccc"), (5, "dddddddd"), (12, "e"), (99, "ff")]
            let file = try scene.file("f", String(repeating: "a", count: 100))
            var plain = [UInt8](repeating: 0x61, count: 101)
            for (offset, text) in writes {
                try file.write(text, at: offset)
                if offset == 15 { try file.synchronize() }
                plain.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
            }
            try scene.equal(try file.read(200, at: 0), plain)
        }
    }

    private static func addSizes(_ rules: Rules) {
        for size in [0, 1, 511, 4096, 4097, 65_536, 1_048_576, 1_048_577, 5_000_000] {
            rules("a file of \(size) bytes in one write") { scene in
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
                try scene.equal(try scene.file("f").write(bytes), size)
                let file = try scene.open("f", O_RDONLY)
                try scene.equal(try file.size, size)
                try scene.check(try file.read(size + 1) == bytes, "it is read as it was written")
            }
        }
        for offset in [1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40] {
            rules("a byte at offset \(offset)") { scene in
                let file = try scene.file("f")
                try file.write("x", at: offset)
                try scene.equal(try file.size, offset + 1)
                try scene.equal(try file.read(2, at: offset), [0x78])
                try scene.equal(try file.read(2, at: offset - 2), [0, 0])
            }
        }
        rules.refused(EFBIG, "a write beyond the largest file", on: .volume) {
            try $0.open("f", O_WRONLY).write("x", at: 1 << 60)
        } given: {
            try $0.file("f")
        }
        rules.refused(EINVAL, "a write beyond the largest offset") {
            try $0.open("f", O_WRONLY).write("x", at: Int.max)
        } given: {
            try $0.file("f")
        }
        rules.refused(EINVAL, "a write before the beginning") {
            try $0.open("f", O_WRONLY).write("x", at: -1)
        } given: {
            try $0.file("f")
        }
        rules.refused(EINVAL, "a read before the beginning") {
            _ = try $0.open("f", O_RDONLY).read(1, at: -1)
        } given: {
            try $0.file("f")
        }
        rules("holes take no room, what is written does") { scene in
            let file = try scene.file("f")
            try file.truncate(10 << 20)
            try scene.equal(try file.status.st_blocks, 0)
            try file.write([UInt8](repeating: 1, count: 65_536), at: 1 << 20)
            try file.synchronize()
            let blocks = try file.status.st_blocks
            try scene.check((128...256).contains(blocks), "\(blocks) blocks are about 64 KiB")
        }
        rules("what was written takes room at once") { scene in
            let file = try scene.file("f", String(repeating: "x", count: 10_000))
            try scene.check(try file.status.st_blocks > 0, "it has blocks")
        }
        rules("a write of nothing does nothing") { scene in
            let file = try scene.file("f", "text")
            try scene.expect(.nothing, of: "f") { try scene.equal(try file.write([]), 0) }
            try scene.equal(try file.size, 4)
        }
    }

    private static func addTimes(_ rules: Rules) {
        rules("write modifies and changes the file") { scene in
            let file = try scene.file("f", "text")
            try scene.expect(.both, of: "f") { try file.write("more") }
        }
        rules("write over what is there modifies and changes the file") { scene in
            let file = try scene.file("f", "text")
            try file.synchronize()
            try scene.expect(.both, of: "f") { try file.write("TEXT", at: 0) }
        }
        rules("read leaves the time of access, as on a mount with noatime", on: .volume) { scene in
            let file = try scene.file("f", "text")
            let before = try file.status.accessed
            try scene.later()
            _ = try scene.text("f")
            _ = try scene.names(".")
            try scene.equal(try file.status.accessed, before)
        }
        rules("read neither modifies nor changes the file") { scene in
            let file = try scene.file("f", "text")
            try scene.expect(.nothing, of: "f") { _ = try file.text() }
        }
        rules("opening and closing neither modify nor change the file") { scene in
            try scene.file("f", "text")
            for flags in [O_RDONLY, O_WRONLY, O_RDWR] {
                try scene.expect(.nothing, of: "f") { _ = try scene.open("f", flags) }
            }
        }
        rules("writing out neither modifies nor changes the file") { scene in
            let file = try scene.file("f", "text")
            try scene.expect(.nothing, of: "f") { try file.synchronize() }
        }
        rules("the times of a write are seen by the descriptor at once") { scene in
            let file = try scene.file("f", "text")
            let before = try file.status
            try scene.later()
            try file.write("more")
            let after = try file.status
            try scene.check(before.modified < after.modified && before.changed < after.changed, "both are later")
        }
        rules("write does not touch the directory") { scene in
            let file = try scene.file("f", "text")
            try scene.expect(.nothing, of: ".") {
                try file.write("more")
                try file.synchronize()
            }
        }
        rules("what is written later is modified later") { scene in
            let (one, other) = (try scene.file("a", "x"), try scene.file("b", "x"))
            try one.write("1")
            try scene.later()
            try other.write("2")
            try scene.later()
            try scene.file("c")
            let times = try ["a", "b", "c"].map { try scene.status($0).modified }
            try scene.check(times[0] < times[1] && times[1] < times[2], "\(times) ascend")
            try one.synchronize()
            try scene.equal(try ["a", "b", "c"].map { try scene.status($0).modified }, times, "the times after writing out")
        }
    }

    private static func addSeeking(_ rules: Rules) {
        rules("lseek from the beginning, from where it stands, and from the end") { scene in
            let file = try scene.file("f", "0123456789")
            try scene.equal(try file.seek(3, SEEK_SET), 3)
            try scene.equal(try file.seek(2, SEEK_CUR), 5)
            try scene.equal(try file.seek(-4, SEEK_END), 6)
            try scene.equal(try file.read(2), Array("67".utf8))
            try scene.equal(try file.seek(100, SEEK_END), 110)
            try scene.equal(try file.read(2), [])
        }
        rules.refused(EINVAL, "lseek before the beginning") {
            try $0.open("f", O_RDONLY).seek(-1, SEEK_SET)
        } given: {
            try $0.file("f")
        }
        rules.refused(EINVAL, "lseek as there is not") {
            try $0.open("f", O_RDONLY).seek(0, 99)
        } given: {
            try $0.file("f")
        }
        rules.refused(ESPIPE, "lseek of a pipe") {
            try $0.open("p", O_RDONLY | O_NONBLOCK).seek(0, SEEK_SET)
        } given: {
            try $0.mkfifo("p")
        }
        rules("lseek past the end makes a file no longer") { scene in
            let file = try scene.file("f", "abc")
            try file.seek(100, SEEK_SET)
            try scene.equal(try file.size, 3)
        }
        rules("data and holes are found") { scene in
            let file = try scene.file("f")
            try file.truncate(4 << 20)
            try file.write([UInt8](repeating: 1, count: 65_536), at: 1 << 20)
            try file.write([UInt8](repeating: 1, count: 65_536), at: 3 << 20)
            try scene.equal(try file.seek(0, OpenFile.data), 1 << 20)
            try scene.equal(try file.seek(0, OpenFile.hole), 0)
            try scene.equal(try file.seek(1 << 20, OpenFile.hole), 1 << 20 | 65_536)
            try scene.equal(try file.seek(2 << 20, OpenFile.data), 3 << 20)
            try scene.equal(try file.seek(3 << 20 | 65_536, OpenFile.hole), 3 << 20 | 65_536)
            try scene.refused(ENXIO) { try file.seek(3 << 20 | 65_536, OpenFile.data) }
            try scene.refused(ENXIO) { try file.seek(4 << 20, OpenFile.hole) }
        }
        rules("a file without holes has one at its end") { scene in
            let file = try scene.file("f", "text")
            try scene.equal(try file.seek(0, OpenFile.data), 0)
            try scene.equal(try file.seek(0, OpenFile.hole), 4)
            try scene.equal(try file.seek(2, OpenFile.hole), 4)
            try scene.refused(ENXIO) { try file.seek(4, OpenFile.data) }
        }
        rules("an empty file has neither data nor holes: ENXIO") { scene in
            let file = try scene.file("f")
            try scene.refused(ENXIO) { try file.seek(0, OpenFile.data) }
            try scene.refused(ENXIO) { try file.seek(0, OpenFile.hole) }
        }
    }

    private static func addVectors(_ rules: Rules) {
        rules("writev and readv put parts together") { scene in
            let file = try scene.file("f")
            var (one, other) = (Array("one,".utf8), Array("other".utf8))
            let written = one.withUnsafeMutableBytes { one in
                other.withUnsafeMutableBytes { other in
                    var parts = [
                        iovec(iov_base: one.baseAddress, iov_len: one.count),
                        iovec(iov_base: other.baseAddress, iov_len: other.count),
                    ]
                    return writev(file.descriptor, &parts, 2)
                }
            }
            try scene.equal(written, 9)
            try scene.equal(try file.text(), "one,other")
        }
        rules("copy_file_range copies a part") { scene in
            let from = try scene.file("a", "0123456789")
            let to = try scene.file("b", "----------")
            try scene.equal(try sys("copy") { calls_copy_file_range(from.descriptor, 2, to.descriptor, 4, 5) }, 5)
            try scene.equal(try to.text(), "----23456-")
        }
        rules("sendfile reads a file into another") { scene in
            let from = try scene.file("a", "0123456789")
            let to = try scene.file("b")
            var offset: off_t = 3
            try scene.equal(try sys("sendfile") { sendfile(to.descriptor, from.descriptor, &offset, 100) }, 7)
            try scene.equal(try to.text(), "3456789")
        }
        rules("fsync and fdatasync of files and directories succeed") { scene in
            let file = try scene.file("f", "text")
            try sys("fdatasync") { fdatasync(file.descriptor) }
            try sys("fsync") { fsync(file.descriptor) }
            let directory = try scene.open(".", O_RDONLY | O_DIRECTORY)
            try sys("fsync") { fsync(directory.descriptor) }
            try sys("fdatasync") { fdatasync(directory.descriptor) }
        }
    }

    private static func addSetID(_ rules: Rules) {
        let ways: [(String, @Sendable (Scene) throws -> Void)] = [
            ("write", { try $0.open("f", O_WRONLY).write("x") }),
            ("append", { try $0.open("f", O_WRONLY | O_APPEND).write("x") }),
            ("truncate", { try $0.truncate("f", 1) }),
            ("ftruncate", { try $0.open("f", O_WRONLY).truncate(2) }),
            ("O_TRUNC", { _ = try $0.open("f", O_WRONLY | O_TRUNC) }),
            ("fallocate", { try $0.open("f", O_WRONLY).allocate([], 0, 10_000) }),
        ]
        for (name, way) in ways {
            for (mode, left) in [(0o6777, 0o777), (0o4777, 0o777), (0o2777, 0o777), (0o1777, 0o1777)] as [(mode_t, mode_t)] {
                rules("set-id bits fall from \(String(mode, radix: 8)) when somebody else uses \(name)", by: Rules.root) {
                    scene in
                    try scene.file("f", "text")
                    try scene.chmod("f", mode)
                    try scene.by(.stranger) { try way(scene) }
                    try scene.equal(try scene.permissions("f"), left)
                }
            }
            rules("set-id bits stay when root uses \(name)", by: Rules.root) { scene in
                try scene.file("f", "text")
                try scene.chmod("f", 0o6777)
                try way(scene)
                try scene.equal(try scene.permissions("f"), 0o6777)
            }
            rules("set-id bits fall also when the owner uses \(name)", by: Rules.user) { scene in
                try scene.file("f", "text")
                try scene.chmod("f", 0o6755)
                try way(scene)
                try scene.equal(try scene.permissions("f"), 0o755)
            }
        }
        rules("capabilities of a program fall when it is written to", by: Rules.root) { scene in
            let file = try scene.file("f", "text", mode: 0o755)
            try scene.setAttribute("f", "security.capability", Self.capability)
            try file.write("more")
            try scene.refused(ENODATA) { _ = try scene.attribute("f", "security.capability") }
        }
        rules("capabilities that a program gets after it was written stay", by: Rules.root) { scene in
            let file = try scene.file("f", "text", mode: 0o755)
            try file.write("more")
            try scene.setAttribute("f", "security.capability", Self.capability)
            try file.synchronize()
            try scene.equal(try scene.attribute("f", "security.capability"), Self.capability)
            try scene.equal(try scene.attributes("f"), ["security.capability"])
            try file.write("more")
            try scene.equal(try scene.attributes("f"), [])
        }
        rules("set-id bits stay when somebody reads", by: Rules.root) { scene in
            try scene.file("f", "text")
            try scene.chmod("f", 0o6777)
            try scene.by(.stranger) { _ = try scene.text("f") }
            try scene.equal(try scene.permissions("f"), 0o6777)
        }
    }
}
