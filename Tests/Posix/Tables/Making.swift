import CCalls
import Glibc

/// A call that makes a file or directory.
private struct Maker: Sendable {
    let name: String
    let kind: Kind
    var isRoots = false
    /// With the mode that is asked for.
    let make: @Sendable (Scene, String, mode_t) throws -> Void

    var accounts: [Account] { isRoots ? Rules.root : Rules.both }

    static let all: [Maker] = [
        Maker(name: "mkdir", kind: .directory) { try $0.mkdir($1, $2) },
        Maker(name: "mkfifo", kind: .pipe) { try $0.mkfifo($1, $2) },
        Maker(name: "mknod of a socket", kind: .socket) { try $0.mknod($1, Glibc.S_IFSOCK | $2) },
        Maker(name: "mknod of a pipe", kind: .pipe) { try $0.mknod($1, Glibc.S_IFIFO | $2) },
        Maker(name: "mknod of a file", kind: .regular) { try $0.mknod($1, Glibc.S_IFREG | $2) },
        Maker(name: "mknod of a character device", kind: .characterDevice, isRoots: true) {
            try $0.mknod($1, Glibc.S_IFCHR | $2, $0.makedev(1, 3))
        },
        Maker(name: "mknod of a block device", kind: .blockDevice, isRoots: true) {
            try $0.mknod($1, Glibc.S_IFBLK | $2, $0.makedev(7, 200))
        },
        Maker(name: "open", kind: .regular) { _ = try $0.open($1, O_CREAT | O_EXCL | O_WRONLY, $2) },
        Maker(name: "symlink", kind: .symbolicLink) { scene, path, _ in try scene.symlink("x", path) },
    ]
}

extension RuleTable {
    /// What mkdir(2), mkfifo(3), mknod(2), open(2) and symlink(2) make, and where they make nothing.
    static let making = RuleTable("making") { rules in
        for maker in Maker.all {
            addResult(maker, rules)
            addInheritance(maker, rules)
            addRefusals(maker, rules)
            if maker.kind != .symbolicLink { addModes(maker, rules) }
        }
        addDevices(rules)
    }

    private static func addResult(_ maker: Maker, _ rules: Rules) {
        rules("\(maker.name) makes \(maker.kind)", by: maker.accounts) { scene in
            try maker.make(scene, "f", 0o644)
            try scene.equal(try scene.status("f").kind, maker.kind)
        }
        rules("\(maker.name): it belongs to who made it", by: maker.accounts) { scene in
            try maker.make(scene, "f", 0o644)
            let status = try scene.status("f")
            try scene.equal([status.st_uid, status.st_gid], [scene.account.user, scene.account.group])
        }
        rules("\(maker.name): it has one link, a directory two", by: maker.accounts) { scene in
            try maker.make(scene, "f", 0o644)
            try scene.equal(try scene.status("f").st_nlink, maker.kind == .directory ? 2 : 1)
        }
        rules("\(maker.name): it is empty", by: maker.accounts) { scene in
            try maker.make(scene, "f", 0o644)
            guard maker.kind != .directory else { return try scene.equal(try scene.names("f"), []) }
            try scene.equal(try scene.status("f").st_size, maker.kind == .symbolicLink ? 1 : 0, "its size")
            try scene.equal(try scene.status("f").st_blocks, 0, "its blocks")
        }
        rules("\(maker.name): its times are when it was made", by: maker.accounts) { scene in
            try scene.file("before")
            try scene.later()
            try maker.make(scene, "f", 0o644)
            try scene.later()
            try scene.file("after")
            let (before, made, after) = (try scene.status("before"), try scene.status("f"), try scene.status("after"))
            for time in [made.accessed, made.modified, made.changed] {
                try scene.check(before.modified < time && time < after.modified, "\(time) is when it was made")
            }
        }
        rules("\(maker.name): the directory is modified and changed", by: maker.accounts) { scene in
            try scene.expect(.both, of: ".") { try maker.make(scene, "f", 0o644) }
        }
        rules("\(maker.name): a directory more is a link more of the directory it is in", by: maker.accounts) { scene in
            try maker.make(scene, "f", 0o644)
            try scene.equal(try scene.status(".").st_nlink, maker.kind == .directory ? 3 : 2)
        }
        rules("\(maker.name): it is listed, with its number and kind", by: maker.accounts) { scene in
            try maker.make(scene, "f", 0o644)
            let directory = try OpenDirectory(".")
            while let entry = directory.next() {
                guard entry.name == Array("f".utf8) else { continue }
                try scene.equal(entry.inode, UInt64(try scene.status("f").st_ino))
                return try scene.equal(entry.type, maker.kind.type)
            }
            throw Unmet("it is not listed")
        }
        rules("\(maker.name): each has a number of its own", by: maker.accounts) { scene in
            for name in ["a", "b", "c"] { try maker.make(scene, name, 0o644) }
            try scene.equal(Set(try ["a", "b", "c"].map { try scene.status($0).st_ino }).count, 3)
        }
    }

