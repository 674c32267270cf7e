import Glibc
import Kernel
import Resources
import Synchronization
import TestKit
import Testing

@testable import Warden

@Suite("How long the owner waits, where the kernel tells of each group")
struct GroupPressureTests {
    private let kernel = PaperKernel([
        "/proc/self/mountinfo": "30 20 0:27 / /cg rw - cgroup2 cgroup2 rw\n", "/proc/self/cgroup": "0::/\n",
        "/cg/cgroup.controllers": "cpu memory pids\n",
    ])

    /// Lets the machine, its guests and two groups of the owner's have waited so long in all.
    private func put(_ waits: [String: Int64]) {
        for (path, total) in waits { kernel.put("some avg10=0.00 avg60=0.00 avg300=0.00 total=\(total)\n", at: path) }
    }

    @Test("Guests that wait at the same time do not hide that the owner does; a group that is new has not waited yet")
    func both() throws {
        for name in ["surplus", "system.slice", "user.slice"] { try kernel.makeDirectory("/cg/\(name)") }
        let groups = try ControlGroups.detect(parent: "/", kernel: kernel)
        var sensor = PressureSensor(groups, Machine(kernel: kernel))
        let (machine, guests) = ("/proc/pressure/cpu", "/cg/surplus/cpu.pressure")
        put([machine: 0, guests: 0, "/cg/system.slice/cpu.pressure": 0])
        #expect(sensor.read(available: .percent(50), at: Instant(microseconds: 0)) == .unknown)
        put([machine: 200_000, guests: 200_000, "/cg/system.slice/cpu.pressure": 80_000, "/cg/user.slice/cpu.pressure": 190_000])
        #expect(sensor.read(available: .percent(50), at: Instant(microseconds: 200_000)).cpu == .percent(40))
        put([machine: 400_000, guests: 400_000, "/cg/user.slice/cpu.pressure": 210_000])
        #expect(sensor.read(available: .percent(50), at: Instant(microseconds: 400_000)).cpu == .percent(10))
        put([machine: 600_000])
        #expect(sensor.read(available: .percent(50), at: Instant(microseconds: 600_000)).cpu == .whole, "what is in no group")
    }
}

@Suite("How long the owner waits for disks, where the kernel tells of the whole machine only")
struct PressureSensorTests {
    /// Counts how often the disks' counters are read.
    private final class CountingKernel: KernelCalls {
        let paper = PaperKernel(["/proc/diskstats": "", "/sys/block/vda/dev": "254:0\n"])
        private let looks = Mutex(0)

        func takeLooks() -> Int {
            looks.withLock { looks in
                defer { looks = 0 }
                return looks
            }
        }

        func read(_ path: String) throws(KernelError) -> String {
            if path == "/proc/diskstats" { looks.withLock { $0 += 1 } }
            return try paper.read(path)
        }

        func write(_ text: String, to path: String) throws(KernelError) { try paper.write(text, to: path) }
        func makeDirectory(_ path: String) throws(KernelError) { try paper.makeDirectory(path) }
        func removeDirectory(_ path: String) throws(KernelError) { try paper.removeDirectory(path) }
        func subdirectories(of path: String) throws(KernelError) -> [String] { try paper.subdirectories(of: path) }
        func entries(of path: String) throws(KernelError) -> [String] { try paper.entries(of: path) }
        func exists(_ path: String) -> Bool { paper.exists(path) }
        func signal(_ number: Int32, to process: pid_t) throws(KernelError) { try paper.signal(number, to: process) }
    }

    private let kernel = CountingKernel()
    private var sensor: PressureSensor
    private var now = Instant(microseconds: 0)
    private var waited: Int64 = 0
    private var read: Int64 = 0

    init() {
        sensor = PressureSensor(PlainProcesses(kernel: kernel), Machine(kernel: kernel))
    }

    /// A fifth of a second in which somebody waits for disks for `wait` and so much is read from them; the owner's share of it.
    private mutating func tick(wait: Microseconds, reads: Bytes) -> BasisPoints? {
        now = now + .milliseconds(200)
        (waited, read) = (waited + wait.rawValue, read + reads.rawValue / 512)
        kernel.paper.put("some avg10=0.00 avg60=0.00 avg300=0.00 total=\(waited)\n", at: "/proc/pressure/io")
        kernel.paper.put("254 0 vda 1 0 \(read) 0 0 0 0 0 0 0 0 0\n", at: "/proc/diskstats")
        return sensor.read(available: .percent(50), at: now).disk
    }

    @Test("What is read from disks is looked at only while somebody waits for them, and for a while after that")
    mutating func looks() {
        for _ in 0..<20 { _ = tick(wait: .zero, reads: .mebibytes(1)) }
        #expect(kernel.takeLooks() == 0)
        #expect(tick(wait: .milliseconds(100), reads: .mebibytes(1)) == .zero, "who reads is not known yet")
        #expect(tick(wait: .milliseconds(100), reads: .mebibytes(1)) == .percent(50))
        #expect(tick(wait: .milliseconds(50), reads: .zero) == .zero, "guests wait for what they write")
        #expect(kernel.takeLooks() == 3)
        #expect(tick(wait: .zero, reads: .mebibytes(1)) == .zero)
        #expect(tick(wait: .milliseconds(50), reads: .mebibytes(1)) == .percent(25), "a pause changes nothing")
        for _ in 0..<100 { _ = tick(wait: .zero, reads: .mebibytes(1)) }
        #expect(kernel.takeLooks() < 30)
    }
}
