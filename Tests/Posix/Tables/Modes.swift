import Glibc

extension RuleTable {
    /// chmod(2), fchmod(2).
    static let modes = RuleTable("chmod") { rules in
        for kind in Kind.allCases where kind != .danglingLink {
            for mode in [0, 0o777, 0o644, 0o111, 0o1777, 0o4755, 0o2755, 0o7777, 0o6000] as [mode_t] {
                rules("\(String(mode, radix: 8)) of \(kind)", by: kind.makers) { scene in
                    try scene.make(kind, "f")
                    try scene.chmod("f", mode)
                    try scene.equal(try scene.statusOfTarget("f").permissions, mode)
                }
            }
            rules("of \(kind) changes it, and does not modify it", by: kind.makers) { scene in
                try scene.make(kind, "f")
                let path = kind.isLink ? "target" : "f"
                try scene.expect(.changed, of: path) { try scene.chmod("f", 0o600) }
            }
            rules("of \(kind) leaves its kind, owner, links and number", by: kind.makers) { scene in
                try scene.make(kind, "f")
                let before = try scene.statusOfTarget("f")
                try scene.chmod("f", 0o700)
                let after = try scene.statusOfTarget("f")
                try scene.equal(after.st_mode & 0o170000, before.st_mode & 0o170000)
                try scene.equal([after.st_uid, after.st_gid], [before.st_uid, before.st_gid])
                try scene.equal(after.st_nlink, before.st_nlink)
                try scene.equal(after.st_ino, before.st_ino)
            }
        }
        addOwnership(rules)
        addLinks(rules)
        addOpen(rules)
    }

    private static func addOwnership(_ rules: Rules) {
        for kind in Kind.common where !kind.isLink {
            rules("of \(kind) of somebody else: only root may", by: Rules.both) { scene in
                try scene.byRoot {
                    try scene.make(kind, "f", 0o755)
                    try scene.chown("f", Account.stranger.user, Account.stranger.group)
                }
                guard !scene.account.isRoot else { return try scene.chmod("f", 0o600) }
                try scene.expect(.nothing, of: "f") { try scene.refused(EPERM) { try scene.chmod("f", 0o600) } }
                try scene.equal(try scene.permissions("f"), 0o755)
            }
            rules("set-group-id of \(kind) is dropped when the owner is not in its group", by: Rules.user) { scene in
                try scene.make(kind, "f", 0o755)
                try scene.byRoot { try scene.chown("f", nil, Account.stranger.group) }
                try scene.chmod("f", 0o6755)
                try scene.equal(try scene.permissions("f"), 0o4755)
            }
            rules("set-group-id of \(kind) is kept for a group that the owner is in besides", by: Rules.user) { scene in
                try scene.make(kind, "f", 0o755)
                try scene.chown("f", nil, Account.secondGroup)
                try scene.chmod("f", 0o2755)
                try scene.equal(try scene.permissions("f"), 0o2755)
            }
            rules("set-group-id of \(kind) of another group by root is kept", by: Rules.root) { scene in
                try scene.make(kind, "f", 0o755)
                try scene.chown("f", Account.stranger.user, Account.stranger.group)
                try scene.chmod("f", 0o2755)
                try scene.equal(try scene.permissions("f"), 0o2755)
            }
        }
        rules.refused(EROFS, "on a read-only mount") {
            try $0.chmod(try $0.readOnlyPath("f"), 0o600)
        } given: {
            try $0.file("f")
        }
        rules("the owner can take all rights from himself, and give them back", by: Rules.user) { scene in
            try scene.file("f", "text")
            try scene.chmod("f", 0)
            try scene.refused(EACCES) { _ = try scene.text("f") }
            try scene.chmod("f", 0o400)
            try scene.equal(try scene.text("f"), "text")
        }
    }

    private static func addLinks(_ rules: Rules) {
        rules.refused(ENOENT, "of a link to nothing") {
            try $0.chmod("f", 0o600)
        } given: {
            try $0.symlink("nowhere", "f")
        }
        rules("through a link changes what it leads to, and not the link") { scene in
            try scene.make(.symbolicLink, "f")
            try scene.expect(.nothing, of: "f") { try scene.chmod("f", 0o600) }
            try scene.equal(try scene.permissions("target"), 0o600)
            try scene.equal(try scene.permissions("f"), 0o777)
        }
        rules("by one name is seen by the others") { scene in
            try scene.file("a")
            try scene.link("a", "b")
            try scene.chmod("a", 0o601)
            try scene.equal(try scene.permissions("b"), 0o601)
        }
    }

    private static func addOpen(_ rules: Rules) {
        rules("does not bind who has it open already") { scene in
            let file = try scene.file("f", "text")
            try scene.chmod("f", 0)
            try scene.equal(try file.text(), "text")
            try file.write("more", at: 0)
        }
        rules("fchmod of what has no name any more") { scene in
            let file = try scene.file("f")
            try scene.unlink("f")
            try file.chmod(0o604)
            try scene.equal(try file.status.permissions, 0o604)
        }
        rules("fchmod of a file that is open for reading alone") { scene in
            try scene.file("f")
            let file = try scene.open("f", O_RDONLY)
            try file.chmod(0o640)
            try scene.equal(try scene.permissions("f"), 0o640)
        }
        rules("fchmod of a directory") { scene in
            try scene.mkdir("d")
            try scene.open("d", O_RDONLY | O_DIRECTORY).chmod(0o711)
            try scene.equal(try scene.permissions("d"), 0o711)
        }
        rules("a file without the right to execute does not run, also not for root", on: .anywhere) { scene in
            try scene.file("f", "#!/bin/sh\n", mode: 0o755)
            try scene.access("f", X_OK)
            try scene.chmod("f", 0o644)
            try scene.refused(EACCES) { try scene.access("f", X_OK) }
        }
    }
}
