import Glibc

extension RuleTable {
    /// unlink(2), rmdir(2).
    static let removing = RuleTable("removing") { rules in
        for kind in Kind.allCases {
            rules("of \(kind): its name is gone", by: kind.makers) { scene in
                try scene.make(kind, "f")
                try scene.remove(kind, "f")
                try scene.refused(ENOENT) { _ = try scene.status("f") }
                try scene.check(try !scene.names(".").contains("f"), "it is not listed")
            }
            rules("of \(kind) modifies and changes the directory", by: kind.makers) { scene in
                try scene.make(kind, "f")
                try scene.expect(.both, of: ".") { try scene.remove(kind, "f") }
            }
            rules("of \(kind) twice: ENOENT", by: kind.makers) { scene in
                try scene.make(kind, "f")
                try scene.remove(kind, "f")
                try scene.refused(ENOENT) { try scene.remove(kind, "f") }
            }
            rules("of \(kind) on a read-only mount: EROFS", by: kind.makers) { scene in
                try scene.make(kind, "f")
                try scene.refused(EROFS) { try scene.remove(kind, try scene.readOnlyPath("f")) }
            }
            rules("of \(kind) of somebody else needs the right to write to the directory alone", by: Rules.user) { scene in
                try scene.byRoot { try scene.make(kind, "f", 0) }
                try scene.remove(kind, "f")
                try scene.check(try !scene.exists("f"), "it is gone")
            }
            rules("of \(kind) in a directory that may not be written leaves it: EACCES", by: Rules.user) { scene in
                try scene.mkdir("d")
                try scene.byRoot { try scene.make(kind, "d/f") }
                try scene.chmod("d", 0o555)
                try scene.expect(.nothing, of: "d") { try scene.refused(EACCES) { try scene.remove(kind, "d/f") } }
                try scene.check(try scene.exists("d/f"), "it is there")
            }
            guard kind != .directory else { continue }
            rules.refused(ENOTDIR, "rmdir of \(kind)", by: kind.makers) {
                try $0.rmdir("f")
            } given: {
                try $0.make(kind, "f")
            }
            rules("of a name of \(kind) that has others changes it", by: kind.makers) { scene in
                try scene.make(kind, "f")
                try scene.link("f", "g")
                try scene.expect(.changed, of: "g") { try scene.unlink("f") }
                try scene.equal(try scene.status("g").st_nlink, 1)
            }
        }
        addDirectories(rules)
        addOpen(rules)
        addLinks(rules)
    }

    private static func addDirectories(_ rules: Rules) {
        rules.refused(EISDIR, "unlink of a directory") {
            try $0.unlink("d")
        } given: {
            try $0.mkdir("d")
        }
        for kind in Kind.allCases {
            rules("rmdir of a directory with \(kind) in it leaves it: ENOTEMPTY", by: kind.makers) { scene in
                try scene.mkdir("d")
                try scene.make(kind, "d/f")
                try scene.expect(.nothing, of: "d") { try scene.refused(ENOTEMPTY) { try scene.rmdir("d") } }
                try scene.remove(kind, "d/f")
                try scene.rmdir("d")
            }
        }
        rules.refused(EINVAL, "rmdir of a path that ends with a dot") {
            try $0.rmdir("d/.")
        } given: {
            try $0.mkdir("d")
        }
        rules.refused([ENOTEMPTY, EINVAL], "rmdir of a path that ends with two dots") {
            try $0.rmdir("d/..")
        } given: {
            try $0.mkdir("d")
        }
        rules("rmdir of a path with a slash at its end") { scene in
            try scene.mkdir("d")
            try scene.rmdir("d/")
            try scene.check(try !scene.exists("d"), "it is gone")
        }
        rules.refused(ENOTDIR, "rmdir of a link to a directory") {
            try $0.rmdir("l")
        } given: { scene in
            try scene.mkdir("d")
            try scene.symlink("d", "l")
        }
        rules("rmdir takes a link from the directory above") { scene in
            for name in ["a", "b", "c"] { try scene.mkdir(name) }
            try scene.equal(try scene.status(".").st_nlink, 5)
            try scene.rmdir("b")
            try scene.equal(try scene.status(".").st_nlink, 4)
        }
        rules("a directory that is open and removed has no links and no entries") { scene in
            try scene.mkdir("d")
            let directory = try scene.open("d", O_RDONLY | O_DIRECTORY)
            let stream = try OpenDirectory("d")
            try scene.rmdir("d")
            try scene.equal(try directory.status.st_nlink, 0)
            try scene.equal(try stream.rest().filter { $0 != "." && $0 != ".." }, [])
        }
        rules("a removed working directory can be left") { scene in
            try scene.mkdir("d")
            try scene.chdir("d")
            try scene.rmdir("../d")
            try scene.refused(ENOENT) { _ = try scene.open("f", O_CREAT | O_WRONLY) }
            try scene.refused(ENOENT) { _ = try scene.status("f") }
            try scene.equal(try scene.status(".").st_nlink, 0)
            try scene.chdir(scene.directory)
        }
        rules("a deep tree is made and removed") { scene in
            for _ in 0..<50 {
                try scene.mkdir("d")
                try scene.chdir("d")
            }
            for _ in 0..<50 {
                try scene.chdir("..")
                try scene.rmdir("d")
            }
            try scene.equal(try scene.names("."), [])
        }
    }

