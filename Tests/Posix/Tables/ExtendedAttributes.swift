import Glibc

extension RuleTable {
    // sys/xattr.h
    private static let create: Int32 = 1
    private static let replace: Int32 = 2

    /// setxattr(2), getxattr(2), listxattr(2), removexattr(2), xattr(7).
    static let extendedAttributes = RuleTable("xattr") { rules in
        for kind in [Kind.regular, .directory] {
            rules("of \(kind) is set, read, listed and removed") { scene in
                try scene.make(kind, "f")
                try scene.setAttribute("f", "user.a", [1, 2, 0, 3])
                try scene.equal(try scene.attribute("f", "user.a"), [1, 2, 0, 3])
                try scene.equal(try scene.attributes("f"), ["user.a"])
                try scene.removeAttribute("f", "user.a")
                try scene.equal(try scene.attributes("f"), [])
                try scene.refused(ENODATA) { _ = try scene.attribute("f", "user.a") }
            }
            rules("of \(kind) changes it, and does not modify it") { scene in
                try scene.make(kind, "f")
                try scene.expect(.changed, of: "f") { try scene.setAttribute("f", "user.a", [1]) }
                try scene.expect(.changed, of: "f") { try scene.removeAttribute("f", "user.a") }
                try scene.expect(.nothing, of: "f") { _ = try scene.attributes("f") }
            }
        }
        for size in [0, 1, 255, 3000] {
            rules("a value of \(size) bytes") { scene in
                try scene.file("f")
                let value = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
                try scene.setAttribute("f", "user.a", value)
                try scene.equal(try scene.attribute("f", "user.a"), value)
                try scene.equal(try scene.attribute("f", "user.a", room: 0).count, size, "its size")
            }
        }
        rules("a value of 64 KiB, and none longer", on: .volume) { scene in
            try scene.file("f")
            let value = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 % 253) }
            try scene.setAttribute("f", "user.a", value)
            try scene.check(try scene.attribute("f", "user.a") == value, "it is read as it was set")
            try scene.refused(E2BIG) { try scene.setAttribute("f", "user.a", value + [1]) }
        }
        addManners(rules)
        addNames(rules)
        addRights(rules)
    }

    private static func addManners(_ rules: Rules) {
        rules("is replaced by what is shorter and longer") { scene in
            try scene.file("f")
            for value in [[1, 2, 3], [4], [5, 6, 7, 8], []] as [[UInt8]] {
                try scene.setAttribute("f", "user.a", value)
                try scene.equal(try scene.attribute("f", "user.a"), value)
            }
        }
        rules("to be made where it is: EEXIST") { scene in
            try scene.file("f")
            try scene.setAttribute("f", "user.a", [1], create)
            try scene.refused(EEXIST) { try scene.setAttribute("f", "user.a", [2], create) }
            try scene.equal(try scene.attribute("f", "user.a"), [1])
        }
        rules("to be replaced where it is not: ENODATA") { scene in
            try scene.file("f")
            try scene.refused(ENODATA) { try scene.setAttribute("f", "user.a", [1], replace) }
            try scene.equal(try scene.attributes("f"), [])
            try scene.setAttribute("f", "user.a", [1])
            try scene.setAttribute("f", "user.a", [2], replace)
            try scene.equal(try scene.attribute("f", "user.a"), [2])
        }
        rules.refused(ENODATA, "to be removed where it is not") {
            try $0.removeAttribute("f", "user.a")
        } given: {
            try $0.file("f")
        }
        rules.refused(ERANGE, "with too little room for its value") {
            _ = try $0.attribute("f", "user.a", room: 2)
        } given: { scene in
            try scene.file("f")
            try scene.setAttribute("f", "user.a", [1, 2, 3])
        }
        rules.refused(ERANGE, "with too little room for the list") {
            _ = try $0.attributes("f", room: 5)
        } given: { scene in
            try scene.file("f")
            try scene.setAttribute("f", "user.long-name", [1])
        }
        rules("many of one file") { scene in
            try scene.file("f")
            for number in 0..<50 { try scene.setAttribute("f", "user.a\(number)", [UInt8(number)]) }
            try scene.equal(Set(try scene.attributes("f")), Set((0..<50).map { "user.a\($0)" }))
            for number in stride(from: 0, to: 50, by: 2) { try scene.removeAttribute("f", "user.a\(number)") }
            try scene.equal(try scene.attributes("f").count, 25)
            try scene.equal(try scene.attribute("f", "user.a49"), [49])
        }
        rules("belong to the file, and not to its name") { scene in
            try scene.file("a")
            try scene.link("a", "b")
            try scene.setAttribute("a", "user.a", [1])
            try scene.rename("a", "c")
            try scene.equal(try scene.attribute("b", "user.a"), [1])
            try scene.file("a")
            try scene.equal(try scene.attributes("a"), [])
        }
        rules("stay when the content changes") { scene in
            let file = try scene.file("f", "text")
            try scene.setAttribute("f", "user.a", [1])
            try file.write("more")
            try file.truncate(0)
            try scene.equal(try scene.attribute("f", "user.a"), [1])
        }
    }

    private static func addNames(_ rules: Rules) {
        rules("a name of 255 bytes, and none longer: ERANGE") { scene in
            try scene.file("f")
            let name = "user." + String(repeating: "n", count: 250)
            try scene.setAttribute("f", name, [1])
            try scene.equal(try scene.attribute("f", name), [1])
            try scene.refused(ERANGE) { try scene.setAttribute("f", name + "n", [1]) }
        }
        for name in ["user.ä", "user. blank", "user.a.b.c", "user.\u{1}"] {
            rules("the name '\(name.dropFirst(5))'") { scene in
                try scene.file("f")
                try scene.setAttribute("f", name, [1])
                try scene.equal(try scene.attributes("f"), [name])
            }
        }
        rules.refused(EOPNOTSUPP, "of a class that there is not") {
            try $0.setAttribute("f", "unknown.a", [1])
        } given: {
            try $0.file("f")
        }
        rules.refused([EOPNOTSUPP, EINVAL], "of a class without a name") {
            try $0.setAttribute("f", "user.", [1])
        } given: {
            try $0.file("f")
        }
        rules.refused(ERANGE, "without a name") {
            try $0.setAttribute("f", "", [1])
        } given: {
            try $0.file("f")
        }
        rules("names differ in letters of both cases") { scene in
            try scene.file("f")
            try scene.setAttribute("f", "user.a", [1])
            try scene.setAttribute("f", "user.A", [2])
            try scene.equal(try scene.attribute("f", "user.a"), [1])
        }
        rules.refused(EOPNOTSUPP, "lists of rights, which are not supported", on: .volume) {
            try $0.setAttribute("f", "system.posix_acl_access", [2, 0, 0, 0])
        } given: {
            try $0.file("f")
        }
    }

    private static func addRights(_ rules: Rules) {
        for kind in [Kind.symbolicLink, .pipe, .socket] {
            rules.refused(EPERM, "of a user of \(kind)") {
                try $0.setAttribute("f", "user.a", [1], follows: false)
            } given: {
                try $0.make(kind, "f")
            }
        }
        rules("through a link is of what it leads to") { scene in
            try scene.make(.symbolicLink, "l")
            try scene.setAttribute("l", "user.a", [1])
            try scene.equal(try scene.attribute("target", "user.a"), [1])
        }
        rules.refused(EPERM, "that is trusted, by an ordinary user", by: Rules.user) {
            try $0.setAttribute("f", "trusted.a", [1])
        } given: {
            try $0.file("f")
        }
        rules("that is trusted is root's alone", by: Rules.root) { scene in
            try scene.file("f", mode: 0o644)
            try scene.setAttribute("f", "trusted.a", [1])
            try scene.equal(try scene.attribute("f", "trusted.a"), [1])
            try scene.by(.stranger) { try scene.refused(ENODATA) { _ = try scene.attribute("f", "trusted.a") } }
        }
        rules.refused(EACCES, "is set by who may not write", by: Rules.user) {
            try $0.setAttribute("f", "user.a", [1])
        } given: {
            try $0.file("f", mode: 0o444)
        }
        rules.refused(EACCES, "is read by who may not read", by: Rules.user) {
            _ = try $0.attribute("f", "user.a")
        } given: { scene in
            try scene.file("f")
            try scene.setAttribute("f", "user.a", [1])
            try scene.chmod("f", 0o200)
        }
        rules("of somebody else's file that may be written", by: Rules.user) { scene in
            try scene.byRoot {
                try scene.file("f")
                try scene.chmod("f", 0o666)
            }
            try scene.setAttribute("f", "user.a", [1])
        }
        rules.refused(EPERM, "of somebody else's sticky directory", by: Rules.user) {
            try $0.setAttribute("d", "user.a", [1])
        } given: { scene in
            try scene.byRoot {
                try scene.mkdir("d")
                try scene.chmod("d", 0o1777)
            }
        }
        rules.refused(EROFS, "on a read-only mount") {
            try $0.setAttribute(try $0.readOnlyPath("f"), "user.a", [1])
        } given: {
            try $0.file("f")
        }
    }
}
