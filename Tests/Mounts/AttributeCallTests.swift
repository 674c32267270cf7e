import Foundation
import Glibc
import Mounts
import Resources
import Testing
import Volumes

@Suite("Attributes on a mount", .enabled(if: MountedFiles.isPossible, "needs root and /dev/fuse"))
struct AttributeCallTests {
    private let mounted: MountedFiles

    init() throws { mounted = try MountedFiles() }

    private func make(_ name: String, _ text: String = "text") throws -> String {
        try OpenFile(mounted.path(name), O_WRONLY | O_CREAT).write(text)
        return mounted.path(name)
    }

    @Test("Each attribute changes alone")
    func changes() throws {
        let path = try make("file")
        try sys { chmod(path, 0o4711) }
        #expect(try status(path).st_mode == Glibc.S_IFREG | 0o4711)
        try sys { chown(path, 12, 0xFFFF_FFFF) }
        try sys { lchown(path, 0xFFFF_FFFF, 34) }
        #expect(try status(path).st_uid == 12 && status(path).st_gid == 34)
        try sys { truncate(path, 2) }
        #expect(try status(path).st_size == 2)
        let file = try OpenFile(path, O_RDWR)
        try sys { ftruncate(file.descriptor, 100) }
        #expect(try file.read().count == 100)
        #expect(mounted.files.change { $0.lastChange?.size } == 100)
    }

    @Test("Times are set to the nanosecond, before 1970 too, to now, or not at all")
    func times() throws {
        let path = try make("file")
        let times = [timespec(tv_sec: 1_234_567_890, tv_nsec: 123_456_789), timespec(tv_sec: -2, tv_nsec: 999_999_999)]
        try sys { utimensat(AT_FDCWD, path, times, 0) }
        #expect(try status(path).st_atim.tv_nsec == 123_456_789 && status(path).st_atim.tv_sec == 1_234_567_890)
        #expect(try status(path).st_mtim.tv_nsec == 999_999_999 && status(path).st_mtim.tv_sec == -2)
        // bits/stat.h: UTIME_NOW and UTIME_OMIT
        let (omitted, now) = (timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2), timespec(tv_sec: 0, tv_nsec: (1 << 30) - 1))
        let before = FileTime.now
        try sys { utimensat(AT_FDCWD, path, [omitted, now], 0) }
        let change = mounted.files.change { $0.lastChange }
        #expect(change?.modified == .now && change?.accessed == nil)
        #expect(try status(path).st_atim.tv_sec == 1_234_567_890)
        #expect(try status(path).st_mtim.tv_sec >= before.rawValue / 1_000_000_000)
    }

    @Test("Set-id bits fall when others write, truncate or open to truncate, and when the owner changes")
    func setID() throws {
        let path = try make("file")
        try sys { chown(path, 1000, 1000) }
        func asOther(_ script: String) throws -> String {
            try Program.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", script, path)
        }
        let ways = [
            "import sys; f = open(sys.argv[1], 'r+'); f.write('x'); f.close()",
            "import os, sys; os.truncate(sys.argv[1], 1)",
            "import sys; open(sys.argv[1], 'w').close()",
        ]
        for way in ways {
            try sys { chmod(path, 0o6777) }
            #expect(try asOther(way) == "")
            #expect(try status(path).st_mode & 0o7777 == 0o777, "\(way)")
        }
        try sys { chmod(path, 0o6767) }
        #expect(try asOther(ways[0]) == "")
        #expect(try status(path).st_mode & 0o7777 == 0o2767, "without the group's right to execute its bit means something else")
        try sys { chmod(path, 0o6777) }
        try OpenFile(path, O_WRONLY).write("by root")
        #expect(try status(path).st_mode & 0o7777 == 0o6777, "root keeps them")
        try sys { chown(path, 1001, 0xFFFF_FFFF) }
        #expect(try status(path).st_mode & 0o7777 == 0o777)
    }

    @Test("Repeated writes do not ask for capabilities each time")
    func capabilities() throws {
        mounted.files.change { $0.validity = .seconds(3600) }
        let file = try OpenFile(mounted.path("file"), O_RDWR | O_CREAT)
        for _ in 0..<100 { try file.write("x") }
        #expect(mounted.files.count("write") == 100 && mounted.files.count("extendedAttribute") <= 2)
    }

    @Test("Permissions are checked by the kernel")
    func permissions() throws {
        let path = try make("file", "secret")
        func read(_ mode: mode_t) throws -> String {
            try sys { chmod(path, mode) }
            return try Program.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", path)
        }
        #expect(try read(0o600).contains("Permission denied"))
        #expect(try read(0o604) == "secret")
    }

    @Test("Extended attributes are set, listed, read and removed; lists of rights are not supported")
    func extended() throws {
        let script = """
            import os, sys
            path = sys.argv[1]
            def told(call, *arguments):
                try: return call(path, *arguments)
                except OSError as fault: return fault.errno
            value = bytes([0xFE]) * 3000
            print(told(os.setxattr, 'user.large', value), told(os.setxattr, 'user.empty', b'', os.XATTR_CREATE))
            print(told(os.setxattr, 'user.large', b'x', os.XATTR_CREATE), told(os.setxattr, 'user.none', b'x', os.XATTR_REPLACE))
            print(told(os.getxattr, 'user.large') == value, told(os.getxattr, 'user.empty'), sorted(told(os.listxattr)))
            print(told(os.removexattr, 'user.large'), told(os.getxattr, 'user.large'), told(os.removexattr, 'user.large'))
            print(told(os.setxattr, 'system.posix_acl_access', bytes(28)), told(os.listxattr))
            """
        let lines = try Program.run("/usr/bin/python3", "-c", script, make("file")).split(separator: "\n")
        #expect(
            lines == [
                "None None", "\(EEXIST) \(ENODATA)", "True b'' ['user.empty', 'user.large']", "None \(ENODATA) \(ENODATA)",
                "\(EOPNOTSUPP) ['user.empty']",
            ])
    }

    @Test("Space is told")
    func space() throws {
        var answer = statvfs()
        try sys { statvfs(mounted.directory, &answer) }
        #expect(answer.f_blocks * answer.f_frsize == 1000 << 20 && answer.f_bavail * answer.f_frsize == 600 << 20)
        #expect(answer.f_files == 7000 && answer.f_ffree == 5000 && answer.f_namemax == 255)
    }

    @Test("A caller's groups are read while it waits")
    func groups() throws {
        let files = mounted.files
        let path = try make("file")
        try sys { chmod(path, 0o666) }
        let program = try Program(
            ["setpriv", "--reuid=65534", "--regid=65533", "--groups=7,65000", "cat", path])
        #expect(program.line() == "text")
        let caller = try #require(files.change { $0.lastCaller })
        #expect(caller.user == 65_534 && caller.group == 65_533)
        #expect(files.change { $0.lastGroups } == [7, 65_000])
    }
}
