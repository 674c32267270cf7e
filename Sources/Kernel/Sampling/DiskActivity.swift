import Resources
import Synchronization

/// What the machine's disks did since it was booted.
package struct DiskActivity: Hashable, Sendable {
    package var read = Bytes.zero
    package var written = Bytes.zero
    /// Time in which a disk had something to do, summed over disks.
    package var busy = Microseconds.zero

    /// From `/proc/diskstats` (Documentation/admin-guide/iostats.rst), whose sectors are of 512 bytes whatever the disk's are.
    ///
    /// - Parameter isWhole: whether a device counts. Partitions, and volumes made of disks, would be counted twice.
    init(_ text: String, isWhole: (String) -> Bool) {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 14, isWhole(String(fields[2])), let read = Int64(fields[5]), let written = Int64(fields[9]),
                let busy = Int64(fields[12])
            else { continue }
            self.read += Bytes(read * 512)
            self.written += Bytes(written * 512)
            self.busy += .milliseconds(busy)
        }
    }
}

/// Tells disks from partitions, from what is made of other disks, and from what only looks like a disk.
final class DiskFinder: Sendable {
    private static let madeUp = ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"]
    private static let mostKnown = 4096

    private let kernel: any KernelCalls
    private let known = Mutex<[String: Bool]>([:])

    init(kernel: any KernelCalls) { self.kernel = kernel }

    func isWhole(_ name: String) -> Bool {
        if let known = known.withLock({ $0[name] }) { return known }
        // only whole devices have a directory of their own there
        let isWhole = !Self.madeUp.contains(where: name.hasPrefix) && kernel.exists("/sys/block/\(name)")
        known.withLock { known in
            if known.count >= Self.mostKnown { known = [:] }
            known[name] = isWhole
        }
        return isWhole
    }

    /// The device numbers of the machine's disks, such as `8:0`, as the kernel's limits name them.
    func numbers() -> [String] {
        // a disk that is taken away while it is looked at is none
        let names = (try? kernel.entries(of: "/sys/block")) ?? []
        return names.filter(isWhole).compactMap { try? kernel.read("/sys/block/\($0)/dev") }.map {
            String($0.prefix { $0 != "\n" })
        }
    }
}
