import Glibc

extension RuleTable {
    /// opendir(3), readdir(3), telldir(3), seekdir(3), rewinddir(3).
    static let directories = RuleTable("directories") { rules in
        for count in [0, 1, 10, 1500] {
            rules("\(count) entries come each once", by: count > 100 ? Rules.user : Rules.both) { scene in
                try fill(scene, count)
                let names = try scene.names("d")
                try scene.equal(names.count, count)
                try scene.equal(Set(names).count, count)
            }
        }
        rules("long names come each once") { scene in
            let names = (0..<100).map { "\($0)" + String(repeating: "x", count: 250) }
            for name in names { try scene.make(.pipe, name) }
            try scene.equal(try scene.names(".").sorted(), names.sorted())
        }
        rules("a dot and two dots come, with their numbers") { scene in
            try scene.mkdir("d")
            let directory = try OpenDirectory("d")
            var numbers: [String: UInt64] = [:]
            while let entry = directory.next() { numbers[String(decoding: entry.name, as: UTF8.self)] = entry.inode }
            let wanted = [".": UInt64(try scene.status("d").st_ino), "..": UInt64(try scene.status(".").st_ino)]
            try scene.equal(numbers, wanted)
        }
        for kind in Kind.allCases {
            rules("the kind of \(kind) comes along", by: kind.makers) { scene in
                try scene.mkdir("d")
                try scene.make(kind, "d/f")
                let directory = try OpenDirectory("d")
                var types: [String: mode_t] = [:]
                while let entry = directory.next() { types[String(decoding: entry.name, as: UTF8.self)] = entry.type }
                try scene.equal(types["f"], kind.type)
            }
        }
        addChanges(rules)
        addPlaces(rules)
    }

    private static func fill(_ scene: Scene, _ count: Int) throws {
        try scene.mkdir("d")
        for number in 0..<count { try scene.make(.pipe, "d/f\(number)") }
    }

    /// How many entries there are where some come while others are made and removed. Their names are so long that they do not come in
    /// one call.
    private static let many = 200
    private static let tail = "-" + String(repeating: "x", count: 200)

    private static func fill(_ scene: Scene) throws {
        try scene.mkdir("d")
        for number in 0..<many { try scene.make(.regular, "d/f\(number)" + tail) }
    }

    private static func number(_ name: String) -> Int? { Int(name.dropFirst().prefix { $0 != "-" }) }

