import Foundation
import Glibc
import Mounts
import Testing
import Volumes

@Suite("Mounting and unmounting", .enabled(if: MountedFiles.isPossible, "needs root and /dev/fuse"))
struct MountingTests {
    private func types(on directory: String) throws -> [String] {
        try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).split(separator: "\n")
            .filter { $0.split(separator: " ")[4] == directory }
            .map { line in line.split(separator: " - ")[1].split(separator: " ").prefix(2).joined(separator: " ") }
    }

    @Test("The mount table says what it is, and with which options")
    func table() throws {
        var options = try MountOptions(["ro,noexec,noatime,allow_other"])
        let mounted = try MountedFiles(options: options)
        #expect(try types(on: mounted.directory) == ["fuse.surplus photos"])
        let line = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).split(separator: "\n")
            .first { $0.contains(mounted.directory) }
        let words = try Set(#require(line).split(separator: " ")[3].split(separator: ","))
        #expect(words.isSuperset(of: ["ro", "nosuid", "nodev", "noexec", "noatime", "default_permissions", "allow_other"]))
        #expect(throws: Fault(EROFS)) { try OpenFile(mounted.path("x"), O_WRONLY | O_CREAT) }
        options = try MountOptions(["suid,dev,dirsync,sync"])
        let other = try MountedFiles(options: options)
        let its = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).split(separator: "\n")
            .first { $0.contains(other.directory) }.map { Set($0.split(separator: " ")[3].split(separator: ",")) }
        #expect(
            try #require(its).isSuperset(of: ["rw", "sync", "dirsync"]) && its?.isDisjoint(with: ["nosuid", "nodev"]) == true)
    }

    @Test("Who mounts it has it alone, unless the options say otherwise")
    func access() throws {
        let (alone, shared) = (try MountedFiles(options: MountOptions()), try MountedFiles())
        func asOther(_ path: String) throws -> String {
            try Program.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls", path)
        }
        #expect(try asOther(alone.directory).contains("Permission denied"))
        #expect(try asOther(shared.directory) == "")
    }

    @Test("Names with commas, blanks and backslashes are sources and directories like others")
    func strangeNames() throws {
        let parent = try Scratch.directory()
        defer { rmdir(parent) }
        let directory = parent + "/a b,c\\d"
        try sys { mkdir(directory, 0o755) }
        let files = MemoryFiles()
        let mount = try Mount(files, source: "x,y \\z", on: directory)
        #expect(mount.directory == directory)
        #expect(throws: MountError.occupied(directory: directory, type: "fuse.surplus", source: "x,y \\z")) {
            Thread.detachNewThread { try? mount.serve() }
            return try Mount(files, source: "z", on: directory)
        }
        try mount.unmount()
        rmdir(directory)
    }

    @Test("Serving ends when the directory is unmounted from outside")
    func outside() throws {
        let mounted = try MountedFiles()
        try OpenFile(mounted.path("file"), O_WRONLY | O_CREAT).write("x")
        #expect(try Program.run("umount", mounted.directory) == "")
        try mounted.hasEnded()
        #expect(try types(on: mounted.directory).isEmpty)
        #expect(throws: MountError.self) { try mounted.mount.serve() }
        try mounted.mount.unmount()
        try mounted.mount.attributesChanged(of: .root)
    }

    @Test("What is in use is not unmounted, unless lazily: then it is served to its end")
    func busy() throws {
        let mounted = try MountedFiles()
        let file = try OpenFile(mounted.path("file"), O_RDWR | O_CREAT)
        #expect(throws: MountError.inUse(directory: mounted.directory)) { try mounted.mount.unmount() }
        try mounted.mount.unmount(.lazy)
        #expect(try types(on: mounted.directory).isEmpty)
        try file.write("still")
        #expect(try file.text() == "still" && mounted.end(within: 0) == nil)
        withExtendedLifetime(file) {}
    }

    @Test("Aborting ends what is open")
    func aborting() throws {
        let mounted = try MountedFiles()
        let file = try OpenFile(mounted.path("file"), O_RDWR | O_CREAT)
        try mounted.mount.unmount(.aborting)
        try mounted.hasEnded()
        #expect(throws: Fault(ENOTCONN)) { try file.write("x") }
        #expect(try types(on: mounted.directory).isEmpty)
    }

    @Test("A connection that the kernel severs ends serving, and the directory is free")
    func severed() throws {
        let mounted = try MountedFiles()
        let file = try OpenFile(mounted.path("file"), O_RDWR | O_CREAT)
        // sys/mount.h: MNT_FORCE, which ends the connection though the mount stays, since it is in use
        #expect(throws: Fault(EBUSY)) { try sys { umount2(mounted.directory, 1) } }
        try mounted.hasEnded()
        #expect(try types(on: mounted.directory).isEmpty)
        withExtendedLifetime(file) {}
    }

    @Test("A mount that is given up unserved is no mount")
    func unserved() throws {
        let directory = try Scratch.directory()
        defer { rmdir(directory) }
        do {
            let mount = try Mount(MemoryFiles(), source: "photos", on: directory)
            #expect(try types(on: mount.directory).count == 1)
        }
        #expect(try types(on: directory).isEmpty)
    }

    /// What is left of a mount when its process is killed: the kernel's end of a connection whose other end is closed.
    private func leave(type: String, on directory: String, keeping isKept: Bool = false) throws -> Int32 {
        let device = try sys { open("/dev/fuse", O_RDWR | O_CLOEXEC) }
        defer { if !isKept { close(device) } }
        try sys { Glibc.mount("photos", directory, type, 6, "fd=\(device),rootmode=40000,user_id=0,group_id=0") }
        return device
    }

    @Test("What crashes left is taken away, however many lie on one another")
    func crashed() throws {
        let directory = try Scratch.directory()
        _ = try leave(type: "fuse.surplus", on: directory)
        _ = try leave(type: "fuse.surplus", on: directory)
        #expect(throws: Fault(ENOTCONN)) { try status(directory) }
        let mounted = try MountedFiles(on: directory)
        #expect(mounted.mount.cleaned == 2)
        #expect(try types(on: directory).count == 1)
        try OpenFile(mounted.path("file"), O_WRONLY | O_CREAT).write("x")
    }

    @Test("What others left is left alone")
    func others() throws {
        let directory = try Scratch.directory()
        defer { rmdir(directory) }
        _ = try leave(type: "fuse.sshfs", on: directory)
        defer { umount2(directory, 2) }
        #expect(throws: MountError.occupied(directory: directory, type: "fuse.sshfs", source: "photos")) {
            try Mount(MemoryFiles(), source: "photos", on: directory)
        }
        #expect(try types(on: directory) == ["fuse.sshfs photos"])
    }

    @Test("A volume that hangs is not waited for, and left alone")
    func hanging() throws {
        let directory = try Scratch.directory()
        defer { rmdir(directory) }
        let device = try leave(type: "fuse.surplus", on: directory, keeping: true)
        defer {
            close(device)
            umount2(directory, 2)
        }
        #expect(throws: MountError.unresponsive(directory: directory, source: "photos")) {
            try Mount(MemoryFiles(), source: "photos", on: directory)
        }
        #expect(try types(on: directory) == ["fuse.surplus photos"])
    }

    @Test("What is no free directory is one error that says so")
    func noDirectory() throws {
        let mounted = try MountedFiles()
        let (missing, file) = (mounted.path("none"), mounted.path("file"))
        try OpenFile(file, O_WRONLY | O_CREAT).write("x")
        func refusal(_ directory: String) -> MountError? {
            #expect(throws: MountError.self) { try Mount(MemoryFiles(), source: "photos", on: directory) }
        }
        #expect(refusal(missing) == .missing(directory: missing))
        #expect(refusal(file) == .notDirectory(file))
        let occupied = MountError.occupied(directory: mounted.directory, type: "fuse.surplus", source: "photos")
        #expect(refusal(mounted.directory) == occupied)
        #expect(
            occupied.description
                == "\(mounted.directory): 'photos' (fuse.surplus) is mounted there; unmount it first (umount \(mounted.directory)) or "
                + "choose another directory")
    }

    @Test("A directory is found through symbolic links, and as a part of a mount it is free")
    func resolved() throws {
        let outer = try MountedFiles()
        try sys { mkdir(outer.path("inner"), 0o755) }
        try sys { symlink("inner", outer.path("link")) }
        let inner = try MountedFiles(on: outer.path("link"))
        #expect(inner.mount.directory == outer.path("inner"))
        try OpenFile(inner.path("file"), O_WRONLY | O_CREAT).write("x")
        #expect(try names(outer.path("inner")).count == 3)
    }
}
