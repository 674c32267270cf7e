import Glibc

extension RuleTable {
    // bits/stat.h
    private static let now = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 1)
    private static let omit = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)
    private static let some = timespec(tv_sec: 1_234_567_890, tv_nsec: 123_456_789)
    private static let other = timespec(tv_sec: 987_654_321, tv_nsec: 987_654_321)

    /// utimensat(2), futimens(3).
    static let times = RuleTable("utimensat") { rules in
        for kind in Kind.allCases { addKind(kind, rules) }
        addValues(rules)
        addWhoMay(rules)
        addOther(rules)
    }

    private static func addKind(_ kind: Kind, _ rules: Rules) {
        rules("of \(kind): both times, to the nanosecond", by: kind.makers) { scene in
            try scene.make(kind, "f")
            try scene.utimens("f", [some, other], AT_SYMLINK_NOFOLLOW)
            let status = try scene.status("f")
            try scene.equal([status.accessed, status.modified], [FileMoment(some), FileMoment(other)])
        }
        rules("of \(kind) changes it", by: kind.makers) { scene in
            try scene.make(kind, "f")
            let before = try scene.status("f")
            try scene.later()
            try scene.utimens("f", [some, omit], AT_SYMLINK_NOFOLLOW)
            let after = try scene.status("f")
            try scene.check(before.changed < after.changed, "ctime is later")
            try scene.equal(after.modified, before.modified)
        }
        rules("of \(kind): what is omitted stays", by: kind.makers) { scene in
            try scene.make(kind, "f")
            let before = try scene.status("f")
            try scene.utimens("f", [some, omit], AT_SYMLINK_NOFOLLOW)
            try scene.equal(try scene.status("f").modified, before.modified)
            try scene.utimens("f", [omit, other], AT_SYMLINK_NOFOLLOW)
            let after = try scene.status("f")
            try scene.equal([after.accessed, after.modified], [FileMoment(some), FileMoment(other)])
        }
        for (name, times) in [("without times", nil), ("of now twice", [now, now]), ("of now and of nothing", [now, omit])]
            as [(String, [timespec]?)]
        {
            rules("of \(kind) \(name)", by: kind.makers) { scene in
                try scene.make(kind, "f")
                try scene.utimens("f", [some, other], AT_SYMLINK_NOFOLLOW)
                let before = try scene.status("f").changed
                try scene.later()
                try scene.utimens("f", times, AT_SYMLINK_NOFOLLOW)
                let after = try scene.status("f")
                try scene.check(before < after.accessed, "atime is now")
                if times?[1].tv_nsec == omit.tv_nsec {
                    try scene.equal(after.modified, FileMoment(other))
                } else {
                    try scene.check(before < after.modified, "mtime is now")
                }
            }
        }
    }

    private static func addValues(_ rules: Rules) {
        for seconds in [0, 1, -1, -1_000_000_000, 1 << 31, 1 << 32, (1 << 33) - 1] {
            for nanoseconds in [0, 1, 999_999_999] {
                rules("\(seconds) s and \(nanoseconds) ns") { scene in
                    let time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
                    try scene.file("f")
                    try scene.utimens("f", [time, time])
                    let status = try scene.status("f")
                    try scene.equal([status.accessed, status.modified], [FileMoment(time), FileMoment(time)])
                }
            }
        }
        for nanoseconds in [-1, 1_000_000_000, Int.max] {
            rules.refused(EINVAL, "\(nanoseconds) ns") {
                try $0.utimens("f", [timespec(tv_sec: 1, tv_nsec: nanoseconds), some])
            } given: {
                try $0.file("f")
            }
        }
        rules("nothing twice is nothing at all") { scene in
            try scene.file("f")
            try scene.expect(.nothing, of: "f") { try scene.utimens("f", [omit, omit]) }
        }
    }

    private static func addWhoMay(_ rules: Rules) {
        let cases: [(String, mode_t, [timespec]?, Int32)] = [
            ("times without the right to write", 0o444, [some, other], EPERM),
            ("times with the right to write", 0o666, [some, other], EPERM),
            ("now without the right to write", 0o444, nil, EACCES),
            ("now with the right to write", 0o666, nil, 0),
            ("now twice without the right to write", 0o444, [now, now], EACCES),
            ("now twice with the right to write", 0o666, [now, now], 0),
            ("now and nothing with the right to write", 0o666, [now, omit], EPERM),
            ("nothing and now with the right to write", 0o666, [omit, now], EPERM),
            ("now and a time with the right to write", 0o666, [now, other], EPERM),
            ("nothing twice without the right to write", 0o444, [omit, omit], 0),
        ]
        for (name, mode, times, number) in cases {
            rules("of somebody else, \(name): \(number == 0 ? "it is done" : Fault.name(of: number))", by: Rules.user) { scene in
                try scene.byRoot {
                    try scene.file("f")
                    try scene.chmod("f", mode)
                }
                guard number != 0 else { return try scene.utimens("f", times) }
                try scene.expect(.nothing, of: "f") { try scene.refused(number) { try scene.utimens("f", times) } }
            }
            rules("of somebody else, by root, \(name)", by: Rules.root) { scene in
                try scene.file("f")
                try scene.chmod("f", mode)
                try scene.chown("f", Account.stranger.user, nil)
                try scene.utimens("f", times)
            }
            rules("by the owner, \(name)", by: Rules.user) { scene in
                try scene.file("f")
                try scene.chmod("f", mode)
                try scene.utimens("f", times)
            }
        }
        rules.refused(EROFS, "on a read-only mount") {
            try $0.utimens(try $0.readOnlyPath("f"), nil)
        } given: {
            try $0.file("f")
        }
    }

    private static func addOther(_ rules: Rules) {
        rules("through a link, and of the link itself") { scene in
            try scene.make(.symbolicLink, "l")
            try scene.utimens("l", [some, some])
            try scene.utimens("l", [other, other], AT_SYMLINK_NOFOLLOW)
            try scene.equal(try scene.status("target").modified, FileMoment(some))
            try scene.equal(try scene.status("l").modified, FileMoment(other))
        }
        rules("futimens of an open file, and of one without a name") { scene in
            let file = try scene.file("f")
            try file.utimens([some, other])
            try scene.equal(try scene.status("f").modified, FileMoment(other))
            try scene.unlink("f")
            try file.utimens([other, some])
            try scene.equal(try file.status.modified, FileMoment(some))
        }
        rules("after a write the time that was set stays") { scene in
            let file = try scene.file("f", "text")
            try file.utimens([some, other])
            try scene.equal(try file.status.modified, FileMoment(other))
            try file.synchronize()
            try scene.equal(try scene.status("f").modified, FileMoment(other))
            try scene.equal(try scene.text("f"), "text")
        }
        rules("a write after that is modified now") { scene in
            let file = try scene.file("f", "text")
            try file.utimens([some, other])
            try file.write("more")
            try scene.check(FileMoment(other) < (try file.status.modified), "it is later")
            try file.synchronize()
            try scene.check(FileMoment(other) < (try scene.status("f").modified), "it is later after writing out")
        }
        rules("of one name is seen by the others") { scene in
            try scene.file("a")
            try scene.link("a", "b")
            try scene.utimens("a", [some, other])
            try scene.equal(try scene.status("b").modified, FileMoment(other))
        }
        rules("chmod, chown, link and rename leave atime and mtime") { scene in
            try scene.file("f", "text")
            try scene.utimens("f", [some, other])
            try scene.chmod("f", 0o600)
            try scene.chown("f", nil, scene.account.group)
            try scene.link("f", "g")
            try scene.rename("f", "h")
            let status = try scene.status("h")
            try scene.equal([status.accessed, status.modified], [FileMoment(some), FileMoment(other)])
        }
    }
}
