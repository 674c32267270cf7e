import Foundation
import Resources
import Testing

@testable import Sandbox

@Suite("What a guest can see and do")
struct IsolationTests {
    private func output(of script: String) async throws -> String {
        let job = try TestJob(script: script)
        let record = try await job.run()
        let complaints = try job.text(of: .stderr)
        try #require(record.reason == .exited(0), "\(record.reason), \(complaints)")
        return try job.text(of: .stdout)
    }

    @Test("It is never root: neither inside its sandbox nor outside")
    func users() async throws {
        #expect(try await output(of: "id -u; id -g; id -G") == "1000\n1000\n1000\n")
        let job = try TestJob(script: "touch file; echo done; sleep 1000")
        try await job.start()
        try await job.attach().waitForOutput(of: 5)
        let owner = try FileManager.default.attributesOfItem(atPath: job.files.work + "/file")[.ownerAccountID] as? UInt
        #expect(owner == UInt(TestJob.guest?.user ?? geteuid()) && owner != 0)
    }

    @Test("A plan that would run the guest as root is refused")
    func neverRoot() throws {
        var spec = try TestJob("true").spec
        spec.runAs = ProcessOwner(user: 0, group: 0)
        var writer = CanonicalWriter(kind: "test")
        writer.write(spec)
        var reader = try CanonicalReader(writer.bytes, kind: "test")
        #expect(throws: CanonicalReader.Malformed.self) { try reader.value(ShimSpec.self) }
    }

    @Test(
        "A plan that says nothing of the guest's user does not make it root",
        .enabled(if: TestJob.isRoot, "only root could become root"))
    func notRootByDefault() async throws {
        let job = try TestJob("true")
        var spec = job.spec
        spec.runAs = nil
        try job.files.write(spec)
        guard case .sandboxFailed = try await job.run().reason else {
            Issue.record("the guest ran")
            return
        }
    }

    @Test("Where folders of /proc are hidden nothing can be put")
    func hiddenPlaces() async throws {
        let hidden = SystemView.current().hiddenFolders
        let tries = hidden.map { "touch \($0)/x 2>&1; find \($0) -name x" }.joined(separator: "; ")
        let said = try await output(of: "\(tries); true").split(separator: "\n")
        #expect(said.count == hidden.count && said.allSatisfy { $0.contains("Read-only file system") }, "\(said)")
    }

    @Test("It cannot gain privileges")
    func privileges() async throws {
        let status = try await output(of: "cat /proc/self/status")
        #expect(status.contains("NoNewPrivs:\t1\n"))
        for kind in ["CapPrm", "CapEff", "CapBnd", "CapAmb", "CapInh"] {
            #expect(status.contains("\(kind):\t0000000000000000\n"), "\(kind) in \(status)")
        }
        #expect(try await output(of: "unshare -U true 2>/dev/null || echo refused") == "refused\n")
    }

    private static let here = #filePath

    @Test(
        "It sees none of the host's files", arguments: ["/root", "/home", here, "/sys", "/run", "/etc/shadow", "/boot"])
    func files(path: String) async throws {
        #expect(try await output(of: "test -e \(path) || echo hidden") == "hidden\n")
    }

    @Test("It cannot write anywhere but in its own places")
    func writing() async throws {
        let written = try await output(
            of: """
                for d in / /usr /usr/bin /etc /var /dev /work /tmp /var/tmp
                do touch $d/surplus-probe 2>/dev/null && echo $d; done; true
                """)
        #expect(written == "/work\n/tmp\n/var/tmp\n")
        #expect(try await output(of: "echo x > /dev/null; echo x > /dev/shm/file; cat /dev/shm/file") == "x\n")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/surplus-probe"))
    }

