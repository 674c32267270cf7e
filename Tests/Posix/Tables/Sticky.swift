import Glibc

extension RuleTable {
    /// In a sticky directory only the owner of a file, the owner of the directory and root remove and rename (inode(7)).
    static let sticky = RuleTable("sticky directories") { rules in
        let calls: [(String, @Sendable (Scene, String) throws -> Void)] = [
            ("removing", { scene, path in try scene.remove(try scene.status(path).kind ?? .regular, path) }),
            ("renaming within the directory", { try $0.rename($1, "d/new") }),
            ("moving out of the directory", { try $0.rename($1, "out/new") }),
        ]
        for kind in Kind.common {
            for (fileOwner, directoryOwner, isAllowed) in [
                (Account.owner, Account.stranger, true), (.stranger, .owner, true), (.stranger, .stranger, false),
                (.fellow, .stranger, false), (.owner, .owner, true),
            ] {
                for (name, call) in calls {
                    // A directory that moves has to be writable itself.
                    let mode: mode_t = kind == .directory ? 0o777 : 0o666
                    rules("\(name) \(kind) of \(fileOwner) in one of \(directoryOwner)", by: Rules.user) { scene in
                        try prepare(scene, kind, fileOwner, directoryOwner, mode)
                        guard !isAllowed else { return try call(scene, "d/f") }
                        try scene.refused(EPERM) { try call(scene, "d/f") }
                        try scene.check(try scene.exists("d/f"), "it is there")
                    }
                }
            }
            rules("root removes \(kind) of others", by: Rules.root) { scene in
                try prepare(scene, kind, .stranger, .fellow, 0o600)
                try scene.remove(kind, "d/f")
            }
            rules("\(kind) of somebody else is not replaced", by: Rules.user) { scene in
                try prepare(scene, kind, .stranger, .stranger, 0o666)
                try scene.make(kind == .directory ? .directory : .regular, "mine")
                try scene.refused(EPERM) { try scene.rename("mine", "d/f") }
            }
            rules("\(kind) of somebody else is not exchanged", by: Rules.user) { scene in
                try prepare(scene, kind, .stranger, .stranger, 0o777)
                try scene.make(.regular, "mine")
                try scene.refused(EPERM) { try scene.renameat2("mine", "d/f", .exchange) }
            }
        }
        rules("everybody makes something of his own, and removes it", by: Rules.user) { scene in
            try prepare(scene, .regular, .stranger, .stranger, 0o600)
            try scene.file("d/mine")
            try scene.unlink("d/mine")
        }
    }

    private static func prepare(
        _ scene: Scene, _ kind: Kind, _ fileOwner: Account, _ directoryOwner: Account, _ mode: mode_t
    ) throws {
        try scene.mkdir("out")
        try scene.byRoot {
            try scene.mkdir("d")
            try scene.make(kind, "d/f")
            if !kind.isLink { try scene.chmod("d/f", mode) }
            try scene.lchown("d/f", fileOwner.user, fileOwner.group)
            try scene.chown("d", directoryOwner.user, directoryOwner.group)
            try scene.chmod("d", 0o1777)
        }
    }
}
