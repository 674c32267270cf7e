import Foundation
import Testing

@testable import Kernel

@Suite("State files")
struct StateFileTests {
    @Test("A file that was written reads back, and is replaced in whole")
    func replaced() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/state"
        #expect(try StateFile.read(path) == nil)
        try StateFile.write([1, 2, 3], to: path)
        try StateFile.write([4], to: path, mode: 0o640)
        #expect(try StateFile.read(path) == [4])
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["state"])
    }

    @Test("A draft that a crash has left is in nobody's way")
    func draft() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.file("state.new", "half of")
        try StateFile.write([9], to: directory.path + "/state")
        #expect(try StateFile.read(directory.path + "/state") == [9])
    }

    @Test("A link is not followed")
    func link() throws {
        let directory = try TemporaryDirectory()
        let target = try directory.file("secret", "x")
        symlink(target, directory.path + "/state")
        #expect(throws: KernelError.self) { try StateFile.read(directory.path + "/state") }
        try StateFile.write([1], to: directory.path + "/state")
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "x")
    }

    @Test("Removing what is not there is no error")
    func removed() throws {
        let directory = try TemporaryDirectory()
        try StateFile.remove(directory.path + "/nothing")
    }
}

@Suite("Trees of strangers' files")
struct FileTreeTests {
    @Test("A tree is deleted however deep, wide and oddly named it is, and what links point to stays")
    func removal() throws {
        let directory = try TemporaryDirectory()
        let kept = try directory.file("kept", "x")
        let top = directory.path + "/tree"
        mkdir(top, 0o700)
        symlink(directory.path, top + "/link")
        symlink(kept, top + "/file-link")
        for number in 0..<2500 { close(open("\(top)/f\(number)", O_CREAT | O_WRONLY, 0o600)) }
        var odd: [CChar] = Array((top + "/odd-").utf8CString)
        odd.insert(CChar(bitPattern: 0xff), at: odd.count - 1)
        close(open(odd, O_CREAT | O_WRONLY, 0o600))
        let start = open(top, O_RDONLY | O_DIRECTORY)
        var current = start
        for _ in 0..<3000 {
            mkdirat(current, "d", 0o700)
            let next = openat(current, "d", O_RDONLY | O_DIRECTORY)
            close(current)
            current = next
        }
        close(current)
        try FileTree(top).remove()
        #expect(access(top, F_OK) != 0)
        #expect(access(kept, F_OK) == 0)
        try FileTree(top).remove()
    }

    @Test("Directories that are closed to their owner are deleted too")
    func forbidden() throws {
        let directory = try TemporaryDirectory()
        let top = directory.path + "/tree"
        for path in [top, top + "/a", top + "/a/b"] { mkdir(path, 0o700) }
        chmod(top + "/a/b", 0)
        chmod(top + "/a", 0)
        try FileTree(top).remove()
        #expect(access(top, F_OK) != 0)
    }

    @Test("A tree changes hands without following links", .enabled(if: geteuid() == 0, "only root may give files away"))
    func given() throws {
        let directory = try TemporaryDirectory()
        let outside = try directory.file("outside")
        let top = directory.path + "/tree"
        for path in [top, top + "/a"] { mkdir(path, 0o700) }
        symlink(outside, top + "/a/link")
        close(open(top + "/a/file", O_CREAT | O_WRONLY, 0o4755))
        try FileTree(top).give(to: 54_321, group: 54_321, from: 0)
        for path in [top, top + "/a", top + "/a/link", top + "/a/file"] {
            var status = stat()
            lstat(path, &status)
            #expect(status.st_uid == 54_321, "\(path)")
        }
        var status = stat()
        lstat(outside, &status)
        #expect(status.st_uid == 0)
        try FileTree(top).give(to: 54_322, group: 54_322, from: 54_321)
        lstat(top + "/a/file", &status)
        #expect(status.st_uid == 54_322)
        #expect(status.st_mode & S_ISUID == 0, "a program does not take its set-user-id bit along")
    }

    @Test(
        "What belongs to a third user is not given away: it came by a hard link",
        .enabled(if: geteuid() == 0, "only root may give files away"))
    func hardLink() throws {
        let directory = try TemporaryDirectory()
        let secret = try directory.file("secret")
        let top = directory.path + "/tree"
        mkdir(top, 0o700)
        chown(top, 54_321, 54_321)
        link(secret, top + "/mine")
        #expect(throws: KernelError.self) { try FileTree(top).give(to: 54_322, group: 54_322, from: 54_321) }
        var status = stat()
        lstat(secret, &status)
        #expect(status.st_uid == 0)
    }
}

@Suite("Sockets in the file system")
struct UnixSocketTests {
    @Test("Both ends know who is there", arguments: ["socket", String(repeating: "long/", count: 40) + "socket"])
    func credentials(name: String) throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        let listener = try UnixSocket.listen(at: path, mode: 0o600)
        defer { close(listener) }
        let client = try UnixSocket.connect(to: path)
        defer { close(client) }
        let server = try #require(try UnixSocket.accept(on: listener))
        defer { close(server) }
        #expect(try UnixSocket.peer(of: server) == UnixSocket.Peer(process: getpid(), user: geteuid(), group: getegid()))
        #expect(try UnixSocket.peer(of: client).process == getpid())
        #expect(try UnixSocket.accept(on: listener) == nil)
    }

    @Test("Where nobody listens, connecting says so")
    func nobody() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: KernelError("connect to \(directory.path)/none", ENOENT)) {
            try UnixSocket.connect(to: directory.path + "/none")
        }
        close(try UnixSocket.listen(at: directory.path + "/left", mode: 0o600))
        #expect(throws: KernelError("connect to \(directory.path)/left", ECONNREFUSED)) {
            try UnixSocket.connect(to: directory.path + "/left")
        }
        close(try UnixSocket.listen(at: directory.path + "/left", mode: 0o600))
    }
}
