import Foundation
import Glibc
import Resources
import Testing
import VolumeKit

@Suite("Calls at random", .serialized, .timeLimit(.minutes(4)), .enabled(if: Ground.isPossible, "needs root and /dev/fuse"))
struct RandomCallsTests {
    @Test(
        "Through two mounts in turns they have the results, and leave what they leave, on a file system of this machine",
        arguments: 0..<16 as Range<UInt64>)
    func alike(seed: UInt64) async throws {
        try await ServedVolume.serving { served in
            let local = served.directory + "/local"
            try FileManager.default.createDirectory(atPath: local, withIntermediateDirectories: true)
            let mounts = [try served.mount(.forEverybody).path, try served.mount(.forEverybody).path]
            try await onThread {
                var calls = RandomCalls(mounts: mounts, local: local, seed: seed)
                for step in 0..<400 {
                    try calls.makeOne()
                    if step % 40 == 39 { try calls.compare() }
                }
            }
        }
    }
}

/// Makes the same calls on a volume and on a local directory.
private struct RandomCalls {
    /// The same file, opened on one of the mounts and locally.
    private struct Pair {
        let volume: OpenFile
        let local: OpenFile
    }

    private let mounts: [String]
    private let local: String
    private var random: SeededGenerator
    private var open: [Pair] = []
    private var told: [String] = []

    init(mounts: [String], local: String, seed: UInt64) {
        (self.mounts, self.local, random) = (mounts, local, SeededGenerator(seed: seed))
    }

    // MARK: Calls

    mutating func makeOne() throws {
        if Int.random(in: 0..<4, using: &random) == 0, let pair = open.randomElement(using: &random) {
            return try useOpen(pair)
        }
        let (a, b, number) = (path(), path(), Int.random(in: 0..<100, using: &random))
        switch number {
        case 0..<20: try write(a)
        case 20..<30: try both("mkdir \(a)") { try $0.mkdir($0.directory + a) }
        case 30..<40: try both("unlink \(a)") { try $0.unlink($0.directory + a) }
        case 40..<46: try both("rmdir \(a)") { try $0.rmdir($0.directory + a) }
        case 46..<70: try rename(a, b, number)
        case 70..<76: try both("link \(a) \(b)") { try $0.link($0.directory + a, $0.directory + b) }
        case 76..<80:
            // It stays in the directory, wherever it lies.
            let target = String(a.dropFirst())
            try both("symlink \(target) \(b)") { try $0.symlink(target, $0.directory + b) }
        case 80..<84:
            let size = Int.random(in: 0..<200_000, using: &random)
            try both("truncate \(a) \(size)") { try $0.truncate($0.directory + a, size) }
        case 84..<88:
            let mode = mode_t.random(in: 0...0o7777, using: &random)
            try both("chmod \(a) \(mode)") { try $0.chmod($0.directory + a, mode) }
        case 88..<91: try both("chown \(a)") { try $0.lchown($0.directory + a, uid_t(number), gid_t(number)) }
        case 91..<94:
            let time = timespec(tv_sec: Int.random(in: -9...1 << 32, using: &random), tv_nsec: number)
            try both("utimens \(a)") { try $0.utimens($0.directory + a, [time, time], AT_SYMLINK_NOFOLLOW) }
        case 94..<97: try both("setxattr \(a)") { try $0.setAttribute($0.directory + a, "user.a", [UInt8(number)]) }
        default: try both("removexattr \(a)") { try $0.removeAttribute($0.directory + a, "user.a") }
        }
    }

    /// Renames after a look at both names, as mv(1) does: where a directory that is in use here was moved through another mount, the
    /// kernel finds it at its new place, but says ESTALE when it first comes upon it within a rename (d_splice_alias()).
    private mutating func rename(_ a: String, _ b: String, _ number: Int) throws {
        let flags: Scene.RenameFlags = number < 60 ? [] : number < 64 ? .noReplace : .exchange
        try both("rename \(a) \(b) \(flags.rawValue)") { scene in
            let (old, new) = (scene.directory + a, scene.directory + b)
            _ = (try? scene.status(old), try? scene.status(new))
            try scene.renameat2(old, new, flags)
        }
    }

    private mutating func path() -> String {
        let depth = Int.random(in: 1...3, using: &random)
        return (0..<depth).map { _ in "/" + (["a", "b", "c"].randomElement(using: &random) ?? "a") }.joined()
    }

    private mutating func write(_ path: String) throws {
        let choices = [O_CREAT, O_CREAT | O_TRUNC, O_CREAT | O_EXCL, O_CREAT | O_APPEND, 0] as [Int32]
        let flags = choices.randomElement(using: &random) ?? 0
        let (bytes, offset) = (content(), Int.random(in: 0..<150_000, using: &random))
        var files: [OpenFile] = []
        try both("open \(path) \(flags), write \(bytes.count) at \(offset)") { scene in
            let file = try scene.open(scene.directory + path, flags | O_RDWR)
            files.append(file)
            try file.write(bytes, at: offset)
        }
        guard files.count == 2 else { return }
        open.append(Pair(volume: files[0], local: files[1]))
        if open.count > 6 { open.remove(at: Int.random(in: 0..<open.count, using: &random)) }
    }

