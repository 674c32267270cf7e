import Foundation
import Testing

@testable import Sandbox

@Suite("Running out of memory")
struct MemoryShortageTests {
    /// A job's group with these files, below a lease's.
    private func shortage(job: [String: String], lease: [String: String]) throws -> MemoryShortage? {
        let directory = try TestJob.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }  // what is left of a test in /tmp harms nobody
        try FileManager.default.createDirectory(atPath: directory + "/lease/job", withIntermediateDirectories: true)
        for (folder, files) in [("/lease/job/", job), ("/lease/", lease)] {
            for (name, text) in files { try text.write(toFile: directory + folder + name, atomically: false, encoding: .utf8) }
        }
        return MemoryShortage(entrances: ["/sys/none/cgroup.procs", directory + "/lease/job/cgroup.procs"])
    }

    @Test("Both versions of control groups tell of it, with what the lease has")
    func told() throws {
        let v2 = try shortage(
            job: ["memory.events": "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n"],
            lease: ["memory.max": "268435456\n"])
        #expect(v2?.description == "out of memory: the lease's 256 MiB were used up")
        let v1 = try shortage(
            job: ["memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"],
            lease: ["memory.limit_in_bytes": "67108864\n"])
        #expect(v1?.description == "out of memory: the lease's 64 MiB were used up")
    }

    @Test("Nothing is told where nothing was killed, and no number where there is none")
    func untold() throws {
        #expect(try shortage(job: ["memory.events": "oom 1\noom_kill 0\noom_group_kill 5\n"], lease: [:]) == nil)
        #expect(try shortage(job: [:], lease: [:]) == nil)
        let unlimited = try shortage(job: ["memory.events": "oom_kill 1\n"], lease: ["memory.max": "max\n"])
        #expect(unlimited?.description == "out of memory: the lease's memory was used up")
    }
}
