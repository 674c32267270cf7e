import Glibc
import Resources

/// What the machine's counters and gauges showed at one instant. What is `nil` is not to be had on this machine.
package struct MachineCounters: Hashable, Sendable {
    package var at: Instant
    /// Processing done by anything but the idle loop.
    package var cpu: CoreMicroseconds
    /// Not free, and not given up without harm.
    package var memory: Bytes
    package var memoryTotal: Bytes
    /// Over all interfaces but loopback, physical or not.
    package var network: NetworkTraffic?
    /// Over all whole disks.
    package var disks: DiskActivity?
    package var cpuPressure: PressureTotals
    package var memoryPressure: PressureTotals
    package var ioPressure: PressureTotals
    /// The load average over one minute.
    package var load: Load?
}

/// Reads them.
package struct MachineSampler: Sendable {
    private let kernel: any KernelCalls
    private let machine: Machine
    private let disks: DiskFinder
    /// Where control groups know what the machine has done more exactly than `/proc/stat`, which counts in hundredths of a second.
    private let exact: (any GuestGroups)?
    private let groups: (any GuestGroups)?

    package init(kernel: any KernelCalls = LinuxKernel()) {
        self.kernel = kernel
        machine = Machine(kernel: kernel)
        disks = DiskFinder(kernel: kernel)
        // without groups the machine's own counters are as exact as it gets
        groups = try? ControlGroups.detect(kernel: kernel)
        exact = groups?.usageOfMachine() == nil ? nil : groups
    }

    /// What a group that is named by its path below the mount points uses; nothing when there is none.
    package func usage(ofOwner path: String) throws(KernelError) -> GroupUsage {
        try groups?.usage(ofOwner: path) ?? GroupUsage()
    }

    /// - Throws: ``KernelError`` when processing or memory cannot be read.
    package func read(at instant: Instant) throws(KernelError) -> MachineCounters {
        let memory = try machine.memory()
        let cpu: CoreMicroseconds
        if let used = exact?.usageOfMachine() { cpu = used } else { cpu = try machine.processing() }
        return MachineCounters(
            at: instant, cpu: cpu, memory: memory.used, memoryTotal: memory.total,
            network: (try? kernel.read("/proc/net/dev")).flatMap(NetworkTraffic.init),
            disks: (try? kernel.read("/proc/diskstats")).map { DiskActivity($0, isWhole: disks.isWhole) },
            cpuPressure: PressureTotals(reading: "/proc/pressure/cpu", kernel),
            memoryPressure: PressureTotals(reading: "/proc/pressure/memory", kernel),
            ioPressure: PressureTotals(reading: "/proc/pressure/io", kernel), load: machine.load())
    }
}