    private mutating func content() -> [UInt8] {
        let byte = UInt8.random(in: 1...255, using: &random)
        return [UInt8](repeating: byte, count: [1, 100, 5000, 70_000].randomElement(using: &random) ?? 1)
    }

    /// Something with what is open, whether or not it has a name still.
    private mutating func useOpen(_ pair: Pair) throws {
        let (offset, count) = (Int.random(in: 0..<200_000, using: &random), Int.random(in: 1..<60_000, using: &random))
        let bytes = content()
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: try both(pair, "write \(bytes.count) at \(offset)") { try $0.write(bytes, at: offset) }
        case 2: try both(pair, "append") { try $0.seek(0, SEEK_END) + $0.write(bytes) }
        case 3: try both(pair, "read \(count) at \(offset)") { try $0.read(count, at: offset).hashValue }
        case 4:
            try both(pair, "truncate \(offset)") {
                try $0.truncate(offset)
                return 0
            }
        case 5:
            try both(pair, "punch \(count) at \(offset)") {
                try $0.allocate([.punchHole, .keepSize], offset, count)
                return 0
            }
        case 6:
            try both(pair, "allocate \(count) at \(offset)") {
                try $0.allocate([], offset, count)
                return 0
            }
        default:
            try both(pair, "sync") {
                try $0.synchronize()
                return try $0.size
            }
        }
    }

    /// The results have to be the same.
    private mutating func both(_ what: String, _ call: (Scene) throws -> Void) throws {
        let mount = mounts.randomElement(using: &random) ?? ""
        told.append("\(mounts.firstIndex(of: mount) ?? 0): \(what)")
        func result(_ directory: String) throws -> Int32 {
            do { try call(Scene(account: .root, directory: directory, readOnly: nil)) } catch let fault as Fault {
                return fault.number
            }
            return 0
        }
        let (found, wanted) = (try result(mount), try result(local))
        if found != wanted { throw Unmet("\(Fault.name(of: found)) and not \(Fault.name(of: wanted)), after \(history)") }
    }

    private mutating func both(_ pair: Pair, _ what: String, _ call: (OpenFile) throws -> Int) throws {
        told.append("of what is open: \(what)")
        func result(_ file: OpenFile) throws -> Int {
            do { return try call(file) } catch let fault as Fault { return -Int(fault.number) }
        }
        let (found, wanted) = (try result(pair.volume), try result(pair.local))
        if found != wanted { throw Unmet("\(found) and not \(wanted), after \(history)") }
    }

    private var history: String { told.suffix(15).joined(separator: "; ") }

    // MARK: What is left

    func compare() throws {
        let wanted = try tree(local)
        for mount in mounts {
            let found = try tree(mount)
            for (path, text) in wanted where found[path] != text {
                throw Unmet("\(path) is \(found[path] ?? "not there") and not \(text), after \(history)")
            }
            if let path = found.keys.first(where: { wanted[$0] == nil }) { throw Unmet("\(path) is there, after \(history)") }
        }
        for pair in open {
            let (found, wanted) = (try pair.volume.status, try pair.local.status)
            guard found.st_nlink == wanted.st_nlink, found.st_size == wanted.st_size else {
                throw Unmet(
                    "what is open has \(found.st_nlink) links and \(found.st_size) bytes, not \(wanted), after \(history)")
            }
        }
    }

    /// All that is there, by its path.
    private func tree(_ directory: String) throws -> [String: String] {
        var (found, left) = ([String: String](), [""])
        while let path = left.popLast() {
            let scene = Scene(account: .root, directory: directory + path, readOnly: nil)
            for name in try scene.names(scene.directory) {
                let (place, status) = (directory + path + "/" + name, try scene.status(scene.directory + "/" + name))
                var text = "\(status.st_mode) \(status.st_uid) \(status.st_gid) \(status.st_nlink)"
                // A time that was set; others are not the same.
                if status.st_mtim.tv_nsec < 100 { text += " \(status.modified)" }
                switch status.kind {
                case .directory: left.append(path + "/" + name)
                case .symbolicLink: text += " to \(String(decoding: try scene.target(place), as: UTF8.self))"
                default:
                    text += " \(status.st_size) \(try scene.open(place, O_RDONLY).read(400_000).hashValue)"
                    text += " \(try scene.attributes(place).map { "\($0) \(try scene.attribute(place, $0))" })"
                }
                found[path + "/" + name] = text
            }
        }
        return found
    }
}
