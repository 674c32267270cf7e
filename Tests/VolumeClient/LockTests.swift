import Foundation
import FrameKit
import Glibc
import Resources
import Testing
import VolumeClient
import VolumeKit
import Volumes

@Suite("Locks across mounts", .serialized, .timeLimit(.minutes(3)))
struct LockTests {
    /// A file of a volume, on two mounts.
    private func files(
        term: Microseconds = .minutes(10), _ body: (ServedVolume, MountedVolume, MountedVolume) async throws -> Void
    ) async throws {
        try await ServedVolume.serving(home: FileHome.maker(term: term)) { served in
            let (one, other) = (try served.mount(), try served.mount())
            try OpenFile(one.path + "/f", O_RDWR | O_CREAT).write("text")
            try await body(served, one, other)
        }
    }

    private func lock(_ file: OpenFile, _ kind: Int32, _ start: off_t, _ length: off_t, _ command: Int32 = F_SETLK) throws(Fault)
        -> Glibc.flock
    {
        var lock = Glibc.flock()
        (lock.l_type, lock.l_whence, lock.l_start, lock.l_len) = (Int16(kind), Int16(SEEK_SET), start, length)
        try sys { fcntl(file.descriptor, command, &lock) }
        return lock
    }

    @Test("byte ranges of programs on two mounts exclude each other where they meet, and who is in the way is told")
    func ranges() async throws {
        try await files { _, one, other in
            let (a, b) = (try OpenFile(one.path + "/f", O_RDWR), try OpenFile(other.path + "/f", O_RDWR))
            _ = try lock(a, F_WRLCK, 10, 10)
            #expect(throws: Fault(EAGAIN)) { try lock(b, F_WRLCK, 0, 11) }
            _ = try lock(b, F_WRLCK, 0, 10)
            _ = try lock(b, F_WRLCK, 20, 0)
            let found = try lock(b, F_RDLCK, 0, 0, F_GETLK)
            #expect(Int32(found.l_type) == F_WRLCK && found.l_start == 10 && found.l_len == 10)
            #expect(throws: Fault(EAGAIN)) { try lock(a, F_WRLCK, 0, 0) }
            // What is shared may be shared at once by who could not have it before.
            _ = try lock(a, F_RDLCK, 10, 10)
            _ = try lock(b, F_RDLCK, 15, 1)
            _ = try lock(a, F_UNLCK, 0, 0)
            #expect(try Int32(lock(a, F_WRLCK, 10, 5, F_GETLK).l_type) == F_UNLCK)
        }
    }

    @Test("whole files are locked apart from byte ranges, by open files")
    func wholeFiles() async throws {
        try await files { _, one, other in
            let (a, b) = (try OpenFile(one.path + "/f", O_RDWR), try OpenFile(other.path + "/f", O_RDWR))
            _ = try lock(a, F_WRLCK, 0, 0)
            try sys { flock(b.descriptor, LOCK_SH) }
            try sys { flock(a.descriptor, LOCK_SH | LOCK_NB) }
            #expect(throws: Fault(EAGAIN)) { try sys { flock(a.descriptor, LOCK_EX | LOCK_NB) } }
            try sys { flock(b.descriptor, LOCK_UN) }
            try sys { flock(a.descriptor, LOCK_EX | LOCK_NB) }
            #expect(throws: Fault(EAGAIN)) { try sys { flock(b.descriptor, LOCK_SH | LOCK_NB) } }
        }
    }

