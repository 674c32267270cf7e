import Foundation
import Glibc
import Mounts
import Testing
import Volumes

@Suite("Locks on a mount", .enabled(if: MountedFiles.isPossible, "needs root and /dev/fuse"))
struct LockCallTests {
    private let mounted: MountedFiles
    private let path: String

    init() throws {
        mounted = try MountedFiles()
        path = mounted.path("file")
        try OpenFile(path, O_WRONLY | O_CREAT).write("text")
    }

    /// Holds a lock until it is told to end (SIGTERM), and writes lines of what it does: `lockf(file, kind, length, start)`.
    private static let holder = """
        import fcntl, os, signal, sys, time
        class Signal(Exception): pass
        def noted(number, frame): raise Signal()
        signal.signal(signal.SIGUSR1, noted)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        file = open(sys.argv[1], 'r+b', buffering=0)
        print('opened')
        try:
            if sys.argv[2] == 'flock': fcntl.flock(file, int(sys.argv[3]))
            else: fcntl.lockf(file, int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
            print('locked')
        except Signal: print('interrupted')
        except OSError as fault: print('refused', fault.errno)
        while True:
            try: signal.pause()
            except Signal: pass
        """

    private func holder(_ words: String...) throws -> Program {
        let program = try Program(["/usr/bin/python3", "-uc", Self.holder, path] + words)
        try #require(program.line() == "opened")
        return program
    }

    private func lock(_ file: OpenFile, _ kind: Int32, _ start: off_t, _ length: off_t, _ command: Int32) throws(Fault)
        -> Glibc.flock
    {
        var lock = Glibc.flock()
        (lock.l_type, lock.l_whence, lock.l_start, lock.l_len) = (Int16(kind), Int16(SEEK_SET), start, length)
        try sys { fcntl(file.descriptor, command, &lock) }
        return lock
    }

