import Glibc

extension RuleTable {
    /// Who may do what with which mode (path_resolution(7), access(2)).
    static let rights = RuleTable("rights") { rules in
        /// Who looks at a file of the owner's and its group, and by how much the rights that count are shifted in the mode.
        let viewers: [(Account, Int)] = [(.owner, 6), (.fellow, 3), (.helper, 3), (.stranger, 0)]
        for (viewer, shift) in viewers {
            for rights in 0..<8 {
                // All others may what this one may not.
                let mode = mode_t(0o777 & ~(7 << shift) | rights << shift)
                addFile(viewer, rights, mode, rules)
                addDirectory(viewer, rights, mode, rules)
            }
        }
        addRoot(rules)
    }

    private static func name(_ rights: Int) -> String {
        (rights & 4 != 0 ? "r" : "-") + (rights & 2 != 0 ? "w" : "-") + (rights & 1 != 0 ? "x" : "-")
    }

    private static func expect(_ isAllowed: Bool, _ scene: Scene, _ call: () throws -> Void) throws {
        if isAllowed { try call() } else { try scene.refused(EACCES, call) }
    }

    private static func addFile(_ viewer: Account, _ rights: Int, _ mode: mode_t, _ rules: Rules) {
        let given: @Sendable (Scene) throws -> Void = { scene in
            try scene.file("f", "text")
            try scene.chmod("f", mode)
        }
        let (reads, writes) = (rights & 4 != 0, rights & 2 != 0)
        let opens: [(String, Int32, Bool)] = [
            ("read", O_RDONLY, reads), ("write", O_WRONLY, writes), ("read and write", O_RDWR, reads && writes),
        ]
        for (name, flags, isAllowed) in opens {
            rules("\(viewer) with \(Self.name(rights)) opens a file to \(name)", by: Rules.user) { scene in
                try given(scene)
                try scene.by(viewer) { try expect(isAllowed, scene) { _ = try scene.open("f", flags) } }
            }
        }
        for (name, wanted) in [("read", R_OK), ("write", W_OK), ("execute", X_OK), ("read and execute", R_OK | X_OK)] {
            rules("access: whether \(viewer) with \(Self.name(rights)) may \(name)", by: Rules.user) { scene in
                try given(scene)
                try scene.by(viewer) { try expect(Int(wanted) & ~rights == 0, scene) { try scene.access("f", wanted) } }
            }
        }
    }

    private static func addDirectory(_ viewer: Account, _ rights: Int, _ mode: mode_t, _ rules: Rules) {
        let calls: [(String, Int, @Sendable (Scene) throws -> Void)] = [
            ("lists", 4, { _ = try $0.names("d") }),
            ("makes something in", 3, { try $0.make(.pipe, "d/new") }),
            ("removes something from", 3, { try $0.unlink("d/f") }),
            ("looks at something in", 1, { _ = try $0.status("d/f") }),
            ("enters", 1, { try $0.chdir("d") }),
        ]
        for (name, needed, call) in calls {
            rules("\(viewer) with \(Self.name(rights)) \(name) a directory", by: Rules.user) { scene in
                try scene.mkdir("d")
                try scene.file("d/f")
                try scene.chmod("d", mode)
                try scene.by(viewer) { try expect(needed & ~rights == 0, scene) { try call(scene) } }
            }
        }
    }

    private static func addRoot(_ rules: Rules) {
        rules("root reads and writes without any right", by: Rules.root) { scene in
            try scene.file("f", "text", mode: 0)
            try scene.chown("f", Account.owner.user, nil)
            try scene.open("f", O_RDWR).write("more")
            for wanted in [R_OK, W_OK, R_OK | W_OK, F_OK] { try scene.access("f", wanted) }
        }
        for mode in [0o100, 0o010, 0o001] as [mode_t] {
            rules("root executes when one may, with \(String(mode, radix: 8))", by: Rules.root) { scene in
                try scene.file("f")
                try scene.chmod("f", mode)
                try scene.access("f", X_OK)
            }
        }
        rules.refused(EACCES, "root does not execute when nobody may", by: Rules.root) {
            try $0.access("f", X_OK)
        } given: { scene in
            try scene.file("f")
            try scene.chmod("f", 0o666)
        }
        rules("root lists, searches and changes a directory without any right", by: Rules.root) { scene in
            try scene.mkdir("d", 0)
            try scene.chown("d", Account.owner.user, nil)
            try scene.file("d/f", "text")
            try scene.equal(try scene.names("d"), ["f"])
            try scene.unlink("d/f")
        }
        rules.refused(EROFS, "access: whether one may write on a read-only mount") {
            try $0.access(try $0.readOnlyPath("f"), W_OK)
        } given: {
            try $0.file("f")
        }
        rules("rights that are taken away count at once", by: Rules.user) { scene in
            try scene.file("f", "text", mode: 0o666)
            try scene.chmod("f", 0o666)
            try scene.by(.stranger) { _ = try scene.text("f") }
            try scene.chmod("f", 0o600)
            try scene.by(.stranger) { try scene.refused(EACCES) { _ = try scene.text("f") } }
        }
    }
}