    private static func addOpen(_ rules: Rules) {
        rules("what is open can be read and written after its last name is gone") { scene in
            let file = try scene.file("f", "text")
            try scene.unlink("f")
            try scene.equal(try file.text(), "text")
            try file.write("more and", at: 0)
            try file.synchronize()
            try scene.equal(try file.text(), "more and")
            try file.truncate(4)
            try scene.equal(try file.text(), "more")
            try scene.equal(try file.status.st_nlink, 0)
        }
        rules("what is open and removed, and what has its name then, are two files") { scene in
            let old = try scene.file("f", "old")
            try scene.unlink("f")
            let new = try scene.file("f", "new")
            try scene.equal(try old.text(), "old")
            try scene.equal(try new.text(), "new")
            try scene.check(try old.status.st_ino != new.status.st_ino, "their numbers differ")
        }
        rules("unlink of what is open changes it") { scene in
            let file = try scene.file("f")
            let before = try file.status
            try scene.later()
            try scene.unlink("f")
            let after = try file.status
            try scene.check(before.changed < after.changed, "ctime is later")
            try scene.equal(after.modified, before.modified)
        }
        rules("an open file that was replaced goes on as it was") { scene in
            let old = try scene.file("f", "old")
            try scene.file("g", "new")
            try scene.rename("g", "f")
            try scene.equal(try old.text(), "old")
            try scene.equal(try old.status.st_nlink, 0)
            try scene.equal(try scene.text("f"), "new")
        }
        rules("a descriptor that was copied keeps what was removed") { scene in
            let copy: Int32
            do {
                let file = try scene.file("f", "text")
                copy = try sys("dup") { dup(file.descriptor) }
            }
            defer { close(copy) }
            try scene.unlink("f")
            var bytes = [UInt8](repeating: 0, count: 10)
            try scene.equal(try sys("pread") { pread(copy, &bytes, 10, 0) }, 4)
        }
    }

    private static func addLinks(_ rules: Rules) {
        rules("unlink of a link leaves what it leads to") { scene in
            try scene.make(.symbolicLink, "l")
            try scene.expect(.nothing, of: "target") { try scene.unlink("l") }
            try scene.equal(try scene.status("target").kind, .regular)
        }
        rules("a name that was looked for in vain is found once it is there") { scene in
            try scene.check(try !scene.exists("f"), "it is not there")
            try scene.file("f")
            try scene.check(try scene.exists("f"), "it is there")
            try scene.unlink("f")
            try scene.check(try !scene.exists("f"), "it is not there any more")
        }
    }
}
