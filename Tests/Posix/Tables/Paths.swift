import CCalls
import Glibc

/// A system call that takes a path.
private struct PathCall: Sendable {
    let name: String
    /// What has to be there.
    var wants = Kind.regular
    /// The path is of something that is to be made.
    var makes = false
    /// A symbolic link as the last part of the path is followed.
    var follows = true
    /// It needs the right to write to the directory, and not only to search it.
    var changesDirectory = false
    let call: @Sendable (Scene, String) throws -> Void

    static let all: [PathCall] = asking + opening + changing + removing + making

    static let asking: [PathCall] = [
        PathCall(name: "stat") { _ = try $0.statusOfTarget($1) },
        PathCall(name: "lstat", follows: false) { _ = try $0.status($1) },
        PathCall(name: "access") { try $0.access($1, F_OK) },
        PathCall(name: "statvfs") { _ = try $0.space($1) },
        PathCall(name: "readlink", wants: .symbolicLink, follows: false) { _ = try $0.target($1) },
        PathCall(name: "opendir", wants: .directory) { _ = try OpenDirectory($1) },
        PathCall(name: "chdir", wants: .directory) { scene, path in
            try scene.chdir(path)
            try scene.chdir(scene.directory)
        },
        PathCall(name: "getxattr") { scene, path in
            do { _ = try scene.attribute(path, "user.a") } catch let fault as Fault where fault.number == ENODATA {}
        },
        PathCall(name: "listxattr") { _ = try $0.attributes($1) },
    ]

    static let opening: [PathCall] = [
        PathCall(name: "open to read") { _ = try $0.open($1, O_RDONLY) },
        PathCall(name: "open to write") { _ = try $0.open($1, O_WRONLY) },
        PathCall(name: "open to truncate") { _ = try $0.open($1, O_WRONLY | O_TRUNC) },
        PathCall(name: "open to append") { _ = try $0.open($1, O_WRONLY | O_APPEND) },
        PathCall(name: "open of a directory", wants: .directory) { _ = try $0.open($1, O_RDONLY | O_DIRECTORY) },
        PathCall(name: "open of a path", follows: true) { _ = try $0.open($1, calls_O_PATH) },
    ]

    static let changing: [PathCall] = [
        PathCall(name: "truncate") { try $0.truncate($1, 7) },
        PathCall(name: "chmod") { try $0.chmod($1, 0o640) },
        PathCall(name: "chown") { try $0.chown($1, nil, $0.account.group) },
        PathCall(name: "lchown", follows: false) { try $0.lchown($1, nil, $0.account.group) },
        PathCall(name: "utimensat") { try $0.utimens($1, nil) },
        PathCall(name: "utimensat of a link", follows: false) { try $0.utimens($1, nil, AT_SYMLINK_NOFOLLOW) },
        PathCall(name: "setxattr") { try $0.setAttribute($1, "user.b", [1]) },
        PathCall(name: "removexattr") { scene, path in
            do { try scene.removeAttribute(path, "user.c") } catch let fault as Fault where fault.number == ENODATA {}
        },
    ]

    static let removing: [PathCall] = [
        PathCall(name: "unlink", follows: false, changesDirectory: true) { try $0.unlink($1) },
        PathCall(name: "rmdir", wants: .directory, follows: false, changesDirectory: true) { try $0.rmdir($1) },
        PathCall(name: "rename from", follows: false, changesDirectory: true) { try $0.rename($1, $0.directory + "/renamed") },
        PathCall(name: "link from", follows: false) { try $0.link($1, $0.directory + "/linked") },
    ]

    static let making: [PathCall] = [
        PathCall(name: "mkdir", makes: true, follows: false, changesDirectory: true) { try $0.mkdir($1) },
        PathCall(name: "mkfifo", makes: true, follows: false, changesDirectory: true) { try $0.mkfifo($1) },
        PathCall(name: "mknod", makes: true, follows: false, changesDirectory: true) { try $0.mknod($1, Glibc.S_IFSOCK | 0o644) },
        PathCall(name: "symlink", makes: true, follows: false, changesDirectory: true) { try $0.symlink("x", $1) },
        PathCall(name: "open to make", makes: true, changesDirectory: true) { _ = try $0.open($1, O_CREAT | O_WRONLY) },
        PathCall(name: "open to make alone", makes: true, follows: false, changesDirectory: true) {
            _ = try $0.open($1, O_CREAT | O_EXCL | O_WRONLY)
        },
        PathCall(name: "rename to", makes: true, follows: false, changesDirectory: true) { scene, path in
            try scene.file("old-name")
            try scene.rename(scene.directory + "/old-name", path)
        },
        PathCall(name: "link to", makes: true, follows: false, changesDirectory: true) { scene, path in
            try scene.file("old-name")
            try scene.link(scene.directory + "/old-name", path)
        },
    ]