    @Test("locks end with the open file and with the program's descriptors, and who waits on another mount has them then")
    func closing() async throws {
        try await files { _, one, other in
            for isWhole in [false, true] {
                var file: OpenFile? = try OpenFile(one.path + "/f", O_RDWR)
                if isWhole {
                    try sys { flock(file?.descriptor ?? -1, LOCK_EX) }
                } else {
                    _ = try lock(try #require(file), F_WRLCK, 0, 0)
                }
                let waiter = try Waiter(other.path + "/f", isWhole: isWhole)
                #expect(waiter.line() == "opened")
                file = nil
                #expect(waiter.line() == "locked")
            }
        }
    }

    @Test("a signal interrupts who waits, and nothing of it is left")
    func interruption() async throws {
        try await files { _, one, other in
            for isWhole in [false, true] {
                let file = try OpenFile(one.path + "/f", O_RDWR)
                if isWhole { try sys { flock(file.descriptor, LOCK_EX) } } else { _ = try lock(file, F_WRLCK, 0, 0) }
                let waiter = try Waiter(other.path + "/f", isWhole: isWhole)
                #expect(waiter.line() == "opened")
                while waiter.signal(), waiter.line(within: 100) != "interrupted" {}
                if isWhole { try sys { flock(file.descriptor, LOCK_UN) } } else { _ = try lock(file, F_UNLCK, 0, 0) }
                let next = try Waiter(other.path + "/f", isWhole: isWhole)
                #expect(next.line() == "opened" && next.line() == "locked")
            }
        }
    }

    @Test("who waits while the home is not reached goes on to wait, and has the lock when it is free")
    func outage() async throws {
        try await files { served, one, _ in
            let cable = try Cable(to: served.home.port)
            defer { cable.end() }
            let far = try served.mount(over: cable)
            let file = try OpenFile(one.path + "/f", O_RDWR)
            _ = try lock(file, F_WRLCK, 0, 0)
            let waiter = try Waiter(far.path + "/f", isWhole: false)
            #expect(waiter.line() == "opened")
            cable.cut()
            _ = try lock(file, F_UNLCK, 0, 0)
            cable.mend()
            #expect(waiter.line() == "locked")
            // It has it: a home that begins again is told so, and others go on to wait.
            #expect(throws: Fault(EAGAIN)) { try lock(file, F_WRLCK, 0, 0) }
        }
    }

    @Test("what is given back while the home is not reached for long is free once it is")
    func lateRelease() async throws {
        try await files { served, one, _ in
            let cable = try Cable(to: served.home.port)
            defer { cable.end() }
            var link = HomeLink.Options()
            link.patience = .seconds(1)
            let far = try served.mount(over: cable, link: link)
            for isWhole in [false, true] {
                let file = try OpenFile(far.path + "/f", O_RDWR)
                if isWhole { try sys { flock(file.descriptor, LOCK_EX) } } else { _ = try lock(file, F_WRLCK, 0, 0) }
                let waiter = try Waiter(one.path + "/f", isWhole: isWhole)
                #expect(waiter.line() == "opened")
                cable.cut()
                // It comes back once nobody waits for the home any more.
                _ = try? await onThread {
                    if isWhole { try sys { flock(file.descriptor, LOCK_UN) } } else { _ = try lock(file, F_UNLCK, 0, 0) }
                }
                cable.mend()
                #expect(waiter.line() == "locked")
            }
        }
    }

    @Test("who is ended while it waits and the home is away ends, whichever home comes")
    func endedInOutage() async throws {
        try await ServedVolume.serving(home: LosingHome.maker()) { served in
            let home = try #require(served.home as? LosingHome)
            let cable = try Cable(to: home.port)
            defer { cable.end() }
            let (one, far) = (try served.mount(), try served.mount(over: cable))
            let file = try OpenFile(one.path + "/f", O_RDWR | O_CREAT)
            _ = try lock(file, F_WRLCK, 0, 0)
            let waiter = try Waiter(far.path + "/f", isWhole: false)
            #expect(waiter.line() == "opened")
            try await until { waiter.isWaiting }
            cable.cut()
            #expect(waiter.signal())
            try await home.restart()
            cable.mend()
            #expect(waiter.line() == "interrupted")
            _ = try lock(file, F_UNLCK, 0, 0)
            _ = try lock(file, F_WRLCK, 0, 0)
        }
    }

    @Test("what a mount has locked is locked for a home that begins again")
    func restart() async throws {
        try await ServedVolume.serving(home: LosingHome.maker()) { served in
            let home = try #require(served.home as? LosingHome)
            let (one, other) = (try served.mount(), try served.mount())
            let (a, b) = (try OpenFile(one.path + "/f", O_RDWR | O_CREAT), try OpenFile(other.path + "/f", O_RDWR))
            _ = try lock(a, F_WRLCK, 0, 10)
            try sys { flock(a.descriptor, LOCK_EX) }
            let waiter = try Waiter(other.path + "/f", isWhole: true)
            #expect(waiter.line() == "opened")
            try await home.restart()
            #expect(throws: Fault(EAGAIN)) { try lock(b, F_WRLCK, 0, 1) }
            #expect(throws: Fault(EAGAIN)) { try sys { flock(b.descriptor, LOCK_SH | LOCK_NB) } }
            _ = try lock(b, F_WRLCK, 10, 1)
            try sys { flock(a.descriptor, LOCK_UN) }
            #expect(waiter.line() == "locked")
        }
    }

    @Test("the locks of a client that dies are free when its session is over")
    func death() async throws {
        try await files(term: .seconds(8)) { served, one, _ in
            let plan = try served.plan(for: try served.peers.node("doomed"))
            try await plan.mounting { client in
                let file = try OpenFile(plan.path + "/f", O_RDWR)
                _ = try lock(file, F_WRLCK, 0, 0)
                try sys { flock(file.descriptor, LOCK_EX) }
                let waiters = [try Waiter(one.path + "/f", isWhole: false), try Waiter(one.path + "/f", isWhole: true)]
                for waiter in waiters { #expect(waiter.line() == "opened") }
                #expect(throws: Fault(EAGAIN)) { try lock(try OpenFile(one.path + "/f", O_RDWR), F_RDLCK, 0, 0) }
                client.kill()
                for waiter in waiters { #expect(waiter.line() == "locked") }
            }
        }
    }
}

/// A program that waits for a lock on a file, and says what it does.
private final class Waiter {
    private let process = Process()
    private let output = Pipe()

    private static let script = """
        import fcntl, signal, sys
        class Signal(Exception): pass
        def noted(number, frame): raise Signal()
        signal.signal(signal.SIGUSR1, noted)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        file = open(sys.argv[1], 'r+b', buffering=0)
        print('opened')
        try:
            if sys.argv[2] == 'flock': fcntl.flock(file, fcntl.LOCK_EX)
            else: fcntl.lockf(file, fcntl.LOCK_EX, 0, 0)
            print('locked')
        except Signal: print('interrupted')
        except OSError as fault: print('refused', fault.errno)
        while True:
            try: signal.pause()
            except Signal: pass
        """

    init(_ path: String, isWhole: Bool) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-uc", Self.script, path, isWhole ? "flock" : "lockf"]
        (process.standardOutput, process.standardError, process.standardInput) = (output, output, FileHandle.nullDevice)
        try process.run()
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Whether it is in the kernel, for its lock.
    var isWaiting: Bool {
        let place = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/wchan", encoding: .utf8)
        return place?.contains("request_wait") ?? false
    }

    func signal() -> Bool { kill(process.processIdentifier, SIGUSR1) == 0 }

    /// The next line that it writes; `nil` when it writes none any more.
    func line() -> String? { line(within: -1) }

    /// - Parameter patience: in milliseconds; below zero for ever.
    func line(within patience: Int32) -> String? {
        var bytes: [UInt8] = []
        var ready = pollfd(fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, patience) > 0 {
            var byte: UInt8 = 0
            guard read(ready.fd, &byte, 1) == 1, byte != UInt8(ascii: "\n") else { break }
            bytes.append(byte)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
