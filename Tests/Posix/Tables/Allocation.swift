import Glibc

extension RuleTable {
    /// posix_fallocate(3), fallocate(2).
    static let allocation = RuleTable("fallocate") { rules in
        addGrowth(rules)
        addHoles(rules)
        addTimes(rules)
        addRefusals(rules)
    }

    private static let block = 65_536
    private static func bytes(_ blocks: Int) -> [UInt8] { [UInt8](repeating: 1, count: blocks * block) }

    private static func addGrowth(_ rules: Rules) {
        for (offset, length) in [(0, 1), (0, 4096), (0, 300_000), (100_000, 50_000), (1 << 32, 1)] {
            rules("posix_fallocate of \(length) bytes at \(offset) of an empty file") { scene in
                let file = try scene.file("f")
                try scene.equal(posix_fallocate(file.descriptor, off_t(offset), off_t(length)), 0)
                try scene.equal(try file.size, offset + length)
                try scene.equal(try file.read(1, at: offset + length - 1), [0])
                try scene.check(try file.status.st_blocks * 512 >= length, "room is kept")
            }
            rules("keeping the size: \(length) bytes at \(offset)") { scene in
                let file = try scene.file("f", "text")
                try file.allocate(.keepSize, offset, length)
                try scene.equal(try file.size, 4)
                try scene.equal(try file.text(), "text")
            }
        }
        rules("what is there stays, also when it is longer") { scene in
            let file = try scene.file("f", "some text")
            try scene.equal(posix_fallocate(file.descriptor, 2, 3), 0)
            try scene.equal(try file.text(), "some text")
            try scene.equal(posix_fallocate(file.descriptor, 5, 6), 0)
            try scene.equal(try file.read(20, at: 0), Array("some text\0\0".utf8))
        }
        rules("holes are filled with room, and read as zeros still") { scene in
            let file = try scene.file("f")
            try file.truncate(1 << 20)
            try file.allocate([], 0, 1 << 20)
            try scene.check(try file.status.st_blocks >= 2048, "room is kept")
            try scene.check(try file.read(1 << 20, at: 0).allSatisfy { $0 == 0 }, "it reads as zeros")
        }
        rules("what is written where room is kept is read") { scene in
            let file = try scene.file("f")
            try file.allocate([], 0, 100_000)
            try file.write("middle", at: 50_000)
            try file.synchronize()
            try scene.equal(try file.read(8, at: 49_999), [0] + Array("middle".utf8) + [0])
            try scene.equal(try file.size, 100_000)
        }
    }

    private static func addHoles(_ rules: Rules) {
        for isWrittenOut in [false, true] {
            let suffix = isWrittenOut ? ", written out" : ""
            rules("punching a hole in the middle\(suffix)") { scene in
                let file = try scene.file("f")
                try file.write(bytes(3))
                if isWrittenOut { try file.synchronize() }
                try file.allocate([.punchHole, .keepSize], block, block)
                try scene.equal(try file.size, 3 * block)
                try scene.equal(try file.read(2, at: block - 1), [1, 0])
                try scene.equal(try file.read(2, at: 2 * block - 1), [0, 1])
                try scene.equal(try file.seek(0, OpenFile.hole), block)
                try scene.equal(try file.seek(block, OpenFile.data), 2 * block)
                try scene.equal(try file.status.st_blocks, 2 * blkcnt_t(block) / 512)
            }
            rules("punching a hole within a few bytes\(suffix)") { scene in
                let file = try scene.file("f", "0123456789")
                if isWrittenOut { try file.synchronize() }
                try file.allocate([.punchHole, .keepSize], 3, 4)
                try scene.equal(try file.read(20, at: 0), Array("012\0\0\0\0789".utf8))
            }
            rules("punching a hole across the end\(suffix)") { scene in
                let file = try scene.file("f", "0123456789")
                if isWrittenOut { try file.synchronize() }
                try file.allocate([.punchHole, .keepSize], 8, 1000)
                try scene.equal(try file.read(20, at: 0), Array("01234567\0\0".utf8))
            }
            rules("zeroing a range\(suffix)") { scene in
                let file = try scene.file("f", "0123456789")
                if isWrittenOut { try file.synchronize() }
                try file.allocate(.zero, 2, 3)
                try scene.equal(try file.read(20, at: 0), Array("01\0\0\056789".utf8))
                try file.allocate(.zero, 8, 5)
                try scene.equal(try file.size, 13)
                try scene.equal(try file.read(20, at: 7), [0x37, 0, 0, 0, 0, 0])
            }
            rules("zeroing a range, keeping the size\(suffix)") { scene in
                let file = try scene.file("f", "0123456789")
                if isWrittenOut { try file.synchronize() }
                try file.allocate([.zero, .keepSize], 8, 1000)
                try scene.equal(try file.read(20, at: 0), Array("01234567\0\0".utf8))
            }
        }
        rules("a hole that is written to again") { scene in
            let file = try scene.file("f")
            try file.write(bytes(2))
            try file.allocate([.punchHole, .keepSize], 0, block)
            try file.write("again", at: 10)
            try scene.equal(try file.read(7, at: 9), [0] + Array("again".utf8) + [0])
        }
        rules("a hole where a hole is") { scene in
            let file = try scene.file("f")
            try file.truncate(1 << 20)
            try file.allocate([.punchHole, .keepSize], 0, 1 << 19)
            try scene.equal(try file.size, 1 << 20)
        }
    }