    private static func addInheritance(_ maker: Maker, _ rules: Rules) {
        rules("\(maker.name) in a directory with set-group-id: the group is that of the directory", by: maker.accounts) { scene in
            try scene.byRoot {
                try scene.mkdir("d")
                try scene.chown("d", scene.account.user, Account.stranger.group)
                try scene.chmod("d", 0o2755)
            }
            try maker.make(scene, "d/f", 0o755)
            try scene.equal(try scene.status("d/f").st_gid, Account.stranger.group)
            let isInherited = try scene.permissions("d/f") & 0o2000 != 0
            try scene.equal(isInherited, maker.kind == .directory, "whether the bit is inherited")
        }
        rules("\(maker.name) in a sticky directory: the bit is not inherited", by: maker.accounts) { scene in
            try scene.mkdir("d")
            try scene.chmod("d", 0o1777)
            try maker.make(scene, "d/f", 0o755)
            try scene.equal(try scene.permissions("d/f") & 0o1000, 0)
        }
        rules("\(maker.name) in a directory of somebody else who lets others write", by: maker.accounts) { scene in
            try scene.byRoot {
                try scene.mkdir("d")
                try scene.chown("d", Account.stranger.user, Account.stranger.group)
                try scene.chmod("d", 0o777)
            }
            try maker.make(scene, "d/f", 0o644)
            let status = try scene.status("d/f")
            try scene.equal([status.st_uid, status.st_gid], [scene.account.user, scene.account.group])
        }
    }

    private static func addRefusals(_ maker: Maker, _ rules: Rules) {
        for kind in Kind.allCases {
            let accounts = maker.isRoots ? Rules.root : kind.makers
            rules.refused(EEXIST, "\(maker.name) over \(kind)", by: accounts) {
                try maker.make($0, "f", 0o644)
            } given: {
                try $0.make(kind, "f")
            }
        }
        rules("\(maker.name) over something leaves it and its directory as they are", by: maker.accounts) { scene in
            try scene.file("f", "text")
            try scene.expect(.nothing, of: ".") {
                try scene.expect(.nothing, of: "f") { try scene.refused(EEXIST) { try maker.make(scene, "f", 0o600) } }
            }
            try scene.equal(try scene.text("f"), "text")
        }
        rules.refused(ENOENT, "\(maker.name) in a directory that was removed", by: maker.accounts) {
            try maker.make($0, "f", 0o644)
        } given: { scene in
            try scene.mkdir("d")
            try scene.chdir("d")
            try scene.rmdir("../d")
        }
        rules.refused(EROFS, "\(maker.name) on a read-only mount", by: maker.accounts) { scene in
            try maker.make(scene, try scene.readOnlyPath("f"), 0o644)
        }
        rules("\(maker.name): a name is free again when what had it is gone", by: maker.accounts) { scene in
            try maker.make(scene, "f", 0o644)
            try scene.remove(maker.kind, "f")
            try scene.make(.regular, "f")
            try scene.remove(.regular, "f")
            try maker.make(scene, "f", 0o644)
            try scene.equal(try scene.status("f").kind, maker.kind)
        }
    }

    private static func addModes(_ maker: Maker, _ rules: Rules) {
        for (mask, mode, result) in [
            (0o022, 0o777, 0o755), (0o077, 0o777, 0o700), (0, 0o777, 0o777), (0o777, 0o777, 0), (0o111, 0o644, 0o644),
            (0o027, 0o666, 0o640), (0o022, 0, 0),
        ] as [(mode_t, mode_t, mode_t)] {
            let (maskText, modeText) = (String(mask, radix: 8), String(mode, radix: 8))
            rules("\(maker.name) with mode \(modeText) and umask \(maskText)", by: maker.accounts) { scene in
                umask(mask)
                try maker.make(scene, "f", mode)
                try scene.equal(try scene.permissions("f"), result)
            }
        }
        rules("\(maker.name) with the sticky bit", by: maker.accounts) { scene in
            try maker.make(scene, "f", 0o1755)
            try scene.equal(try scene.permissions("f"), 0o1755)
        }
        // mkdir(2): Linux heeds the permissions and the sticky bit alone.
        let setID: mode_t = maker.kind == .directory ? 0o755 : 0o6755
        rules("\(maker.name) with set-id bits", by: maker.accounts) { scene in
            try maker.make(scene, "f", 0o6755)
            try scene.equal(try scene.permissions("f"), setID)
        }
    }

    private static func addDevices(_ rules: Rules) {
        for kind in Kind.devices {
            rules.refused(EPERM, "mknod of \(kind)", by: Rules.user) { try $0.mknod("f", kind.type | 0o644, $0.makedev(1, 3)) }
            rules("mknod of \(kind): it stands for the device", by: Rules.root) { scene in
                try scene.mknod("f", kind.type | 0o644, scene.makedev(7, 255))
                try scene.equal(try scene.status("f").st_rdev, scene.makedev(7, 255))
            }
        }
        rules("other files stand for no device") { scene in
            try scene.file("f")
            try scene.equal(try scene.status("f").st_rdev, 0)
        }
        rules.refused([EINVAL, EPERM], "mknod of a directory") { try $0.mknod("f", Glibc.S_IFDIR | 0o755) }
        rules("mknod without a kind makes a file") { scene in
            try scene.mknod("f", 0o644)
            try scene.equal(try scene.status("f").kind, .regular)
        }
    }
}
