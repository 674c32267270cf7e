import CCalls
import Glibc

extension RuleTable {
    /// symlink(2), readlink(2), symlink(7).
    static let symbolicLinks = RuleTable("symlink") { rules in
        for length in [1, 59, 60, 61, 255, 256, 1000, 4095] {
            rules("a path of \(length) bytes is kept as it is") { scene in
                let path = String(repeating: "p", count: length)
                try scene.symlink(path, "l")
                try scene.equal(try scene.target("l"), Array(path.utf8))
                try scene.equal(try scene.status("l").st_size, off_t(length), "its size")
            }
        }
        rules.refused(ENAMETOOLONG, "a path of 4096 bytes") { try $0.symlink(String(repeating: "p", count: 4096), "l") }
        rules.refused(ENOENT, "an empty path") { try $0.symlink("", "l") }
        for path in ["/", ".", "..", "a//b/", "not there", "\n", "ä"] {
            rules("the path '\(path)' is kept as it is") { scene in
                try scene.symlink(path, "l")
                try scene.equal(try scene.target("l"), Array(path.utf8))
            }
        }
        rules("has all rights, whatever the umask") { scene in
            umask(0o777)
            try scene.symlink("x", "l")
            try scene.equal(try scene.permissions("l"), 0o777)
        }
        addReading(rules)
        addFollowing(rules)
    }

    private static func addReading(_ rules: Rules) {
        for kind in Kind.allCases where !kind.isLink {
            rules.refused(EINVAL, "readlink of \(kind)", by: kind.makers) {
                _ = try $0.target("f")
            } given: {
                try $0.make(kind, "f")
            }
        }
        for room in [1, 3, 6] {
            rules("readlink with room for \(room) bytes of 6 reads as many") { scene in
                try scene.symlink("target", "l")
                try scene.equal(try scene.target("l", room: room), Array("target".utf8.prefix(room)))
            }
        }
        rules("a link that was made anew with the same name is another") { scene in
            for target in ["a", "bb", "ccc"] {
                try scene.symlink(target, "l")
                try scene.equal(try scene.target("l"), Array(target.utf8))
                try scene.unlink("l")
            }
        }
        rules("reading a link neither modifies nor changes it") { scene in
            try scene.symlink("x", "l")
            try scene.expect(.nothing, of: "l") { _ = try scene.target("l") }
        }
    }

    private static func addFollowing(_ rules: Rules) {
        rules("a path from the root, and one from where the link is") { scene in
            try scene.mkdir("d")
            try scene.file("d/f", "text")
            try scene.symlink(scene.directory + "/d/f", "absolute")
            try scene.symlink("f", "d/relative")
            try scene.equal(try scene.text("absolute"), "text")
            try scene.equal(try scene.text("d/relative"), "text")
        }
        rules("a link that was moved leads from where it is now") { scene in
            try scene.mkdir("d")
            try scene.file("f", "up")
            try scene.file("d/f", "down")
            try scene.symlink("f", "l")
            try scene.equal(try scene.text("l"), "up")
            try scene.rename("l", "d/l")
            try scene.equal(try scene.text("d/l"), "down")
        }
        rules("40 links in a row are followed, 41 are not: ELOOP") { scene in
            try scene.file("l0", "end")
            for number in 1...41 { try scene.symlink("l\(number - 1)", "l\(number)") }
            try scene.equal(try scene.text("l40"), "end")
            try scene.refused(ELOOP) { _ = try scene.text("l41") }
        }
        rules("what is made through a link to nothing is where it leads") { scene in
            try scene.symlink("made", "l")
            try scene.open("l", O_CREAT | O_WRONLY).write("text")
            try scene.equal(try scene.text("made"), "text")
            try scene.equal(try scene.status("l").kind, .symbolicLink)
        }
        rules.refused(EEXIST, "to make something alone through a link to nothing") {
            _ = try $0.open("l", O_CREAT | O_EXCL | O_WRONLY)
        } given: {
            try $0.symlink("made", "l")
        }
        rules.refused(ENOENT, "to open a link to nothing") {
            _ = try $0.open("l", O_RDONLY)
        } given: {
            try $0.symlink("nowhere", "l")
        }
        rules.refused(ELOOP, "to open a link without following it") {
            _ = try $0.open("l", O_RDONLY | O_NOFOLLOW)
        } given: {
            try $0.make(.symbolicLink, "l")
        }
        rules("a link is opened itself as a path") { scene in
            try scene.make(.symbolicLink, "l")
            let link = try scene.open("l", calls_O_PATH | O_NOFOLLOW)
            try scene.equal(try link.status.kind, .symbolicLink)
        }
        rules("to leave links alone means the last part of the path") { scene in
            try scene.mkdir("d")
            try scene.file("d/f", "text")
            try scene.symlink("d", "l")
            try scene.equal(try scene.open("l/f", O_RDONLY | O_NOFOLLOW).text(), "text")
        }
        rules("a link to a directory with a slash at its end is the directory") { scene in
            try scene.mkdir("d")
            try scene.symlink("d", "l")
            try scene.equal(try scene.status("l/").kind, .directory)
            try scene.equal(try scene.status("l").kind, .symbolicLink)
        }
    }
}
