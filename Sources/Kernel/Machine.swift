import Glibc
import Resources

/// Reads what the whole machine has and uses.
package struct Machine: Sendable {
    private let kernel: any KernelCalls
    private let disks: DiskFinder

    package init(kernel: any KernelCalls = LinuxKernel()) {
        self.kernel = kernel
        disks = DiskFinder(kernel: kernel)
    }

    package static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The processors online and the memory the kernel manages.
    package func capacity() throws(KernelError) -> Amounts {
        Amounts(cpu: .cores(Int64(Self.processors)), memory: try memory().total)
    }

    /// Processing done on all processors since boot, by anything but the idle loop. Time stolen by a hypervisor is not
    /// counted: nobody here used it.
    package func processing() throws(KernelError) -> CoreMicroseconds {
        let path = "/proc/stat"
        let fields = try kernel.read(path).prefix { $0 != "\n" }.split(separator: " ").dropFirst().map { Int64($0) ?? 0 }
        guard fields.count >= 7 else { throw KernelError("understand \(path)", EINVAL) }
        // user (with guest), nice, system, irq, softirq; idle and iowait are fields 3 and 4
        let ticks = fields[0] + fields[1] + fields[2] + fields[5] + fields[6]
        return CoreMicroseconds(ticks * (1_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))))
    }

    /// What the kernel manages and how much of it is in use: not free, and not given up without harm (caches).
    package func memory() throws(KernelError) -> (total: Bytes, used: Bytes) {
        let path = "/proc/meminfo"
        let text = try kernel.read(path)
        guard let total = Self.value(of: "MemTotal:", in: text), let available = Self.value(of: "MemAvailable:", in: text) else {
            throw KernelError("understand \(path)", EINVAL)
        }
        return (Bytes(total << 10), Bytes(max(0, total - available) << 10))
    }

    /// How long, since boot, some task waited for `resource` (`"cpu"`, `"memory"`, `"io"`); `nil` where the kernel does not
    /// measure pressure.
    package func pressure(of resource: String) -> Microseconds? {
        PressureTotals(reading: "/proc/pressure/\(resource)", kernel).some
    }

    /// What the machine's disks did since it was booted; `nil` where the kernel does not tell.
    package func diskActivity() -> DiskActivity? {
        // not every container shows it
        (try? kernel.read("/proc/diskstats")).map { DiskActivity($0, isWhole: disks.isWhole) }
    }

    /// Runnable tasks and those that wait for a disk, averaged over one minute; `nil` where the kernel does not say.
    func load() -> Load? {
        guard let text = try? kernel.read("/proc/loadavg"), let first = text.split(separator: " ").first else { return nil }
        return try? Load(text: String(first))
    }

    /// The whole number behind `name` in lines of a name and a number, as in `memory.stat`; `nil` where there is no such line. The
    /// rest of the text is not taken apart: guests are measured by this on every tick.
    package static func value(of name: String, in text: String) -> Int64? {
        var (text, name) = (text, name)
        return text.withUTF8 { text in
            name.withUTF8 { name in
                var start = 0
                while start < text.count {
                    let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
                    let line = text[start..<end]
                    if line.starts(with: name), line.count > name.count, line[start + name.count] == UInt8(ascii: " ") {
                        return number(in: line.dropFirst(name.count))
                    }
                    start = end + 1
                }
                return nil
            }
        }
    }

    private static func number(in line: Slice<UnsafeBufferPointer<UInt8>>) -> Int64? {
        let digits = line.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: " ") }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}
