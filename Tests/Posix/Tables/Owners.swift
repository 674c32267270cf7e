import Glibc

extension RuleTable {
    /// chown(2), fchown(2), lchown(2).
    static let owners = RuleTable("chown") { rules in
        for kind in Kind.allCases where kind != .danglingLink {
            rules("of \(kind) by root: owner, group, and both", by: Rules.root) { scene in
                try scene.make(kind, "f")
                func owners() throws -> [UInt32] {
                    let status = try scene.status("f")
                    return [status.st_uid, status.st_gid]
                }
                try scene.lchown("f", 11, nil)
                try scene.equal(try owners(), [11, 0])
                try scene.lchown("f", nil, 12)
                try scene.equal(try owners(), [11, 12])
                try scene.lchown("f", 13, 14)
                try scene.equal(try owners(), [13, 14])
            }
            rules("of \(kind) changes it, and does not modify it", by: kind.makers) { scene in
                try scene.make(kind, "f")
                try scene.expect(.changed, of: "f") { try scene.lchown("f", nil, scene.account.group) }
            }
        }
        for kind in Kind.common where kind != .danglingLink { addRights(kind, rules) }
        addSetID(rules)
        addLinks(rules)
    }

    private static func addRights(_ kind: Kind, _ rules: Rules) {
        rules("of \(kind) by its owner to a group that he is in", by: Rules.user) { scene in
            try scene.make(kind, "f")
            for group in [Account.secondGroup, scene.account.group] {
                try scene.lchown("f", nil, group)
                try scene.equal(try scene.status("f").st_gid, group)
                try scene.lchown("f", scene.account.user, group)
            }
        }
        rules("of \(kind) by its owner to a group that he is not in: EPERM", by: Rules.user) { scene in
            try scene.make(kind, "f")
            try scene.expect(.nothing, of: "f") {
                try scene.refused(EPERM) { try scene.lchown("f", nil, Account.stranger.group) }
            }
        }
        rules.refused(EPERM, "of \(kind) by its owner to somebody else", by: Rules.user) {
            try $0.lchown("f", Account.stranger.user, nil)
        } given: {
            try $0.make(kind, "f")
        }
        rules.refused(EPERM, "of \(kind) of somebody else", by: Rules.user) {
            try $0.lchown("f", $0.account.user, nil)
        } given: { scene in
            try scene.byRoot {
                try scene.make(kind, "f")
                try scene.lchown("f", Account.stranger.user, nil)
            }
        }
        rules.refused(EPERM, "of the group of \(kind) of somebody else", by: Rules.user) {
            try $0.lchown("f", nil, Account.secondGroup)
        } given: { scene in
            try scene.byRoot {
                try scene.make(kind, "f")
                try scene.lchown("f", Account.stranger.user, scene.account.group)
            }
        }
    }

    /// The right CAP_NET_RAW for a program, as the attribute `security.capability` has it (linux/capability.h: version 2).
    static let capability: [UInt8] = [0, 0, 0, 2, 0, 0x20, 0, 0] + [UInt8](repeating: 0, count: 12)

    private static func addSetID(_ rules: Rules) {
        for (mode, left) in [(0o6755, 0o755), (0o4711, 0o711), (0o2755, 0o755), (0o1755, 0o1755), (0o755, 0o755)]
            as [(mode_t, mode_t)]
        {
            rules("of a file with mode \(String(mode, radix: 8)): set-id bits fall", by: Rules.both) { scene in
                try scene.file("f")
                try scene.chmod("f", mode)
                try scene.chown("f", scene.account.user, scene.account.isRoot ? 7 : Account.secondGroup)
                try scene.equal(try scene.permissions("f"), left)
            }
        }
        rules("of a directory: set-id bits stay", by: Rules.root) { scene in
            try scene.mkdir("d")
            try scene.chmod("d", 0o6755)
            try scene.chown("d", 5, 6)
            try scene.equal(try scene.permissions("d"), 0o6755)
        }
        rules("capabilities of a program fall", by: Rules.root) { scene in
            try scene.file("f", mode: 0o755)
            try scene.setAttribute("f", "security.capability", Self.capability)
            try scene.chown("f", 5, 6)
            try scene.refused(ENODATA) { _ = try scene.attribute("f", "security.capability") }
        }
    }

    private static func addLinks(_ rules: Rules) {
        rules("through a link changes what it leads to; lchown changes the link", by: Rules.root) { scene in
            try scene.make(.symbolicLink, "f")
            try scene.chown("f", 21, 22)
            try scene.lchown("f", 23, 24)
            let (link, target) = (try scene.status("f"), try scene.status("target"))
            try scene.equal([target.st_uid, target.st_gid, link.st_uid, link.st_gid], [21, 22, 23, 24])
        }
        rules.refused(ENOENT, "of a link to nothing") {
            try $0.chown("f", nil, $0.account.group)
        } given: {
            try $0.symlink("nowhere", "f")
        }
        rules("lchown of a link to nothing") { scene in
            try scene.symlink("nowhere", "f")
            try scene.lchown("f", scene.account.user, scene.account.group)
        }
        rules("by one name is seen by the others", by: Rules.root) { scene in
            try scene.file("a")
            try scene.link("a", "b")
            try scene.chown("a", 31, 32)
            try scene.equal(try scene.status("b").st_uid, 31)
        }
        rules("fchown of what has no name any more", by: Rules.root) { scene in
            let file = try scene.file("f")
            try scene.unlink("f")
            try file.chown(41, 42)
            try scene.equal([try file.status.st_uid, try file.status.st_gid], [41, 42])
        }
        rules("the largest numbers that there are", by: Rules.root) { scene in
            try scene.file("f")
            try scene.chown("f", 0xFFFF_FFFE, 0xFFFF_FFFE)
            try scene.equal([try scene.status("f").st_uid, try scene.status("f").st_gid], [0xFFFF_FFFE, 0xFFFF_FFFE])
        }
        rules.refused(EROFS, "on a read-only mount") {
            try $0.chown(try $0.readOnlyPath("f"), nil, $0.account.group)
        } given: {
            try $0.file("f")
        }
        rules("who gets a file may do with it what its owner may", by: Rules.root) { scene in
            try scene.file("f", "text", mode: 0o600)
            try scene.by(.stranger) { try scene.refused(EACCES) { _ = try scene.text("f") } }
            try scene.chown("f", Account.stranger.user, nil)
            try scene.by(.stranger) { try scene.equal(try scene.text("f"), "text") }
        }
    }
}
