import Foundation
import Resources
import TestKit
import Testing

@testable import Kernel

@Suite("Finding control groups")
struct DetectionTests {
    private static let v1 = [
        "/proc/self/mountinfo": """
        30 20 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw
        31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
        32 30 0:29 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
        33 30 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
        34 30 0:31 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer
        35 30 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw

        """,
        "/proc/self/cgroup": "5:freezer:/\n4:pids:/user\n3:memory:/user/me\n2:cpu,cpuacct:/user\n0::/\n",
        "/sys/fs/cgroup/unified/cgroup.controllers": "\n",
    ]

    @Test("Version 1 is taken where the unified hierarchy has no controllers")
    func hybrid() throws {
        let groups = try ControlGroups.detect(kernel: PaperKernel(Self.v1))
        #expect(groups.kind == "cgroup v1")
        #expect(
            groups.places == [
                "/sys/fs/cgroup/cpu,cpuacct/user/surplus", "/sys/fs/cgroup/cpu,cpuacct/user/surplus",
                "/sys/fs/cgroup/memory/user/me/surplus", "/sys/fs/cgroup/pids/user/surplus", "/sys/fs/cgroup/freezer/surplus",
            ])
        #expect(
            groups.entrances(to: "a/b") == [
                "/sys/fs/cgroup/cpu,cpuacct/user/surplus/a/b/tasks", "/sys/fs/cgroup/memory/user/me/surplus/a/b/tasks",
                "/sys/fs/cgroup/pids/user/surplus/a/b/tasks", "/sys/fs/cgroup/freezer/surplus/a/b/tasks",
            ], "a hierarchy of two controllers is entered once")
    }

    @Test("Version 2 is taken where it has the controllers")
    func unified() throws {
        let kernel = PaperKernel([
            "/proc/self/mountinfo": "30 20 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "/proc/self/cgroup": "0::/system.slice/warden.service\n",
            "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
        ])
        let groups = try ControlGroups.detect(kernel: kernel)
        #expect(groups.kind == "cgroup v2")
        #expect(groups.places == ["/sys/fs/cgroup/system.slice/warden.service/surplus"])
        #expect(try ControlGroups.detect(parent: "/", kernel: kernel).places == ["/sys/fs/cgroup/surplus"])
        #expect(try ControlGroups.detect(parent: "/lent", kernel: kernel).places == ["/sys/fs/cgroup/lent/surplus"])
    }

    @Test("A mount that a later one covers is not the one that is used")
    func covered() throws {
        let kernel = PaperKernel([
            "/proc/self/mountinfo": """
            30 20 0:27 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw
            31 30 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw

            """,
            "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
            "/sys/fs/cgroup/cpu.stat": "usage_usec 7\n",
        ])
        #expect(try ControlGroups.detect(kernel: kernel).usageOfMachine() == CoreMicroseconds(7), "the one on top is whole")
    }

    @Test("In a container that sees a part of the hierarchy, groups are named within it")
    func container() throws {
        let kernel = PaperKernel([
            "/proc/self/mountinfo": "30 20 0:27 /box/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "/proc/self/cgroup": "0::/box/1/inner\n",
            "/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
        ])
        let groups = try ControlGroups.detect(kernel: kernel)
        #expect(groups.places == ["/sys/fs/cgroup/inner/surplus"])
        #expect(groups.usageOfMachine() == nil, "a container's counter is not the machine's")
    }

    @Test(
        "Guests of version 1 are idle where the kernel can do that, and else have the least shares",
        arguments: [(["cpu.idle": "0"], "cpu.idle=1"), (["cpu.idle": "1"], "cpu.idle=1"), ([:], "cpu.shares=2")])
    func yields(files: [String: String], written: String) throws {
        let new = ["cgroup.procs": "", "cpu.shares": "1024"].merging(files) { $1 }
        let kernel = PaperKernel(Self.v1, inNewDirectories: new)
        try ControlGroups.detect(kernel: kernel).yieldToOwner()
        #expect(kernel.writes == ["/sys/fs/cgroup/cpu,cpuacct/user/surplus/\(written)"], "an idle group takes no shares")
    }

    @Test("A missing controller is named")
    func missing() {
        var files = Self.v1
        files["/proc/self/cgroup"] = "2:cpu,cpuacct:/\n3:memory:/\n5:freezer:/\n0::/\n"
        let kernel = PaperKernel(files)
        #expect(throws: KernelError("find the control groups for pids", ENOENT)) { try ControlGroups.detect(kernel: kernel) }
    }

    @Test("The places of a former warden are taken up, wherever this one was started")
    func resumed() throws {
        let kernel = PaperKernel(Self.v1)
        let places = ["/c/surplus", "/c/surplus", "/m/surplus", "/p/surplus", "/f/surplus"]
        #expect(try ControlGroups.resume(places, kernel: kernel).places == places)
        #expect(throws: KernelError.self) { try ControlGroups.resume(["/a", "/b"], kernel: kernel) }
    }
}

