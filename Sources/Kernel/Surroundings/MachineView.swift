import Glibc
import Resources

/// What an owner's conditions can ask of the machine besides its capacity, as read at one instant. What this machine does not
/// tell is `nil`.
package struct MachineView: Hashable, Sendable {
    /// The one-minute load average of the whole machine.
    package var load: Load?
    package var memoryFree: Bytes?
    package var disk: FileSystemSpace?
    /// Shares of the last ten seconds in which some task waited.
    package var cpuPressure: BasisPoints?
    package var memoryPressure: BasisPoints?
    package var ioPressure: BasisPoints?
    package var users: LoggedInUsers?
    package var power: PowerSupply
    package var network: LinkUsage?
    /// Of the programs asked about those that run, by name.
    package var programs: Set<String>

    package init(power: PowerSupply, programs: Set<String> = []) {
        self.power = power
        self.programs = programs
    }
}

/// Reads a ``MachineView``. Rates are those since the last reading, so one sensor is to be read at a steady pace.
package struct SurroundingsSensor: Sendable {
    private let kernel: any KernelCalls
    private let directory: String
    private var links: LinkCounters?

    /// - Parameter directory: stands on the file system whose space counts.
    package init(directory: String, kernel: any KernelCalls = LinuxKernel()) {
        self.directory = directory
        self.kernel = kernel
    }

    /// - Parameters:
    ///   - programs: the names to look for among the processes that are no guests.
    ///   - guests: a path that the control groups of guests begin with, such as `/surplus/`.
    package mutating func read(programs: Set<String>, guests: String, at now: Instant) -> MachineView {
        var view = MachineView(power: PowerSupply(kernel: kernel))
        let machine = Machine(kernel: kernel)
        view.load = machine.load()
        view.memoryFree = (try? machine.memory()).map { $0.total - $0.used }
        view.disk = FileSystemSpace(of: directory)
        view.cpuPressure = pressure(of: "cpu")
        view.memoryPressure = pressure(of: "memory")
        view.ioPressure = pressure(of: "io")
        view.users = LoggedInUsers(kernel: kernel)
        view.programs = ProcessNames(kernel: kernel).running(among: programs, outside: guests)
        let counters = LinkCounters(kernel: kernel, at: now)
        view.network = links.flatMap { counters.usage(since: $0) }
        links = counters
        return view
    }

    /// The share that the kernel averages over ten seconds, of proc_pressure_stall(5).
    private func pressure(of resource: String) -> BasisPoints? {
        guard let text = try? kernel.read("/proc/pressure/\(resource)"),
            let some = text.split(separator: "\n").first(where: { $0.hasPrefix("some ") }),
            let average = some.split(separator: " ").first(where: { $0.hasPrefix("avg10=") })
        else { return nil }
        return try? BasisPoints(text: average.dropFirst(6) + "%")
    }
}

/// How large a file system is and how much of it is free to unprivileged users.
package struct FileSystemSpace: Hashable, Sendable {
    package let size: Bytes
    package let free: Bytes

    /// `nil` when nothing is there.
    package init?(of path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let unit = Int64(clamping: status.f_frsize)
        size = Bytes(Int64(clamping: status.f_blocks).multipliedReportingOverflow(by: unit).partialValue)
        free = Bytes(Int64(clamping: status.f_bavail).multipliedReportingOverflow(by: unit).partialValue)
    }
}