    /// Waits until a call waits for a lock.
    private func oneWaits() throws { try #require(mounted.files.waiting.wait(timeout: .now() + 30) == .success, "nobody waits") }

    @Test("Byte ranges of two processes exclude each other where they meet, and who is in the way is told")
    func ranges() throws {
        let other = try holder("lockf", "\(LOCK_EX | LOCK_NB)", "10", "100")
        #expect(other.line() == "locked")
        let file = try OpenFile(path, O_RDWR)
        _ = try lock(file, F_WRLCK, 0, 100, F_SETLK)
        _ = try lock(file, F_WRLCK, 110, 0, F_SETLK)
        #expect(throws: Fault(EAGAIN)) { try lock(file, F_RDLCK, 109, 1, F_SETLK) }
        let found = try lock(file, F_WRLCK, 0, 0, F_GETLK)
        #expect(Int32(found.l_type) == F_WRLCK && found.l_start == 100 && found.l_len == 10)
        #expect(found.l_pid == other.id)
        #expect(try Int32(lock(file, F_WRLCK, 50, 20, F_GETLK).l_type) == F_UNLCK)
        _ = try lock(file, F_UNLCK, 0, 0, F_SETLK)
        let third = try holder("lockf", "\(LOCK_SH | LOCK_NB)", "100", "0")
        #expect(third.line() == "locked")
    }

    @Test("Who waits gets the lock when it is free; others are served meanwhile")
    func waiting() throws {
        let file = try OpenFile(path, O_RDWR)
        _ = try lock(file, F_WRLCK, 0, 0, F_SETLK)
        var programs: [Program] = []
        // More than there are threads.
        for start in 0..<20 {
            programs.append(try holder("lockf", "\(LOCK_EX)", "1", "\(start)"))
            try oneWaits()
        }
        #expect(try OpenFile(path, O_RDONLY).text() == "text")
        _ = try lock(file, F_UNLCK, 0, 0, F_SETLK)
        for program in programs { #expect(program.line() == "locked") }
    }

    @Test("A signal interrupts who waits, and nothing of it is left")
    func interruption() throws {
        let file = try OpenFile(path, O_RDWR)
        for words in [["lockf", "\(LOCK_EX)", "1", "0"], ["flock", "\(LOCK_EX)"]] {
            _ = try lock(file, F_WRLCK, 0, 0, F_SETLK)
            try sys { flock(file.descriptor, LOCK_EX) }
            let program = try Program(["/usr/bin/python3", "-uc", Self.holder, path] + words)
            try #require(program.line() == "opened")
            try oneWaits()
            program.signal(SIGUSR1)
            #expect(program.line() == "interrupted")
            _ = try lock(file, F_UNLCK, 0, 0, F_SETLK)
            try sys { flock(file.descriptor, LOCK_UN) }
            let next = try holder("lockf", "\(LOCK_EX | LOCK_NB)", "0", "0")
            #expect(next.line() == "locked")
        }
    }

    @Test("Who waits and is killed leaves nothing behind")
    func killed() throws {
        let file = try OpenFile(path, O_RDWR)
        _ = try lock(file, F_WRLCK, 0, 0, F_SETLK)
        let program = try holder("lockf", "\(LOCK_EX)", "0", "0")
        try oneWaits()
        program.signal(SIGKILL)
        program.end()
        _ = try lock(file, F_UNLCK, 0, 0, F_SETLK)
        let next = try holder("lockf", "\(LOCK_EX)", "0", "0")
        #expect(next.line() == "locked")
    }

    @Test("Locks end with their holder, and byte ranges with any descriptor of it")
    func ending() throws {
        let holder = try holder("lockf", "\(LOCK_EX)", "0", "0")
        #expect(holder.line() == "locked")
        let waiter = try self.holder("lockf", "\(LOCK_EX)", "0", "0")
        try oneWaits()
        holder.signal(SIGKILL)
        #expect(waiter.line() == "locked")
        waiter.signal(SIGKILL)
        waiter.end()
        let file = try OpenFile(path, O_RDWR)
        _ = try lock(file, F_WRLCK, 0, 0, F_SETLK)
        do { _ = try OpenFile(path, O_RDONLY).text() }
        let next = try self.holder("lockf", "\(LOCK_EX | LOCK_NB)", "0", "0")
        #expect(next.line() == "locked")
    }

    @Test("Whole files are locked by open files, apart from byte ranges")
    func wholeFiles() throws {
        let (a, b) = (try OpenFile(path, O_RDWR), try OpenFile(path, O_RDWR))
        _ = try lock(a, F_WRLCK, 0, 0, F_SETLK)
        try sys { flock(a.descriptor, LOCK_SH) }
        try sys { flock(b.descriptor, LOCK_SH | LOCK_NB) }
        #expect(throws: Fault(EAGAIN)) { try sys { flock(b.descriptor, LOCK_EX | LOCK_NB) } }
        let waiter = try holder("flock", "\(LOCK_EX)")
        try oneWaits()
        try sys { flock(a.descriptor, LOCK_UN) }
        let copy = try sys { dup(b.descriptor) }
        close(copy)
        let other = try holder("flock", "\(LOCK_EX | LOCK_NB)")
        #expect(other.line() == "refused \(EAGAIN)")
        try sys { flock(b.descriptor, LOCK_UN) }
        #expect(waiter.line() == "locked")
        waiter.signal(SIGKILL)
        waiter.end()
        // The file system hears that a file is closed some time after who closed it goes on.
        do {
            let third = try OpenFile(path, O_RDWR)
            try sys { flock(third.descriptor, LOCK_EX) }
        }
        #expect(try holder("flock", "\(LOCK_EX)").line() == "locked", "it ended with the open file")
    }

    @Test("At the end of a mount who waits is told")
    func unmounting() throws {
        let file = try OpenFile(path, O_RDWR)
        _ = try lock(file, F_WRLCK, 0, 0, F_SETLK)
        let program = try holder("lockf", "\(LOCK_EX)", "0", "0")
        try oneWaits()
        try mounted.mount.unmount(.aborting)
        #expect(program.line()?.hasPrefix("refused") == true)
        try mounted.hasEnded()
        mounted.files.change { state in
            for node in state.nodes.values { node.locks.release { _ in true } }
        }
    }
}
