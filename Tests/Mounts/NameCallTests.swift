import Glibc
import Mounts
import Testing
import Volumes

@Suite("Names on a mount", .enabled(if: MountedFiles.isPossible, "needs root and /dev/fuse"))
struct NameCallTests {
    private let mounted: MountedFiles

    init() throws { mounted = try MountedFiles() }

    private func make(_ name: String, _ text: String = "") throws {
        try OpenFile(mounted.path(name), O_WRONLY | O_CREAT | O_EXCL).write(text)
    }

    /// As makedev(3) puts it.
    private func device(_ major: dev_t, _ minor: dev_t) -> dev_t { minor & 0xFF | major << 8 | (minor >> 8) << 20 }

    @Test("Files of every kind are made, with their permissions less what the umask forbids")
    func kinds() throws {
        try make("file")
        try sys { mkdir(mounted.path("directory"), 0o777) }
        try sys { symlink("file", mounted.path("link")) }
        try sys { mkfifo(mounted.path("pipe"), 0o622) }
        try sys { mknod(mounted.path("null"), S_IFCHR | 0o600, device(259, 70_000)) }
        try sys { mknod(mounted.path("block"), S_IFBLK | 0o600, device(8, 1)) }
        try sys { mknod(mounted.path("socket"), S_IFSOCK | 0o600, 0) }
        try sys { mknod(mounted.path("plain"), Glibc.S_IFREG | 0o604, 0) }
        #expect(try status(mounted.path("directory")).st_mode == S_IFDIR | 0o755)
        #expect(try status(mounted.path("link")).st_mode & S_IFMT == S_IFLNK)
        #expect(try status(mounted.path("pipe")).st_mode == S_IFIFO | 0o600)
        #expect(try status(mounted.path("null")).st_rdev == device(259, 70_000))
        #expect(try status(mounted.path("block")).st_mode & S_IFMT == S_IFBLK)
        #expect(try status(mounted.path("socket")).st_mode & S_IFMT == S_IFSOCK)
        #expect(try status(mounted.path("plain")).st_mode == Glibc.S_IFREG | 0o604)
        #expect(try status(mounted.directory).st_nlink == 3)
        #expect(mounted.files.count("makeNode") == 5)
        #expect(throws: Fault(EEXIST)) { try sys { mkdir(mounted.path("file"), 0o700) } }
        let maker = mounted.files.change { $0.lastMaker }
        #expect(maker?.umask == 0o022 && maker?.user == 0)
    }

    @Test("Links, symbolic and not, lead where they say")
    func links() throws {
        try make("file", "here")
        try sys { link(mounted.path("file"), mounted.path("hard")) }
        let target = String(repeating: "x/", count: 2000) + "end"
        try sys { symlink(target, mounted.path("soft")) }
        #expect(try OpenFile(mounted.path("hard"), O_RDONLY).text() == "here")
        #expect(try status(mounted.path("file")).st_nlink == 2)
        var room = [CChar](repeating: 0, count: 5000)
        #expect(try sys { readlink(mounted.path("soft"), &room, room.count) } == target.utf8.count)
        #expect(try status(mounted.path("soft")).st_size == target.utf8.count)
    }

    @Test("What is renamed replaces, keeps or changes places")
    func renaming() throws {
        try make("a", "A")
        try make("b", "B")
        try sys { mkdir(mounted.path("d"), 0o755) }
        let move = """
            import ctypes, os, sys
            libc = ctypes.CDLL(None, use_errno=True)
            done = libc.renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), int(sys.argv[3]))
            print(done and ctypes.get_errno())
            """
        func rename(_ from: String, _ to: String, flags: Int) throws -> String {
            try Program.run("/usr/bin/python3", "-c", move, mounted.path(from), mounted.path(to), String(flags))
        }
        #expect(try rename("a", "b", flags: 1) == String(EEXIST))
        #expect(try rename("a", "b", flags: 2) == "0")
        #expect(try OpenFile(mounted.path("a"), O_RDONLY).text() == "B")
        #expect(try rename("a", "d/c", flags: 1) == "0")
        #expect(try rename("b", "d/c", flags: 0) == "0")
        #expect(try rename("d/c", "d/w", flags: 4) == String(EINVAL))
        #expect(try OpenFile(mounted.path("d/c"), O_RDONLY).text() == "A")
        #expect(try names(mounted.directory).count == 3)
        #expect(try rename("d", "d/e", flags: 0) == String(EINVAL))
    }

