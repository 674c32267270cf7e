import Resources
import TestKit
import Testing

@testable import Kernel

@Suite("Sampling the machine")
struct SamplingTests {
    private static let files = [
        "/proc/stat": "cpu  100 0 0 5000 600 0 0 9 10 11\n", "/proc/loadavg": "1.25 0.80 0.50 1/200 4711\n",
        "/proc/meminfo": "MemTotal:  1000 kB\nMemAvailable:   600 kB\n",
        "/proc/net/dev": """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo:    3245      30    0    0    0     0          0         0     3245      30    0    0    0     0       0          0
          eth0: 1000     542    0    0    0     0          0         0    200     330    0    0    0     0       0          0
         veth7:10       1    0    0    0     0          0         0    5     1    0    0    0     0       0          0

        """,
        "/proc/diskstats": """
           7       0 loop0 9 9 9 9 9 9 9 9 9 9 9
         254       0 vda 93588 22271 100 44175 23119 68522 20 35465 0 37 81082 2894 0 221936 1198
         254       1 vda1 93588 22271 90 44175 23119 68522 20 35465 0 37 81082
         253       0 dm-0 93588 22271 90 44175 23119 68522 20 35465 0 37 81082
           8       0 sda 1 2 3 4 5 6 7 8 0 9 10

        """,
        "/sys/block/vda": "", "/sys/block/sda": "", "/sys/block/dm-0": "", "/sys/block/loop0": "",
        "/proc/pressure/cpu":
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=4711\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=12\n",
        "/proc/pressure/io": "some avg10=0.00 avg60=0.00 avg300=0.00 total=99\n",
    ]
    private let now = Instant(microseconds: 5)

    @Test("Interfaces count without loopback, whole disks without partitions and what is made of them")
    func counters() throws {
        let counters = try MachineSampler(kernel: PaperKernel(Self.files)).read(at: now)
        #expect(counters.at == now)
        #expect(counters.cpu == 1_000_000)
        #expect((counters.memory, counters.memoryTotal) == (409_600, 1_024_000))
        #expect(counters.network?.received == 1010)
        #expect(counters.network?.sent == 205)
        #expect(counters.disks?.read == Bytes((100 + 3) * 512))
        #expect(counters.disks?.written == Bytes((20 + 7) * 512))
        #expect(counters.disks?.busy == .milliseconds(37 + 9))
        #expect(counters.load == Load(1250))
    }

    @Test("What the kernel does not measure is missing, not zero")
    func missing() throws {
        let counters = try MachineSampler(kernel: PaperKernel(Self.files)).read(at: now)
        #expect(counters.cpuPressure == PressureTotals(some: 4711, full: 12))
        #expect(counters.memoryPressure == PressureTotals())
        #expect(counters.ioPressure == PressureTotals(some: 99, full: nil))
        let poor = PaperKernel(Self.files.filter { $0.key == "/proc/stat" || $0.key == "/proc/meminfo" })
        let rest = try MachineSampler(kernel: poor).read(at: now)
        #expect(rest.network == nil && rest.disks == nil && rest.load == nil)
        #expect(throws: KernelError.self) { try MachineSampler(kernel: PaperKernel([:])).read(at: now) }
    }

    @Test("The running machine is measured, and its counters grow")
    func real() throws {
        let sampler = MachineSampler()
        let first = try sampler.read(at: SystemClock.instant())
        var second = first
        while second.cpu == first.cpu { second = try sampler.read(at: SystemClock.instant()) }
        #expect(second.cpu > first.cpu)
        #expect(second.memory > .mebibytes(1) && second.memory < second.memoryTotal)
        #expect(first.network != nil && first.disks != nil && first.load != nil)
    }

    @Test("What a group reads and writes is summed over disks, in either version's words")
    func groups() {
        let v1 = GroupActivity(blkio: "8:0 Read 4096\n8:0 Write 100\n8:16 Read 4\n8:16 Write 1\n8:0 Total 5\nTotal 4201\n")
        #expect((v1.diskRead, v1.diskWritten) == (4100, 101))
        let v2 = GroupActivity(
            ioStat: "8:0 rbytes=4096 wbytes=100 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=4 wbytes=1 rios=1\n")
        #expect((v2.diskRead, v2.diskWritten) == (4100, 101))
        #expect(GroupActivity(blkio: "Total 0\n").diskRead == 0, "it did nothing, which is known")
        #expect(GroupActivity().diskRead == nil)
    }

    @Test("A hierarchy for disks is used where there is one, and done without where a former warden did")
    func blkio() throws {
        let names = ["cpu", "cpuacct", "memory", "pids", "freezer", "blkio"]
        let mounts = names.enumerated().map { "3\($0) 20 0:2\($0) / /cg/\($1) rw - cgroup cgroup rw,\($1)\n" }.joined()
        let own = names.enumerated().map { "\($0 + 1):\($1):/\n" }.joined()
        let kernel = PaperKernel(
            ["/proc/self/mountinfo": mounts, "/proc/self/cgroup": own],
            inNewDirectories: [
                "blkio.throttle.io_service_bytes_recursive": "8:0 Read 7\n8:0 Write 3\nTotal 10\n", "cgroup.procs": "",
            ])
        let groups = try ControlGroups.detect(kernel: kernel)
        #expect(groups.places.count == 6)
        try groups.make("node/lease")
        #expect(groups.entrances(to: "node/lease").count == 6)
        #expect(groups.activity(of: "node/lease").diskRead == 7)
        #expect(groups.activity(of: "node/lease").cpuPressure == PressureTotals(), "version 1 has none")
        let former = try ControlGroups.resume(Array(groups.places.dropLast()), kernel: kernel)
        #expect(former.entrances(to: "node/lease").count == 5)
        #expect(former.activity(of: "node/lease").diskRead == nil)
    }

    @Test("Version 2 tells what a group did to disks and how long it waited, where it has the controllers")
    func unified() throws {
        let kernel = PaperKernel(
            [
                "/proc/self/mountinfo": "30 20 0:27 / /cg rw - cgroup2 cgroup2 rw\n", "/proc/self/cgroup": "0::/\n",
                "/cg/cgroup.controllers": "cpu memory pids io\n", "/cg/cgroup.subtree_control": "\n",
            ],
            inNewDirectories: [
                "cgroup.subtree_control": "", "cgroup.procs": "", "cgroup.controllers": "cpu memory pids io\n",
                "io.stat": "8:0 rbytes=7 wbytes=3\n", "memory.pressure": "some total=1\nfull total=2\n",
            ])
        let groups = try ControlGroups.detect(kernel: kernel)
        try groups.make("node/lease")
        #expect(kernel.writes.contains("/cg/cgroup.subtree_control=+io"))
        let activity = groups.activity(of: "node/lease")
        #expect((activity.diskRead, activity.diskWritten) == (7, 3))
        #expect(activity.memoryPressure == PressureTotals(some: 1, full: 2))
        #expect(activity.cpuPressure == PressureTotals())
    }
}
