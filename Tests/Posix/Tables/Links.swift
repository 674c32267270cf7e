import CCalls
import Glibc

extension RuleTable {
    /// link(2), linkat(2).
    static let links = RuleTable("link") { rules in
        for kind in Kind.allCases where kind != .directory {
            rules("of \(kind) is another name of the same", by: kind.makers) { scene in
                try scene.make(kind, "a")
                try scene.link("a", "b")
                let (one, other) = (try scene.status("a"), try scene.status("b"))
                try scene.equal(one.st_ino, other.st_ino)
                try scene.equal([one.st_nlink, other.st_nlink], [2, 2])
                try scene.equal(other.kind, Kind(mode: kind.type))
            }
            rules("of \(kind): what is removed is a name", by: kind.makers) { scene in
                try scene.make(kind, "a")
                try scene.link("a", "b")
                try scene.unlink("a")
                try scene.check(try !scene.exists("a"), "the name is gone")
                try scene.equal(try scene.status("b").st_nlink, 1)
            }
            rules("of \(kind) changes it, and does not modify it", by: kind.makers) { scene in
                try scene.make(kind, "a")
                try scene.expect(.changed, of: "a") { try scene.link("a", "b") }
            }
        }
        for kind in Kind.allCases {
            rules("over \(kind) leaves everything: EEXIST", by: kind.makers) { scene in
                try scene.file("a")
                try scene.make(kind, "b")
                try scene.expect(.nothing, of: "a") { try scene.refused(EEXIST) { try scene.link("a", "b") } }
                try scene.equal(try scene.status("a").st_nlink, 1)
            }
        }
        addRights(rules)
        addEffects(rules)
        addWays(rules)
    }

    private static func addRights(_ rules: Rules) {
        rules.refused(EPERM, "of a directory") {
            try $0.link("d", "e")
        } given: {
            try $0.mkdir("d")
        }
        rules.refused(EXDEV, "to another file system") {
            try $0.link("a", "/dev/shm/surplus-link")
        } given: {
            try $0.file("a")
        }
        rules.refused(EXDEV, "from another file system") { try $0.link("/proc/self/status", "b") }
        rules.refused(EROFS, "on a read-only mount") {
            try $0.link(try $0.readOnlyPath("a"), try $0.readOnlyPath("b"))
        } given: {
            try $0.file("a")
        }
        rules.refused(EACCES, "in a directory that may not be written", by: Rules.user) {
            try $0.link("a", "d/b")
        } given: { scene in
            try scene.file("a")
            try scene.mkdir("d", 0o555)
        }
        rules("of a file that may be read and written but belongs to somebody else", by: Rules.user) { scene in
            try scene.byRoot {
                try scene.file("a")
                try scene.chmod("a", 0o666)
            }
            try scene.link("a", "b")
            try scene.equal(try scene.status("b").st_uid, 0)
        }
    }

    private static func addEffects(_ rules: Rules) {
        rules("modifies and changes the directory of the new name alone") { scene in
            try scene.mkdir("d")
            try scene.file("d/a")
            try scene.mkdir("e")
            try scene.expect(.nothing, of: "d") {
                try scene.expect(.both, of: "e") { try scene.link("d/a", "e/b") }
            }
        }
        rules("what is written by one name is read by the other") { scene in
            try scene.file("a", "text")
            try scene.link("a", "b")
            try scene.open("b", O_WRONLY).write("more")
            try scene.equal(try scene.text("a"), "more")
        }
        rules("many names of one file") { scene in
            try scene.file("f0")
            for number in 1...100 { try scene.link("f\(number - 1)", "f\(number)") }
            try scene.equal(try scene.status("f0").st_nlink, 101)
            for number in 0..<100 { try scene.unlink("f\(number)") }
            try scene.equal(try scene.status("f100").st_nlink, 1)
        }
        rules("in the directory that it is in, and in another") { scene in
            try scene.mkdir("d")
            try scene.file("a")
            try scene.link("a", "b")
            try scene.link("b", "d/c")
            try scene.equal(try scene.status("d/c").st_nlink, 3)
        }
    }

    private static func addWays(_ rules: Rules) {
        rules("of a link is a name of the link; of what it leads to when that is asked for") { scene in
            try scene.make(.symbolicLink, "l")
            try scene.linkat("l", "b", 0)
            try scene.equal(try scene.status("b").kind, .symbolicLink)
            try scene.linkat("l", "c", AT_SYMLINK_FOLLOW)
            try scene.equal(try scene.status("c").st_ino, try scene.status("target").st_ino)
        }
        rules("of an open file by its descriptor") { scene in
            let file = try scene.file("a", "text")
            try scene.linkat("/proc/self/fd/\(file.descriptor)", "b", AT_SYMLINK_FOLLOW)
            try scene.equal(try scene.text("b"), "text")
        }
        rules("of an open file that has no name any more: ENOENT") { scene in
            let file = try scene.file("a")
            try scene.unlink("a")
            try scene.refused(ENOENT) { try scene.linkat("/proc/self/fd/\(file.descriptor)", "b", AT_SYMLINK_FOLLOW) }
        }
        rules.refused(EINVAL, "with flags that there are not") {
            try $0.linkat("a", "b", 0x10)
        } given: {
            try $0.file("a")
        }
        rules.refused([ENOENT, ENOTDIR], "to a name with a slash at its end") {
            try $0.link("a", "b/")
        } given: {
            try $0.file("a")
        }
    }
}