@Suite("Control groups of version 2, on paper")
struct UnifiedTests {
    private let kernel = PaperKernel(
        [
            "/proc/self/mountinfo": "30 20 0:27 / /cg rw - cgroup2 cgroup2 rw\n", "/proc/self/cgroup": "0::/\n",
            "/cg/cgroup.controllers": "cpu memory pids\n", "/cg/cgroup.subtree_control": "\n", "/cg/cpu.stat": "usage_usec 900\n",
        ],
        inNewDirectories: [
            "cgroup.subtree_control": "", "cgroup.procs": "", "cpu.idle": "0", "cpu.weight": "100", "cpu.max": "max 100000",
            "memory.max": "max", "memory.swap.max": "max", "memory.current": "5000",
            "memory.stat": "anon 1\ninactive_file 2000\n",
            "pids.max": "max", "cpu.stat": "usage_usec 42\nuser_usec 1\nthrottled_usec 7\n", "cgroup.kill": "",
            "cgroup.freeze": "0",
        ])

    @Test("Controllers are handed down to the level above the jobs, which alone hold processes")
    func controllers() throws {
        let groups = try ControlGroups.detect(kernel: kernel)
        try groups.make("node/lease/job")
        let enabled = kernel.writes.filter { $0.contains("subtree_control") }
        #expect(
            enabled
                == ["/cg", "/cg/surplus", "/cg/surplus/node", "/cg/surplus/node/lease"].map {
                    "\($0)/cgroup.subtree_control=+cpu +memory +pids"
                })
    }

    @Test("Groups above that are missing are made, with the controllers that those below need")
    func parents() throws {
        try ControlGroups.detect(parent: "/lent/here", kernel: kernel).make("")
        let enabled = kernel.writes.filter { $0.contains("subtree_control") }
        #expect(
            enabled
                == ["/cg", "/cg/lent", "/cg/lent/here", "/cg/lent/here/surplus"].map {
                    "\($0)/cgroup.subtree_control=+cpu +memory +pids"
                })
    }

    @Test("Limits are written in the kernel's units, swap is denied, guests yield")
    func limits() throws {
        let groups = try ControlGroups.detect(kernel: kernel)
        try groups.make("n/l")
        try groups.yieldToOwner()
        try groups.setCeiling(1500, of: "n/l")
        try groups.setCeiling(10, of: "n/l")
        try groups.setWeight(2000, of: "n/l")
        try groups.setMemoryLimit(.mebibytes(1), of: "n/l")
        try groups.setProcessLimit(77, of: "n/l")
        let own = kernel.writes.filter { !$0.contains("subtree_control") }
        #expect(
            own == [
                "/cg/surplus/pids.max=16384", "/cg/surplus/cpu.idle=1", "/cg/surplus/n/l/cpu.max=150000 100000",
                "/cg/surplus/n/l/cpu.max=1000 100000",
                "/cg/surplus/n/l/cpu.weight=200", "/cg/surplus/n/l/memory.max=1048576", "/cg/surplus/n/l/memory.swap.max=0",
                "/cg/surplus/n/l/pids.max=77",
            ])
    }

    @Test("Where swap is not counted no memory limit holds, unless there is no swap")
    func swap() throws {
        var files = [
            "cgroup.subtree_control": "", "cgroup.procs": "", "memory.max": "max", "memory.current": "0", "memory.stat": "",
        ]
        files["pids.max"] = "max"
        let bare = PaperKernel(
            [
                "/proc/self/mountinfo": "30 20 0:27 / /cg rw - cgroup2 cgroup2 rw\n", "/proc/self/cgroup": "0::/\n",
                "/cg/cgroup.controllers": "cpu memory pids\n", "/cg/cgroup.subtree_control": "\n",
            ], inNewDirectories: files)
        let groups = try ControlGroups.detect(kernel: bare)
        try groups.make("n/l")
        let heading = "Filename Type Size Used Priority\n"
        bare.put(heading, at: "/proc/swaps")
        try groups.setMemoryLimit(.mebibytes(1), of: "n/l")
        bare.put(heading + "/dev/vdb partition 1000 0 -2\n", at: "/proc/swaps")
        #expect(throws: KernelError("keep memory of n/l out of swap, which the kernel does not count", ENOTSUP)) {
            try groups.setMemoryLimit(.mebibytes(1), of: "n/l")
        }
    }

    @Test("Usage leaves out what the kernel can take back; the owner's group and the machine are read alike")
    func usage() throws {
        let groups = try ControlGroups.detect(kernel: kernel)
        try groups.make("n/l")
        #expect(try groups.usage(of: "n/l") == GroupUsage(cpu: 42, memory: 3000))
        #expect(try groups.throttling(of: "n/l") == 7)
        #expect(groups.usageOfMachine() == 900)
        #expect(try groups.usage(ofOwner: "/nobody") == nil)
        #expect(try groups.usage(ofOwner: "/surplus/n") == GroupUsage(cpu: 42, memory: 3000))
    }

    @Test("The kernel is asked for file pages when what is held has moved, and at every fifth look; what is gone is forgotten")
    func filePages() throws {
        let pages = FilePages()
        var asked = 0
        func used(_ held: Int64, of group: String = "/a/b") throws -> Int64 {
            try pages.ofGroup(group, holding: held) { () throws(KernelError) in
                asked += 1
                return 1000
            }
        }
        for _ in 0..<FilePages.longest { #expect(try used(5000) == 1000) }
        #expect(asked == 1)
        #expect(try used(5000) == 1000 && asked == 2)
        #expect(try used(900) == 900 && asked == 2, "never more than is held")
        #expect(try used(5000 + FilePages.noticeable) == 1000 && asked == 3)
        pages.forget("/a")
        #expect(try used(5000 + FilePages.noticeable) == 1000 && asked == 4)
        #expect(try used(1, of: "/a/c") == 1 && asked == 5)
    }

    @Test("Less memory than is held is refused, instead of killing for it")
    func shrunk() throws {
        let groups = try ControlGroups.detect(kernel: kernel)
        try groups.make("n/l")
        #expect(throws: KernelError("limit memory to 1000 B", EBUSY)) { try groups.setMemoryLimit(1000, of: "n/l") }
        try groups.setMemoryLimit(4000, of: "n/l")
    }

    @Test("The kernel kills a whole group by itself where it can")
    func killed() throws {
        let groups = try ControlGroups.detect(kernel: kernel)
        try groups.make("n/l/j")
        #expect(try groups.kill("n/l"))
        kernel.put("12\n34\n", at: "/cg/surplus/n/l/j/cgroup.procs")
        #expect(try !groups.kill("n/l"))
        #expect(kernel.writes.last == "/cg/surplus/n/l/cgroup.kill=1")
        #expect(kernel.signals.isEmpty)
    }
}
