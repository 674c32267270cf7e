import Foundation
import Resources
import Testing
import VolumeKit

@Suite(
    "Programs on a volume", .serialized, .timeLimit(.minutes(5)), .enabled(if: Ground.isPossible, "needs root and /dev/fuse"))
struct ProgramTests {
    /// Runs the body with a mount on which a program works, another on which is looked whether what it did is there too, and a
    /// directory of the machine.
    private func mounted(
        _ body: @escaping @Sendable (_ here: String, _ elsewhere: String, _ local: String) throws -> Void
    ) async throws {
        var options = ServedVolume.Options()
        options.inodeLimit = 100_000
        try await ServedVolume.serving(options) { served in
            let local = served.directory + "/local"
            try FileManager.default.createDirectory(atPath: local, withIntermediateDirectories: true)
            let (here, elsewhere) = (try served.mount(.forEverybody).path, try served.mount(.forEverybody).path)
            try await onThread { try body(here, elsewhere, local) }
        }
    }

    /// Makes a tree with what file systems have: many files, large and empty ones, holes, links of both kinds, pipes, rights, times,
    /// attributes, and names that are no UTF-8.
    private func plant(_ path: String) throws {
        let script = """
            import os, random, sys
            root, chance = os.fsencode(sys.argv[1]), random.Random(1)
            os.makedirs(root)
            paths, directories = [], [root]
            for number in range(400):
                parent = chance.choice(directories)
                name = chance.choice([b'f', b'Name ', b'\\xff\\xfe', 'ä'.encode(), b'x' * 200])
                path = parent + b'/' + name + str(number).encode()
                kind = chance.random()
                if kind < 0.15:
                    os.mkdir(path)
                    directories.append(path)
                    continue
                if kind < 0.2: os.symlink(chance.choice([b'nowhere', b'../' * 3 + b'f1', path]), path)
                elif kind < 0.25 and paths: os.link(chance.choice(paths), path)
                elif kind < 0.27: os.mkfifo(path)
                else:
                    with open(path, 'wb') as file:
                        largest = 1500000 if number % 40 == 0 else 300
                        file.write(chance.randbytes(chance.choice([0, 1, 100, 5000, 70000, largest])))
                        if number % 50 == 0:
                            file.seek(3 << 20)
                            file.write(b'after a hole')
                    paths.append(path)
                    os.chmod(path, chance.choice([0o644, 0o600, 0o4755, 0o2711, 0o444, 0]))
                    os.chown(path, chance.choice([0, 1000, 4001]), chance.choice([0, 100]))
                    if number % 5 == 0: os.setxattr(path, 'user.number', str(number).encode())
                    time = chance.randrange(10 ** 18)
                    os.utime(path, ns=(time, time))
            for path in reversed(directories):
                os.chmod(path, chance.choice([0o755, 0o700, 0o2775, 0o1777]))
                os.utime(path, ns=(10 ** 18, 10 ** 18 + len(path)))
            """
        try Tool(python: script, path).finish()
    }

    /// Nothing is left for rsync to do, were it to make the one what the other is.
    private func expectSame(_ one: String, _ other: String) throws {
        let rest = try Tool.run("rsync", "-aHAXc", "--dry-run", "--itemize-changes", "--delete", one + "/", other + "/")
        #expect(rest == "", "\(one) and \(other) differ")
    }

    @Test("rsync: a tree goes there and back, and is found elsewhere")
    func rsync() async throws {
        try await mounted { here, elsewhere, local in
            try plant(local + "/tree")
            try Tool.run("rsync", "-aHX", local + "/tree/", here + "/tree/")
            try expectSame(local + "/tree", here + "/tree")
            try expectSame(local + "/tree", elsewhere + "/tree")
            try Tool.run("rsync", "-aHX", elsewhere + "/tree/", local + "/back/")
            try expectSame(local + "/tree", local + "/back")
            try Tool.run("rsync", "-aHX", "--delete", "--exclude=f*", "--delete-excluded", local + "/tree/", here + "/tree/")
            try Tool.run("rm", "-r", here + "/tree")
            #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere) == [])
        }
    }