    @Test("Nothing in /proc tells of the machine or steers it")
    func kernelViews() async throws {
        let readable = try await output(
            of: "for f in kcore keys kallsyms timer_list interrupts config.gz kmsg; do head -c 1 /proc/$f 2>/dev/null; done; true"
        )
        #expect(readable == "")
        #expect(
            try await output(of: "for f in $(find /proc/sys -type f); do (: >> $f) 2>/dev/null && echo $f; done; true") == "")
    }

    @Test("It is held by the filters in its plan, and by the shim's own where the plan has none", arguments: [false, true])
    func filters(inPlan: Bool) async throws {
        let job = try TestJob("grep", ["^Seccomp", "/proc/self/status"])
        var spec = job.spec
        spec.callFilters = inPlan ? try CallFilter.programs() : nil
        try job.files.write(spec)
        _ = try await job.run()
        #expect(try job.text(of: .stdout) == "Seccomp:\t2\nSeccomp_filters:\t2\n")
    }

    @Test("Settings of the host are there as it has them")
    func settings() async throws {
        let script = "cat /etc/nsswitch.conf /etc/services; readlink /etc/localtime; ls /etc/alternatives | head -3"
        let own = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardOutput = own
        try process.run()
        let expected = String(decoding: try own.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(try await output(of: script) == expected)
        #expect(!expected.isEmpty)
    }

    @Test("Small files are copied, links into /usr stay links, and only directories and large files are mounted")
    func copiedSettings() throws {
        let directory = try TestJob.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }  // what is left of a test in /tmp harms nobody
        let files = FileManager.default
        try files.createDirectory(atPath: directory + "/ssl/certs", withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: directory + "/localtime", withDestinationPath: "/usr/share/zoneinfo/Etc/UTC")
        try Data("hosts: files\n".utf8).write(to: URL(filePath: directory + "/real"))
        try files.createSymbolicLink(atPath: directory + "/nsswitch.conf", withDestinationPath: "real")
        try Data(repeating: 0x61, count: (128 << 10) + 1).write(to: URL(filePath: directory + "/ld.so.cache"))
        try Data("secret\n".utf8).write(to: URL(filePath: directory + "/shadow"))
        #expect(
            HostSettings(in: directory)
                == HostSettings(
                    links: [.init(path: "/etc/localtime", target: "/usr/share/zoneinfo/Etc/UTC")],
                    files: [.init(path: "/etc/nsswitch.conf", content: Array("hosts: files\n".utf8))],
                    mounts: ["/etc/ld.so.cache", "/etc/ssl/certs"]))
    }

    @Test("Ordinary programs do not notice that there is a list of system calls")
    func ordinary() async throws {
        let script = """
            import asyncio, ctypes, mmap, multiprocessing, os, signal, socket, sqlite3, subprocess, tempfile, threading
            thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
            child = multiprocessing.get_context("spawn").Process(target=print); child.start(); child.join()
            assert child.exitcode == 0
            assert subprocess.run(["sh", "-c", "echo a | tr a b"], capture_output=True).stdout == b"b\\n"
            async def talk():
                server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
                reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
                assert await reader.read() == b""
            asyncio.run(talk())
            sqlite3.connect("/work/base").execute("create table t (a)")
            mmap.mmap(-1, 4096).close()
            left, right = socket.socketpair(); socket.if_nameindex(); os.getrandom(8); signal.alarm(0)
            os.sched_setaffinity(0, os.sched_getaffinity(0)); file = tempfile.TemporaryFile(); os.posix_fallocate(file.fileno(), 0, 4096)
            print("fine")
            """
        #expect(
            try await output(
                of: "cat > main.py <<'END'\nif __name__ == '__main__':\n" + Self.indented(script) + "\nEND\npython3 main.py"
            )
            .hasSuffix("fine\n"))
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
    }

    @Test("It has no network but a loopback of its own")
    func network() async throws {
        #expect(try await output(of: "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '") == "lo\n")
    }

    @Test("It sees its own processes only, and nothing of how it was started")
    func processes() async throws {
        let seen = try await output(of: "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
        #expect(!seen.contains("surplus-warden") && !seen.contains("surplus-sandbox"))
    }

    @Test("Its environment is what it was given and nothing else")
    func environment() async throws {
        let job = try TestJob("env", environment: [.init("GREETING", "hello world"), .init("PATH", "/usr/bin")])
        _ = try await job.run()
        let names = try job.text(of: .stdout).split(separator: "\n").sorted()
        #expect(
            names == [
                "GREETING=hello world", "HOME=/work", "LANG=C.UTF-8", "LOGNAME=guest", "PATH=/usr/bin", "PWD=/work",
                "SURPLUS_JOB=\(job.spec.guest.job)", "SURPLUS_LEASE=\(job.spec.guest.lease)", "SURPLUS_LIMITS=none: a test",
                "SURPLUS_NOTICE=/run/surplus/notice",
                "TMPDIR=/tmp", "USER=guest",
            ])
    }

    @Test("It has no descriptors but its standard streams, no terminal, and the machine's name is not the host's")
    func surroundings() async throws {
        #expect(try await output(of: "ls /proc/$$/fd; hostname; pwd; whoami") == "0\n1\n2\nsurplus\n/work\nguest\n")
        #expect(try await output(of: "(: < /dev/tty) 2>/dev/null || echo none") == "none\n")
    }

    @Test("Everything else comes first: it runs at the lowest priority and is the first to go when memory runs out")
    func priority() async throws {
        #expect(try await output(of: "nice; cat /proc/self/oom_score_adj; ulimit -c") == "19\n1000\n0\n")
    }
}