    /// Makes what the call wants to find.
    func prepare(_ scene: Scene, _ path: String) throws { if !makes { try scene.make(wants, path) } }
}

extension RuleTable {
    /// How paths are resolved (path_resolution(7), POSIX 4.13), by each call that takes one.
    static let paths = RuleTable("paths") { rules in
        for call in PathCall.all {
            addMissing(call, rules)
            addLengths(call, rules)
            addWays(call, rules)
            addRights(call, rules)
        }
    }

    private static func addMissing(_ call: PathCall, _ rules: Rules) {
        rules.refused(ENOENT, "\(call.name) below a directory that is not there") { try call.call($0, "no/f") }
        rules.refused(ENOENT, "\(call.name) with an empty path") { try call.call($0, "") }
        if !call.makes { rules.refused(ENOENT, "\(call.name) of what is not there") { try call.call($0, "no") } }
        rules.refused(ENOTDIR, "\(call.name) below a file") {
            try call.call($0, "file/f")
        } given: {
            try $0.file("file")
        }
        rules.refused(ENOTDIR, "\(call.name) up from a file") {
            try call.call($0, "file/../f")
        } given: {
            try $0.file("file")
        }
        rules.refused(ENOENT, "\(call.name) below a link to nothing") {
            try call.call($0, "link/f")
        } given: {
            try $0.symlink("nowhere", "link")
        }
        if !call.makes, call.wants != .directory {
            rules.refused(ENOTDIR, "\(call.name) of a file with a slash at its end") {
                try call.call($0, "file/")
            } given: {
                try $0.file("file")
            }
        }
        rules.refused(ELOOP, "\(call.name) below a link to itself") {
            try call.call($0, "loop/f")
        } given: {
            try $0.symlink("loop", "loop")
        }
        guard call.follows else { return }
        rules.refused(ELOOP, "\(call.name) of a link to itself") {
            try call.call($0, "loop")
        } given: {
            try $0.symlink("loop", "loop")
        }
        let twoLinks: @Sendable (Scene) throws -> Void = { scene in
            try scene.symlink("two", "one")
            try scene.symlink("one", "two")
        }
        rules.refused(ELOOP, "\(call.name) of links to each other") {
            try call.call($0, "one")
        } given: {
            try twoLinks($0)
        }
    }

    private static func addLengths(_ call: PathCall, _ rules: Rules) {
        let longest = String(repeating: "n", count: 255)
        rules("\(call.name) with a name of 255 bytes") { scene in
            try call.prepare(scene, longest)
            try call.call(scene, longest)
        }
        rules.refused(ENAMETOOLONG, "\(call.name) with a name of 256 bytes") { try call.call($0, longest + "n") }
        rules.refused(ENAMETOOLONG, "\(call.name) below a name of 256 bytes") { try call.call($0, longest + "n/f") }
        rules("\(call.name) with a path of 4095 bytes") { scene in
            try call.prepare(scene, "f")
            try call.call(scene, scene.padded("f", to: 4095))
        }
        rules.refused(ENAMETOOLONG, "\(call.name) with a path of 4096 bytes") {
            try call.call($0, $0.padded("f", to: 4096))
        } given: {
            try call.prepare($0, "f")
        }
    }

    private static func addWays(_ call: PathCall, _ rules: Rules) {
        let ways: [(String, @Sendable (Scene) -> String)] = [
            ("a path from the root", { $0.directory + "/d/f" }),
            ("a path up and down again", { _ in "d/../d/./f" }),
            ("a path with slashes in a row", { _ in "d//f" }),
            ("a path through a link", { _ in "link/f" }),
            ("a path through links in a row", { _ in "link3/f" }),
        ]
        for (name, path) in ways {
            rules("\(call.name) with \(name)") { scene in
                try scene.mkdir("d")
                try scene.symlink("d", "link")
                try scene.symlink("link", "link2")
                try scene.symlink(scene.directory + "/link2", "link3")
                try call.prepare(scene, "d/f")
                try call.call(scene, path(scene))
            }
        }
    }

    private static func addRights(_ call: PathCall, _ rules: Rules) {
        let closed: @Sendable (Scene) throws -> Void = { scene in
            try scene.mkdir("closed")
            try call.prepare(scene, "closed/f")
            try scene.chmod("closed", 0o666)
        }
        rules.refused(EACCES, "\(call.name) below a directory that may not be searched", by: Rules.user) {
            try call.call($0, "closed/f")
        } given: {
            try closed($0)
        }
        rules("\(call.name) by root below a directory that others may not search", by: Rules.root) { scene in
            try closed(scene)
            try call.call(scene, "closed/f")
        }
        guard call.changesDirectory else { return }
        rules.refused(EACCES, "\(call.name) in a directory that may not be written", by: Rules.user) {
            try call.call($0, "closed/f")
        } given: { scene in
            try scene.mkdir("closed")
            try call.prepare(scene, "closed/f")
            try scene.chmod("closed", 0o555)
        }
    }
}