    private static func addTimes(_ rules: Rules) {
        rules("modifies and changes the file, whether or not it becomes longer") { scene in
            let file = try scene.file("f", "text")
            try scene.expect(.both, of: "f") { try file.allocate([], 0, 10_000) }
            try scene.expect(.both, of: "f") { try file.allocate([], 0, 10) }
            try scene.expect(.both, of: "f") { try file.allocate(.keepSize, 0, 100_000) }
        }
        rules("of a hole or of zeros modifies and changes the file") { scene in
            let file = try scene.file("f", String(repeating: "x", count: 10_000))
            try scene.expect(.both, of: "f") { try file.allocate([.punchHole, .keepSize], 0, 5000) }
            try scene.expect(.both, of: "f") { try file.allocate(.zero, 5000, 1000) }
        }
    }

    private static func addRefusals(_ rules: Rules) {
        for (offset, length) in [(0, 0), (-1, 10), (0, -1), (10, 0)] {
            rules.refused(EINVAL, "of \(length) bytes at \(offset)") {
                try $0.open("f", O_WRONLY).allocate([], offset, length)
            } given: {
                try $0.file("f")
            }
            rules("posix_fallocate of \(length) bytes at \(offset): EINVAL") { scene in
                let file = try scene.file("f")
                try scene.equal(posix_fallocate(file.descriptor, off_t(offset), off_t(length)), EINVAL)
            }
        }
        rules.refused(EFBIG, "beyond what there can be") {
            try $0.open("f", O_WRONLY).allocate([], Int.max - 10, 100)
        } given: {
            try $0.file("f")
        }
        rules.refused(EBADF, "of a file that is open for reading") {
            try $0.open("f", O_RDONLY).allocate([], 0, 10)
        } given: {
            try $0.file("f")
        }
        rules.refused(ESPIPE, "of a pipe") {
            try $0.open("p", O_RDWR | O_NONBLOCK).allocate([], 0, 10)
        } given: {
            try $0.mkfifo("p")
        }
        rules.refused([EOPNOTSUPP, EINVAL], "of a hole without keeping the size") {
            try $0.open("f", O_WRONLY).allocate(.punchHole, 0, 10)
        } given: {
            try $0.file("f")
        }
        rules.refused(EOPNOTSUPP, "to take a range out of the middle", on: .volume) {
            try $0.open("f", O_RDWR).allocate(.collapse, 0, 4)
        } given: {
            try $0.file("f", "0123456789")
        }
        rules("of more than the volume has leaves the file: ENOSPC", on: .volume) { scene in
            let file = try scene.file("f", "text")
            try scene.refused(ENOSPC) { try file.allocate([], 0, 1 << 31) }
            try scene.equal(try file.text(), "text")
        }
    }
}
