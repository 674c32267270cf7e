import Foundation
import TestKit
import Testing

@testable import surplus

@Suite(.serialized, .timeLimit(.minutes(2))) struct DevTests {
    @Test("a daemon outlives its starter, is found by its record, and ends by a signal")
    func daemon() async throws {
        try await Scratch.directory { directory in
            let daemon = Daemon(record: "\(directory)/record", log: "\(directory)/log")
            #expect(daemon.pid == nil)
            try daemon.start(["/bin/sh", "-c", "echo hello; exec sleep 600"])
            while daemon.pid == nil || Scratch.isMissing("\(directory)/log") { try await Task.sleep(for: .milliseconds(1)) }
            let pid = try #require(daemon.pid)
            #expect(getsid(pid) == pid)
            #expect(daemon.signal(SIGKILL))
            while daemon.pid != nil { try await Task.sleep(for: .milliseconds(1)) }
            #expect(!daemon.signal(SIGKILL))
            waitpid(pid, nil, 0)
        }
    }

    @Test("a process that only has the number of a daemon that is gone is never signalled")
    func recycledNumber() async throws {
        try await Scratch.directory { directory in
            let bystander = try Program(["600"], executable: "/bin/sleep")
            let pid = bystander.pid
            let boot = try Scratch.read("/proc/sys/kernel/random/boot_id").trimmed
            let stat = try Scratch.read("/proc/\(pid)/stat")
            let real = try #require(ProcessStat(line: stat))
            let daemon = Daemon(record: "\(directory)/record", log: "\(directory)/log")
            try Scratch.write("\(boot) \(stat)", "\(directory)/record")
            #expect(daemon.pid == pid)
            try Scratch.write(
                "\(boot) \(stat.replacingOccurrences(of: " \(real.startTime) ", with: " \(real.startTime - 1) "))",
                "\(directory)/record")
            #expect(daemon.pid == nil)
            #expect(!daemon.signal(SIGKILL))
            try Scratch.write("another-boot \(stat)", "\(directory)/record")
            #expect(!daemon.signal(SIGKILL))
            #expect(ProcessStat.of(pid)?.isZombie == false)
            bystander.signal(SIGKILL)
            _ = await bystander.end()
        }
    }

    @Test("a process's name may contain anything")
    func processName() {
        let stat = ProcessStat(line: "42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 1 1")
        #expect(stat?.pid == 42)
        #expect(stat?.startTime == 777)
        #expect(ProcessStat(line: "nonsense") == nil)
    }

    @Test("a node's configuration gives it its share of the machine and any policy file")
    func configuration() async throws {
        try await Scratch.directory { directory in
            let setup = try DevSetup(directory: "\(directory)/pool", nodes: 3, policy: "/odd \"path\"/p.yaml", enforced: true)
            let nodes = setup.pool.nodes
            #expect(nodes.map(\.name) == ["node1", "node2", "node3"])
            #expect(Set(nodes.map(\.address)).count == 3)
            let text = setup.configuration(of: nodes[1])
            #expect(text.contains("name: node2\n"))
            #expect(text.contains("listen: \(nodes[1].address)\n"))
            #expect(text.contains("cpu: \(setup.share.cpu.rawValue)m\n"))
            #expect(text.contains(#"policy: "/odd \"path\"/p.yaml""#))
            #expect(text.contains("scope: {cgroup: /surplus-dev/\(nodes[1].instance)}\n"))
            #expect(setup.pool.ownsDirectory)
        }
    }

    @Test(
        "an image that is none is refused before anything is made",
        arguments: ["debian", "=/usr", "debian=", "debian=/not/there"])
    func images(image: String) async throws {
        try await Scratch.directory { directory in
            let path = directory + "/pool"
            #expect(throws: Failure.self) {
                try DevSetup(directory: path, nodes: 1, policy: "blade", images: [image], enforced: false)
            }
            #expect(access(path, F_OK) != 0)
            let kept = try DevSetup(directory: path, nodes: 1, policy: "blade", images: ["d=/usr/../usr"], enforced: false)
            #expect(kept.pool.images == ["d=/usr"])
        }
    }

    @Test("a path that leaves no room for sockets is refused before anything is started")
    func longPath() async throws {
        try await Scratch.directory { directory in
            let path = directory + "/" + String(repeating: "x", count: 100)
            #expect(throws: Failure.self) { try DevSetup(directory: path, nodes: 1, policy: "blade", enforced: false) }
        }
    }

    @Test("a directory that guests cannot enter is refused when they are users of their own")
    func closedDirectory() async throws {
        try await Scratch.directory { directory in
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory)
            #expect(throws: Failure.self) { try DevSetup(directory: "\(directory)/p", nodes: 1, policy: "blade", enforced: true) }
            _ = try DevSetup(directory: "\(directory)/q", nodes: 1, policy: "blade", enforced: false)
        }
    }

    @Test("the directory of a pool is taken by one pool only")
    func secondPool() async throws {
        try await Scratch.directory { directory in
            try DevSetup(directory: directory, nodes: 1, policy: "blade", enforced: false).pool.create()
            let ended = try await Program.run("dev", "up", "--nodes", "1", "--dir", directory)
            #expect(ended.status == 1)
            #expect(ended.stderr.contains("there is a pool already") || ended.stderr.contains("neither beside this program"))
        }
    }

    @Test("a shell is given the socket of a node and nothing else; without that node, nothing at all")
    func env() async throws {
        try await Scratch.directory { directory in
            let setup = try DevSetup(directory: "\(directory)/it's", nodes: 2, policy: "blade", enforced: false)
            try setup.pool.create()
            let script = "eval \"$('\(Program.path)' dev env node2 --dir \"$1\")\"; echo \"$SURPLUS_SOCKET\""
            let ended = await (try Program(["-c", script, "sh", "\(directory)/it's"], executable: "/bin/sh")).end()
            #expect(ended.stdout == "\(directory)/it's/node2/run/agent.sock\n")
            let unknown = try await Program.run("dev", "env", "node9", "--dir", "\(directory)/it's")
            #expect(unknown.status == 1)
            #expect(unknown.stdout.isEmpty)
            #expect(unknown.stderr.contains("they are node1, node2"))
        }
    }

    @Test("a pool whose start was killed half way can be brought down, and nothing of it is left")
    func halfStarted() async throws {
        try await Scratch.directory { directory in
            // Stand-ins that start and never answer, beside a copy of the program.
            let bin = "\(directory)/bin"
            try Scratch.make(bin)
            try Executable.copy(Program.path, to: "\(bin)/surplus")
            let warden = "#!/bin/sh\n[ \"$1\" = --clean ] && exit 0\n: > \"$2\"\nexec sleep 600\n"
            for (name, script) in [("surplus-warden", warden), ("surplusd", "#!/bin/sh\nexec sleep 600\n")] {
                try Executable.write(script, to: "\(bin)/\(name)")
            }
            let up = try Program(["dev", "up", "--nodes", "2", "--dir", "\(directory)/pool"], executable: "\(bin)/surplus")
            var pids: [Int32] = []
            while pids.count < 4 {
                let pool = try? DevPool.load(from: "\(directory)/pool")
                pids =
                    pool?.nodes.flatMap { [pool?.layout(of: $0).agent.pid, pool?.layout(of: $0).warden.pid].compactMap { $0 } }
                    ?? []
                try await Task.sleep(for: .milliseconds(2))
            }
            up.signal(SIGKILL)
            _ = await up.end()
            let down = await (try Program(["dev", "down", "--dir", "\(directory)/pool"], executable: "\(bin)/surplus")).end()
            #expect(down.status == 0, "\(down.stderr)")
            for pid in pids { #expect(ProcessStat.of(pid)?.isZombie ?? true) }
            #expect(Scratch.isMissing("\(directory)/pool"))
        }
    }

    @Test("a pool whose start fails is taken away again, and the reason is told")
    func failedStart() async throws {
        try await Scratch.directory { directory in
            let bin = "\(directory)/bin"
            try Scratch.make(bin)
            try Executable.copy(Program.path, to: "\(bin)/surplus")
            try Executable.write(
                "#!/bin/sh\n[ \"$1\" = --clean ] && exit 0\n: > \"$2\"\nexec sleep 600\n", to: "\(bin)/surplus-warden")
            try Executable.write("#!/bin/sh\necho 'config.yaml:3:1: wrong' >&2; exit 2\n", to: "\(bin)/surplusd")
            let up = await
                (try Program(["dev", "up", "--nodes", "1", "--dir", "\(directory)/pool"], executable: "\(bin)/surplus")).end()
            #expect(up.status == 1)
            #expect(up.stderr.contains("config.yaml:3:1: wrong"))
            #expect(Scratch.isMissing("\(directory)/pool"))
        }
    }
}
