import Glibc

extension RuleTable {
    /// rename(2), renameat2(2).
    static let renaming = RuleTable("rename") { rules in
        for kind in Kind.allCases { addMoves(kind, rules) }
        for old in Kind.allCases { for new in Kind.allCases { addPair(old, new, rules) } }
        addDirectories(rules)
        addRights(rules)
        addFlags(rules)
        addOther(rules)
    }

    private static func addMoves(_ kind: Kind, _ rules: Rules) {
        rules("of \(kind) gives it another name", by: kind.makers) { scene in
            try scene.make(kind, "a")
            let before = try scene.status("a")
            try scene.rename("a", "b")
            let after = try scene.status("b")
            try scene.equal(after.st_ino, before.st_ino)
            try scene.equal([after.st_mode, after.st_uid, after.st_gid], [before.st_mode, before.st_uid, before.st_gid])
            try scene.check(try !scene.exists("a"), "the old name is gone")
        }
        rules("of \(kind) to another directory modifies and changes both directories", by: kind.makers) { scene in
            try scene.mkdir("d")
            try scene.mkdir("e")
            try scene.make(kind, "d/a")
            try scene.expect(.both, of: "d") { try scene.expect(.both, of: "e") { try scene.rename("d/a", "e/b") } }
            try scene.equal(try scene.names("d").count, 0)
            try scene.equal(try scene.names("e"), ["b"])
        }
        rules("of \(kind) does not modify it", by: kind.makers) { scene in
            try scene.make(kind, "a")
            let before = try scene.status("a")
            try scene.later()
            try scene.rename("a", "b")
            try scene.equal(try scene.status("b").modified, before.modified)
        }
        rules("of \(kind) to its own name does nothing", by: kind.makers) { scene in
            try scene.make(kind, "a")
            try scene.expect(.nothing, of: ".") { try scene.rename("a", "a") }
            try scene.check(try scene.exists("a"), "it is there")
        }
        guard kind != .directory else { return }
        rules("of \(kind) to another of its names does nothing", by: kind.makers) { scene in
            try scene.make(kind, "a")
            try scene.link("a", "b")
            try scene.expect(.nothing, of: ".") { try scene.rename("a", "b") }
            try scene.equal(try scene.status("a").st_nlink, 2)
            try scene.check(try scene.exists("b"), "both are there")
        }
    }

    /// One kind over the other.
    private static func addPair(_ old: Kind, _ new: Kind, _ rules: Rules) {
        let makers = old.makers.count < new.makers.count ? old.makers : new.makers
        let given: @Sendable (Scene) throws -> Void = { scene in
            try scene.make(old, "a")
            try scene.make(new, "b")
        }
        switch (old == .directory, new == .directory) {
        case (true, false):
            rules.refused(ENOTDIR, "of \(old) over \(new)", by: makers) {
                try $0.rename("a", "b")
            } given: {
                try given($0)
            }
        case (false, true):
            rules.refused(EISDIR, "of \(old) over \(new)", by: makers) {
                try $0.rename("a", "b")
            } given: {
                try given($0)
            }
        default:
            rules("of \(old) over \(new) replaces it", by: makers) { scene in
                try given(scene)
                let number = try scene.status("a").st_ino
                try scene.rename("a", "b")
                try scene.equal(try scene.status("b").st_ino, number)
                try scene.check(try !scene.exists("a"), "the old name is gone")
            }
        }
    }