    @Test("What is removed is usable while it is open, and then gone")
    func removal() throws {
        try make("file", "kept")
        let file = try OpenFile(mounted.path("file"), O_RDWR)
        try sys { unlink(mounted.path("file")) }
        #expect(throws: Fault(ENOENT)) { try status(mounted.path("file")) }
        #expect(try file.text() == "kept" && file.status.st_nlink == 0)
        try sys { mkdir(mounted.path("d"), 0o755) }
        try make("d/x")
        #expect(throws: Fault(ENOTEMPTY)) { try sys { rmdir(mounted.path("d")) } }
        try sys { unlink(mounted.path("d/x")) }
        try sys { rmdir(mounted.path("d")) }
        #expect(throws: Fault(ENOENT)) { try status(mounted.path("d")) }
    }

    @Test("Names are up to 255 bytes of any kind")
    func strange() throws {
        let longest = [UInt8](repeating: 0xC3, count: 255)
        let strange: [[UInt8]] = [longest, [0xFF, 0xFE, 0x0A], Array("\u{301}e \\\"".utf8), [0x01]]
        for name in strange {
            let path = (Array(mounted.path("").utf8) + name).map { CChar(bitPattern: $0) } + [0]
            try sys { mkdir(path, 0o755) }
            try sys { chmod(path, 0o700) }
        }
        let listed = try names(mounted.directory)
        #expect(Set(listed) == Set(strange + [[0x2E], [0x2E, 0x2E]]) && listed.count == 6)
        #expect(throws: Fault(ENAMETOOLONG)) { try sys { mkdir(mounted.path(String(repeating: "n", count: 256)), 0o755) } }
    }

    @Test("A listing of any length has each name once, with what it leads to, also from its middle on")
    func listing() throws {
        let count = 2500
        mounted.files.change { state in
            for number in 1...count {
                guard let name = try? FileName("\(number) " + String(repeating: "n", count: number % 200)) else { return }
                _ = try? state.make(name, in: .root, number.isMultiple(of: 2) ? .regular : .directory, 0o755, .nobody)
            }
        }
        #expect(try Set(names(mounted.directory)).count == count + 2)
        let stream = try #require(opendir(mounted.directory))
        defer { closedir(stream) }
        var (places, listed) = ([Int](), [UInt64: UInt8]())
        while let entry = readdir(stream) {
            places.append(telldir(stream))
            listed[UInt64(entry.pointee.d_ino)] = entry.pointee.d_type
        }
        #expect(places.count == count + 2 && Set(places).count == count + 2)
        #expect(listed.count == count + 1, "the root is its own parent")
        #expect(listed.values.filter { $0 == FileKind.regular.rawValue }.count == count / 2)
        seekdir(stream, places[1700])
        var rest = 0
        while readdir(stream) != nil { rest += 1 }
        #expect(rest == count + 2 - 1701)
        try make("late")
        rewinddir(stream)
        var again = 0
        while readdir(stream) != nil { again += 1 }
        #expect(again == count + 3)
        #expect(mounted.files.count("listWithAttributes") > 0)
    }

    @Test("A listing with attributes spares the lookups")
    func listingWithAttributes() throws {
        mounted.files.change { $0.validity = .seconds(3600) }
        for name in ["a", "b", "c"] {
            mounted.files.change { _ = try? $0.make(FileName(name), in: .root, .regular, 0o640, .nobody) }
        }
        _ = try names(mounted.directory)
        let before = mounted.files.count("lookup")
        for name in ["a", "b", "c"] { #expect(try status(mounted.path(name)).st_mode == Glibc.S_IFREG | 0o640) }
        #expect(mounted.files.count("lookup") == before)
    }

    @Test("What the kernel forgets is forgotten")
    func forgetting() throws {
        for number in 1...50 {
            try make("f\(number)", "x")
            try sys { unlink(mounted.path("f\(number)")) }
        }
        // No call waits for the kernel to forget; the end of the mount does.
        try mounted.mount.unmount(.lazy)
        try mounted.hasEnded()
        #expect(mounted.files.count("forget") > 0)
    }

    @Test("An error of a name's method is the system call's")
    func faults() throws {
        mounted.files.change { state in
            state.faults = [
                "makeDirectory": .quotaExceeded, "unlink": .busy, "link": .tooManyLinks, "openDirectory": .accessDenied,
                "target": .inputOutput,
            ]
        }
        try make("file")
        try sys { symlink("x", mounted.path("s")) }
        var room = [CChar](repeating: 0, count: 10)
        #expect(throws: Fault(EDQUOT)) { try sys { mkdir(mounted.path("d"), 0o755) } }
        #expect(throws: Fault(EBUSY)) { try sys { unlink(mounted.path("file")) } }
        #expect(throws: Fault(EMLINK)) { try sys { link(mounted.path("file"), mounted.path("g")) } }
        #expect(throws: Fault(EACCES)) { try names(mounted.directory) }
        #expect(throws: Fault(EIO)) { try sys { readlink(mounted.path("s"), &room, room.count) } }
    }
}