    private static func addChanges(_ rules: Rules) {
        rules("what is not touched comes once while others are removed") { scene in
            try fill(scene)
            let directory = try OpenDirectory("d")
            var found: [String] = []
            while let entry = directory.next() {
                let name = String(decoding: entry.name, as: UTF8.self)
                found.append(name)
                if let number = number(name), number % 2 == 1 { try scene.unlink("d/" + name) }
            }
            let untouched = found.filter { number($0).map { $0 % 2 == 0 } ?? false }
            try scene.equal(untouched.count, many / 2)
            try scene.equal(Set(untouched).count, many / 2)
            try scene.equal(try scene.names("d").count, many / 2)
        }
        rules("what is not touched comes once while others are made") { scene in
            try fill(scene)
            let directory = try OpenDirectory("d")
            var found: [String] = []
            while let entry = directory.next() {
                found.append(String(decoding: entry.name, as: UTF8.self))
                if found.count % 3 == 0 { try scene.make(.pipe, "d/new\(found.count)" + tail) }
            }
            let untouched = found.filter { $0.hasPrefix("f") }
            try scene.equal(untouched.count, many)
            try scene.equal(Set(found).count, found.count, "each name comes once")
        }
        rules("removing each entry as it comes empties a directory") { scene in
            try fill(scene)
            let directory = try OpenDirectory("d")
            while let entry = directory.next() {
                let name = String(decoding: entry.name, as: UTF8.self)
                if name != ".", name != ".." { try scene.unlink("d/" + name) }
            }
            try scene.rmdir("d")
        }
        rules("what was removed while a directory is read is not there, listed or not") { scene in
            try fill(scene)
            let directory = try OpenDirectory("d")
            _ = (0..<3).map { _ in directory.next() }
            for number in 0..<many { try scene.unlink("d/f\(number)" + tail) }
            _ = try directory.rest()
            for number in 0..<many { try scene.refused(ENOENT) { _ = try scene.status("d/f\(number)" + tail) } }
            try scene.equal(try scene.names("d"), [])
        }
        rules("what was made anew while a directory is read is what it is now") { scene in
            try fill(scene)
            let directory = try OpenDirectory("d")
            _ = (0..<3).map { _ in directory.next() }
            for number in 0..<many {
                try scene.unlink("d/f\(number)" + tail)
                try scene.mkdir("d/f\(number)" + tail)
            }
            _ = try directory.rest()
            for number in 0..<many { try scene.equal(try scene.status("d/f\(number)" + tail).kind, .directory) }
        }
        rules("what was renamed while a directory is read has its new name alone") { scene in
            try fill(scene)
            let directory = try OpenDirectory("d")
            _ = (0..<3).map { _ in directory.next() }
            for number in 0..<many { try scene.rename("d/f\(number)" + tail, "d/g\(number)" + tail) }
            _ = try directory.rest()
            for number in 0..<many { try scene.check(try !scene.exists("d/f\(number)" + tail), "f\(number) is gone") }
            try scene.equal(try scene.names("d").filter { $0.hasPrefix("g") }.count, many)
        }
        rules("attributes are those of now, also of what was listed before") { scene in
            try fill(scene)
            let directory = try OpenDirectory("d")
            _ = (0..<3).map { _ in directory.next() }
            for number in 0..<many { try scene.chmod("d/f\(number)" + tail, 0o600) }
            _ = try directory.rest()
            for number in 0..<many { try scene.equal(try scene.permissions("d/f\(number)" + tail), 0o600) }
        }
        rules("a directory that moves while it is read is read on") { scene in
            try fill(scene)
            try scene.mkdir("e")
            let directory = try OpenDirectory("d")
            _ = (0..<5).map { _ in directory.next() }
            try scene.rename("d", "e/d")
            try scene.equal(try directory.rest().count, many - 3)
        }
    }

    private static func addPlaces(_ rules: Rules) {
        rules("rewinddir begins again, with what there is then") { scene in
            try fill(scene, 20)
            let directory = try OpenDirectory("d")
            try scene.equal(try directory.rest().count, 22)
            try scene.unlink("d/f0")
            try scene.make(.regular, "d/new")
            try scene.make(.regular, "d/newer")
            directory.rewind()
            try scene.equal(Set(try directory.rest()).subtracting([".", ".."]), Set(try scene.names("d")))
        }
        rules("seekdir goes back to where telldir was") { scene in
            try fill(scene)
            let directory = try OpenDirectory("d")
            for _ in 0..<100 { _ = directory.next() }
            let place = directory.place
            let rest = try directory.rest()
            try scene.equal(rest.count, many - 98)
            directory.seek(place)
            try scene.equal(try directory.rest(), rest)
        }
        rules("each place leads to the entry after it") { scene in
            try fill(scene, 50)
            let directory = try OpenDirectory("d")
            var places: [(Int, [UInt8])] = []
            var place = directory.place
            while let entry = directory.next() {
                places.append((place, entry.name))
                place = directory.place
            }
            for (place, name) in places.reversed() {
                directory.seek(place)
                try scene.equal(directory.next()?.name, name)
            }
        }
        rules("two who read the same directory do not disturb each other") { scene in
            try fill(scene)
            let (one, other) = (try OpenDirectory("d"), try OpenDirectory("d"))
            var counts = [0, 0]
            while one.next() != nil {
                counts[0] += 1
                if other.next() != nil { counts[1] += 1 }
            }
            try scene.equal(counts, [many + 2, many + 2])
        }
        rules("a place stays good when what is before it is removed") { scene in
            try fill(scene)
            let directory = try OpenDirectory("d")
            var passed: [String] = []
            for _ in 0..<100 { if let entry = directory.next() { passed.append(String(decoding: entry.name, as: UTF8.self)) } }
            let place = directory.place
            for name in passed where name.hasPrefix("f") { try scene.unlink("d/" + name) }
            directory.seek(place)
            let rest = try directory.rest().filter { $0.hasPrefix("f") }
            try scene.equal(Set(rest), Set(try scene.names("d")))
        }
    }
}