    private static func addDirectories(_ rules: Rules) {
        rules("of a directory over one that is not empty leaves both: ENOTEMPTY") { scene in
            try scene.mkdir("a")
            try scene.mkdir("b")
            try scene.file("b/f")
            try scene.expect(.nothing, of: ".") { try scene.refused([ENOTEMPTY, EEXIST]) { try scene.rename("a", "b") } }
            try scene.check(try scene.exists("a") && scene.exists("b/f"), "both are there")
        }
        rules("of a directory moves all that is in it") { scene in
            try scene.mkdir("a")
            try scene.mkdir("a/b")
            try scene.file("a/b/f", "text")
            try scene.mkdir("c")
            try scene.rename("a", "c/d")
            try scene.equal(try scene.text("c/d/b/f"), "text")
            try scene.refused(ENOENT) { _ = try scene.status("a/b/f") }
        }
        rules("of a directory to another one: two dots lead there") { scene in
            try scene.mkdir("a")
            try scene.mkdir("b")
            try scene.mkdir("a/x")
            try scene.rename("a/x", "b/x")
            try scene.equal(try scene.status("b/x/..").st_ino, try scene.status("b").st_ino)
            let directory = try OpenDirectory("b/x")
            while let entry = directory.next() {
                guard entry.name == [0x2E, 0x2E] else { continue }
                try scene.equal(entry.inode, UInt64(try scene.status("b").st_ino), "the number of '..'")
            }
        }
        rules("of a directory to another one: the link from it goes along") { scene in
            try scene.mkdir("a")
            try scene.mkdir("b")
            try scene.mkdir("a/x")
            try scene.rename("a/x", "b/x")
            try scene.equal(try scene.status("a").st_nlink, 2)
            try scene.equal(try scene.status("b").st_nlink, 3)
        }
        rules("of a directory over an empty one: one link less") { scene in
            try scene.mkdir("a")
            try scene.mkdir("b")
            try scene.rename("a", "b")
            try scene.equal(try scene.status(".").st_nlink, 3)
        }
        for target in ["a/b", "a/b/c", "a/x/y"] {
            rules.refused(EINVAL, "of a directory into itself, to \(target)") {
                try $0.rename("a", target)
            } given: { scene in
                try scene.mkdir("a")
                if target.hasPrefix("a/b/") { try scene.mkdir("a/b") }
                if target.hasPrefix("a/x/") { try scene.mkdir("a/x") }
            }
        }
        rules.refused([ENOTEMPTY, EEXIST], "of something over a directory that it is in") {
            try $0.rename("a/b", "a")
        } given: { scene in
            try scene.mkdir("a")
            try scene.mkdir("a/b")
        }
        rules.refused([EBUSY, EINVAL], "of a dot") {
            try $0.rename("d/.", "e")
        } given: {
            try $0.mkdir("d")
        }
        rules.refused([EBUSY, EINVAL], "of two dots") {
            try $0.rename("d/..", "e")
        } given: {
            try $0.mkdir("d")
        }
        rules.refused([EBUSY, EINVAL, ENOTEMPTY], "to a dot") {
            try $0.rename("d", ".")
        } given: {
            try $0.mkdir("d")
        }
        rules("of a directory with slashes at the ends of its names") { scene in
            try scene.mkdir("a")
            try scene.rename("a/", "b/")
            try scene.equal(try scene.names("."), ["b"])
        }
        rules.refused(ENOTDIR, "of a file to a name with a slash at its end") {
            try $0.rename("a", "b/")
        } given: {
            try $0.file("a")
        }
    }

    private static func addRights(_ rules: Rules) {
        rules.refused(EXDEV, "to another file system") {
            try $0.rename("a", "/dev/shm/surplus-rename")
        } given: {
            try $0.file("a")
        }
        rules.refused(EROFS, "on a read-only mount") {
            try $0.rename(try $0.readOnlyPath("a"), try $0.readOnlyPath("b"))
        } given: {
            try $0.file("a")
        }
        rules.refused(EACCES, "from a directory that may not be written", by: Rules.user) {
            try $0.rename("d/a", "a")
        } given: { scene in
            try scene.mkdir("d")
            try scene.file("d/a")
            try scene.chmod("d", 0o555)
        }
        rules.refused(EACCES, "to a directory that may not be written", by: Rules.user) {
            try $0.rename("a", "d/a")
        } given: { scene in
            try scene.file("a")
            try scene.mkdir("d", 0o555)
        }
        rules.refused(EACCES, "of a directory that may not be written to another one", by: Rules.user) {
            try $0.rename("a", "d/a")
        } given: { scene in
            try scene.mkdir("a", 0o555)
            try scene.mkdir("d")
        }
        rules("of a directory that may not be written, within its directory", by: Rules.user) { scene in
            try scene.mkdir("a", 0o555)
            try scene.rename("a", "b")
        }
        rules("of a file that may neither be read nor written") { scene in
            try scene.file("a", mode: 0)
            try scene.rename("a", "b")
        }
        rules("over a file that may neither be read nor written") { scene in
            try scene.file("a")
            try scene.file("b", mode: 0)
            try scene.rename("a", "b")
        }
    }

