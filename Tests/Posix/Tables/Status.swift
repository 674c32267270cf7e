import Glibc

extension RuleTable {
    /// stat(2), statvfs(3).
    static let status = RuleTable("stat") { rules in
        addFields(rules)
        addSpace(rules)
    }

    private static func addFields(_ rules: Rules) {
        for kind in Kind.allCases {
            rules("of \(kind): path, descriptor and link agree", by: kind.makers) { scene in
                try scene.make(kind, "f")
                let (one, other) = (try scene.status("f"), try scene.status(scene.directory + "/./f"))
                try scene.equal(one.st_ino, other.st_ino)
                try scene.equal(one.st_dev, try scene.status(".").st_dev, "the device")
                try scene.check(one.st_blksize >= 512, "blocks for input and output have \(one.st_blksize) bytes")
            }
        }
        rules("of a link to nothing: ENOENT; of the link itself it is told") { scene in
            try scene.symlink("nowhere", "l")
            try scene.refused(ENOENT) { _ = try scene.statusOfTarget("l") }
            try scene.equal(try scene.status("l").kind, .symbolicLink)
        }
        rules("needs no right on the file itself") { scene in
            try scene.file("f", "text", mode: 0)
            try scene.by(.stranger) { try scene.equal(try scene.status("f").st_size, 4) }
        }
        rules("the number stays as long as the file is there") { scene in
            let file = try scene.file("f", "text")
            let number = try scene.status("f").st_ino
            try file.synchronize()
            try scene.chmod("f", 0o600)
            try scene.rename("f", "g")
            try scene.truncate("g", 0)
            try scene.equal(try scene.status("g").st_ino, number)
            try scene.equal(try file.status.st_ino, number)
        }
        rules("the size is what was written, at once") { scene in
            let file = try scene.file("f")
            for size in 1...20 {
                try file.write("x")
                try scene.equal(Int(try scene.status("f").st_size), size)
                try scene.equal(try file.size, size)
            }
        }
        rules("directories count those in them") { scene in
            for number in 1...10 {
                try scene.mkdir("d\(number)")
                try scene.equal(try scene.status(".").st_nlink, nlink_t(2 + number))
            }
            try scene.file("f")
            try scene.equal(try scene.status(".").st_nlink, 12)
        }
        rules("times do not go back") { scene in
            let file = try scene.file("f")
            var last = try file.status
            for _ in 0..<10 {
                try scene.later()
                try file.write("x")
                let next = try file.status
                try scene.check(last.modified < next.modified && last.changed < next.changed, "they are later")
                try file.synchronize()
                let synced = try file.status
                try scene.check(next.modified <= synced.modified && next.changed <= synced.changed, "and stay so")
                last = synced
            }
        }
        rules("ctime is not before mtime after a write") { scene in
            let file = try scene.file("f", "text")
            let status = try file.status
            try scene.check(status.modified <= status.changed, "\(status.modified), \(status.changed)")
        }
    }

    private static func addSpace(_ rules: Rules) {
        rules("statvfs: names have up to 255 bytes") { scene in try scene.equal(try scene.space().f_namemax, 255) }
        rules("statvfs is the same by any path, and by a descriptor") { scene in
            try scene.mkdir("d")
            let file = try scene.file("d/f")
            var answer = statvfs()
            try sys("fstatvfs") { fstatvfs(file.descriptor, &answer) }
            for path in [".", "d", "d/f"] {
                try scene.equal(try scene.space(path).f_blocks, answer.f_blocks)
                try scene.equal(try scene.space(path).f_fsid, answer.f_fsid)
            }
        }
        rules("statvfs: no more is free than there is") { scene in
            let space = try scene.space()
            try scene.check(space.f_bfree <= space.f_blocks && space.f_bavail <= space.f_bfree, "blocks add up")
            try scene.check(space.f_ffree <= space.f_files, "inodes add up")
        }
        rules("statvfs: what is written is not free", by: Rules.user, on: .volume) { scene in
            let before = try scene.space()
            let file = try scene.file("f")
            // More than a mount has promised to it in advance.
            for _ in 0..<17 { try file.write([UInt8](repeating: 1, count: 4 << 20)) }
            try file.synchronize()
            let after = try scene.space()
            try scene.equal(before.f_ffree - after.f_ffree, 1, "inodes taken")
            try scene.check(after.f_bfree < before.f_bfree, "bytes are taken")
        }
        rules("statvfs: a read-only mount says so") { scene in
            // sys/statvfs.h: ST_RDONLY
            try scene.equal(try scene.space(try scene.readOnlyPath(".")).f_flag & 1, 1)
            try scene.equal(try scene.space().f_flag & 1, 0)
        }
    }
}