    @Test("tar: what is unpacked is what was packed, there and elsewhere")
    func tar() async throws {
        try await mounted { here, elsewhere, local in
            try plant(local + "/tree")
            let options = ["--xattrs", "--numeric-owner", "--sparse"]
            try Tool(["tar", "--create", "--file=there.tar", "--directory=\(local)"] + options + ["tree"], in: here).finish()
            try Tool(["tar", "--extract", "--file=there.tar", "--preserve-permissions"] + options, in: here).finish()
            try Tool.run("tar", "--diff", "--file=there.tar", "--directory=\(local)", in: here)
            try Tool.run("tar", "--diff", "--file=there.tar", in: elsewhere)
            try expectSame(local + "/tree", elsewhere + "/tree")
            try Tool(["tar", "--create", "--file=\(local)/back.tar"] + options + ["tree"], in: elsewhere).finish()
            try Tool.run("tar", "--diff", "--file=\(local)/back.tar", "--directory=\(local)")
        }
    }

    @Test("git: a repository is made, cloned, packed, checked and read elsewhere")
    func git() async throws {
        try await mounted { here, elsewhere, local in
            func git(_ words: String..., in directory: String) throws {
                let identity = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "safe.directory=*", "-c", "gc.auto=0"]
                try Tool(["git"] + identity + words, in: directory).finish()
            }
            try Tool.run("git", "init", "--quiet", "repository", in: here)
            let repository = here + "/repository"
            var random = SeededGenerator(seed: 3)
            for commit in 0..<12 {
                for _ in 0..<25 {
                    let directory = repository + "/d\(Int.random(in: 0..<8, using: &random))"
                    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                    let text = (0..<Int.random(in: 1..<400, using: &random)).map { "\(commit): line \($0)\n" }.joined()
                    try text.write(
                        toFile: directory + "/f\(Int.random(in: 0..<12, using: &random))", atomically: commit % 2 == 0,
                        encoding: .utf8)
                }
                try git("add", "--all", in: repository)
                try git("commit", "--quiet", "--message=\(commit)", in: repository)
            }
            let status = try Tool.run("git", "-c", "safe.directory=*", "status", "--porcelain", in: repository)
            #expect(status == "")
            try git("clone", "--quiet", "repository", "linked", in: here)
            try git("clone", "--quiet", "--no-local", "repository", "copied", in: elsewhere)
            try git("gc", "--quiet", "--prune=now", in: repository)
            for (directory, name) in [(here, "linked"), (here, "copied"), (elsewhere, "repository"), (here, "repository")] {
                try git("fsck", "--full", "--strict", in: directory + "/" + name)
            }
            try git("clone", "--quiet", "--no-local", elsewhere + "/copied", "back", in: local)
            try git("checkout", "--quiet", "-b", "topic", "HEAD~6", in: here + "/linked")
            try git("merge", "--quiet", "origin/HEAD", in: here + "/linked")
            try Tool.run("diff", "--recursive", "--exclude=.git", local + "/back", elsewhere + "/linked")
        }
    }

    @Test("make: a program is built, built again where something changed, and not otherwise")
    func make() async throws {
        try await mounted { here, elsewhere, _ in
            let count = 12
            var makefile = "program: \((0..<count).map { "f\($0).o" }.joined(separator: " "))\n\tgcc -o $@ $^\n"
            makefile += "%.o: %.c all.h\n\tgcc -O1 -c -o $@ $<\n"
            try makefile.write(toFile: here + "/Makefile", atomically: false, encoding: .utf8)
            let header = (0..<count).map { "int f\($0)(void);\n" }.joined()
            try header.write(toFile: here + "/all.h", atomically: false, encoding: .utf8)
            func source(_ number: Int, _ value: Int) throws {
                var text = "#include \"all.h\"\nint f\(number)(void) { return \(value); }\n"
                if number == 0 {
                    let sum = (0..<count).map { "f\($0)()" }.joined(separator: " + ")
                    text += "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", \(sum)); return 0; }\n"
                }
                try text.write(toFile: here + "/f\(number).c", atomically: false, encoding: .utf8)
            }
            for number in 0..<count { try source(number, number) }
            try Tool.run("make", "-j4", in: here)
            #expect(try Tool.run(here + "/program") == "66\n")
            #expect(try Tool.run("make", "--question", in: here) == "", "everything is up to date")
            #expect(try Tool.run("make", "--question", in: elsewhere) == "")
            try source(3, 103)
            let again = try Tool.run("make", in: elsewhere)
            #expect(again.split(separator: "\n").count == 2, "\(again)")
            #expect(try Tool.run(elsewhere + "/program") == "166\n")
            #expect(try Tool.run("make", "--question", in: here) == "")
        }
    }

    @Test(
        "SQLite with a rollback journal: two processes write at once, and nothing is lost or broken",
        arguments: ["unix", "unix-dotfile"], [1, 2])
    func sqlite(locking: String, mounts: Int) async throws {
        try await mounted { here, elsewhere, _ in
            let script = """
                import sqlite3, sys
                path, own = sys.argv[1], int(sys.argv[2])
                db = sqlite3.connect(f'file:{path}/db?vfs=LOCKING', uri=True, timeout=60, isolation_level=None)
                db.execute('pragma journal_mode = delete')
                db.execute('pragma synchronous = full')
                db.execute('create table if not exists t (id integer primary key, own integer, number integer, text text)')
                db.execute('create index if not exists i on t (text)')
                for number in range(40):
                    db.execute('begin immediate')
                    for part in range(5):
                        db.execute('insert into t (own, number, text) values (?, ?, ?)', (own, number, str(number) * 200))
                    db.execute('rollback' if number % 10 == 9 else 'commit')
                """.replacingOccurrences(of: "LOCKING", with: locking)
            let paths = [here, mounts == 1 ? here : elsewhere]
            _ = try Tool.run(python: script, withEach: [[paths[0], "0"], [paths[1], "1"]])
            for path in [here, elsewhere] {
                let query = "pragma integrity_check; select own, count(*), count(distinct number) from t group by own"
                let answer = try Tool.run("sqlite3", "file:\(path)/db?vfs=\(locking)", query)
                #expect(answer == "ok\n0|180|36\n1|180|36\n")
                #expect(!FileManager.default.fileExists(atPath: path + "/db-journal"))
            }
        }
    }

    @Test(
        "fio: what is written is read as it was written",
        arguments: [
            ["--rw=write", "--bs=1m", "--ioengine=psync"],
            ["--rw=randwrite", "--bs=4k", "--ioengine=psync", "--fsync=32"],
            ["--rw=randrw", "--bsrange=512-64k", "--bs_unaligned=1", "--ioengine=psync", "--end_fsync=1"],
            ["--rw=randwrite", "--bs=16k", "--ioengine=libaio", "--iodepth=16", "--direct=1"],
            ["--rw=randrw", "--bs=4k", "--ioengine=mmap", "--fsync=64"],
            ["--rw=randwrite", "--bs=8k", "--ioengine=sync", "--fallocate=posix", "--numjobs=4"],
        ])
    func fio(job: [String]) async throws {
        try await mounted { here, elsewhere, local in
            let common = [
                "fio", "--name=job", "--size=12m", "--filename_format=f$jobnum", "--verify=crc32c", "--verify_fatal=1",
                "--group_reporting", "--randseed=1", "--thread",
            ]
            try Tool(common + job + ["--directory=\(here)", "--do_verify=1"], in: local).finish()
            // What was verified there is the same for who never had it in a cache.
            for name in try FileManager.default.contentsOfDirectory(atPath: here) {
                try Tool.run("cmp", here + "/" + name, elsewhere + "/" + name)
            }
        }
    }
}