    private static func addFlags(_ rules: Rules) {
        for kind in Kind.allCases {
            rules("without replacing, over \(kind), leaves both: EEXIST", by: kind.makers) { scene in
                try scene.file("a")
                try scene.make(kind, "b")
                let number = try scene.status("b").st_ino
                try scene.expect(.nothing, of: ".") { try scene.refused(EEXIST) { try scene.renameat2("a", "b", .noReplace) } }
                try scene.equal(try scene.status("b").st_ino, number)
            }
            rules("without replacing, of \(kind) to a free name", by: kind.makers) { scene in
                try scene.make(kind, "a")
                try scene.renameat2("a", "b", .noReplace)
                try scene.check(try scene.exists("b") && !scene.exists("a"), "it has the new name")
            }
            rules("exchanging \(kind) and a directory", by: kind.makers) { scene in
                try scene.mkdir("d")
                try scene.mkdir("e")
                try scene.make(kind, "d/a")
                try scene.mkdir("e/b")
                let (one, other) = (try scene.status("d/a").st_ino, try scene.status("e/b").st_ino)
                try scene.renameat2("d/a", "e/b", .exchange)
                try scene.equal(try scene.status("d/a").st_ino, other)
                try scene.equal(try scene.status("e/b").st_ino, one)
                try scene.equal(try scene.status("d").st_nlink, 3)
                try scene.equal(try scene.status("e").st_nlink, kind == .directory ? 3 : 2)
                try scene.equal(try scene.status("d/a/..").st_ino, try scene.status("d").st_ino)
            }
            rules.refused(ENOENT, "exchanging \(kind) with nothing", by: kind.makers) {
                try $0.renameat2("a", "b", .exchange)
            } given: {
                try $0.make(kind, "a")
            }
        }
        rules("exchanging directories that are not empty") { scene in
            for name in ["a", "b"] {
                try scene.mkdir(name)
                try scene.file("\(name)/of-\(name)")
            }
            try scene.renameat2("a", "b", .exchange)
            try scene.equal(try scene.names("a"), ["of-b"])
            try scene.equal(try scene.names("b"), ["of-a"])
        }
        rules("exchanging in one directory modifies and changes it") { scene in
            try scene.file("a")
            try scene.file("b")
            try scene.expect(.both, of: ".") { try scene.renameat2("a", "b", .exchange) }
        }
        rules.refused(EINVAL, "exchanging a directory with what is in it") {
            try $0.renameat2("a", "a/b", .exchange)
        } given: { scene in
            try scene.mkdir("a")
            try scene.file("a/b")
        }
        rules.refused(EINVAL, "exchanging without replacing") {
            try $0.renameat2("a", "b", [.noReplace, .exchange])
        } given: { scene in
            try scene.file("a")
            try scene.file("b")
        }
        rules.refused(EINVAL, "leaving a whiteout, which only layers of file systems want", by: Rules.root, on: .volume) {
            try $0.renameat2("a", "b", .whiteout)
        } given: {
            try $0.file("a")
        }
    }

    private static func addOther(_ rules: Rules) {
        rules("of an open file: it goes on, and has the new name") { scene in
            let file = try scene.file("a", "text")
            try scene.rename("a", "b")
            try file.write("more", at: 0)
            try scene.equal(try scene.text("b"), "more")
        }
        rules("of a file that is being written keeps what was written") { scene in
            let file = try scene.file("a")
            for number in 0..<20 {
                try file.write("line \(number)\n")
                try scene.rename(number % 2 == 0 ? "a" : "b", number % 2 == 0 ? "b" : "a")
            }
            try scene.equal(try scene.text("a").split(separator: "\n").count, 20)
        }
        rules("of a link to a directory is of the link") { scene in
            try scene.mkdir("d")
            try scene.symlink("d", "l")
            try scene.rename("l", "m")
            try scene.equal(try scene.status("m").kind, .symbolicLink)
            try scene.equal(try scene.names(".").sorted(), ["d", "m"])
        }
        rules("over a name of a file that has others takes a link from it, and changes it") { scene in
            try scene.file("a")
            try scene.file("b")
            try scene.link("b", "c")
            try scene.expect(.changed, of: "c") { try scene.rename("a", "b") }
            try scene.equal(try scene.status("c").st_nlink, 1)
        }
        rules("changes what is renamed") { scene in
            try scene.file("a")
            let before = try scene.status("a")
            try scene.later()
            try scene.rename("a", "b")
            try scene.check(before.changed < (try scene.status("b").changed), "ctime is later")
        }
        rules("of files in a ring, over and over") { scene in
            for name in ["a", "b", "c"] { try scene.file(name, name) }
            for _ in 0..<9 {
                try scene.rename("a", "t")
                try scene.rename("b", "a")
                try scene.rename("c", "b")
                try scene.rename("t", "c")
            }
            try scene.equal(try ["a", "b", "c"].map { try scene.text($0) }, ["a", "b", "c"])
        }
    }
}
