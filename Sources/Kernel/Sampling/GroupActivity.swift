import Resources

/// What a group did to disks and how long it waited, since it was made. What is `nil` the kernel does not measure for groups.
package struct GroupActivity: Hashable, Sendable {
    /// With control groups of version 1 what is written through the page cache is not counted: the kernel cannot tell whose it is.
    package var diskRead: Bytes?
    package var diskWritten: Bytes?
    /// With control groups of version 2 only.
    package var cpuPressure = PressureTotals()
    package var memoryPressure = PressureTotals()
    package var ioPressure = PressureTotals()

    package init() {}

    /// From `blkio.throttle.io_service_bytes_recursive`: lines such as `8:0 Read 4096`, the last one without a device.
    init(blkio text: String) {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 3, let value = Int64(fields[2]) else { continue }
            if fields[1] == "Read" { diskRead = (diskRead ?? .zero) + Bytes(value) }
            if fields[1] == "Write" { diskWritten = (diskWritten ?? .zero) + Bytes(value) }
        }
        // a group that never did anything has no lines
        diskRead = diskRead ?? .zero
        diskWritten = diskWritten ?? .zero
    }

    /// From `io.stat`: lines such as `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`.
    init(ioStat text: String) {
        var (read, written) = (Bytes.zero, Bytes.zero)
        for field in text.split(whereSeparator: { $0 == "\n" || $0 == " " }) {
            if field.hasPrefix("rbytes="), let value = Int64(field.dropFirst(7)) { read += Bytes(value) }
            if field.hasPrefix("wbytes="), let value = Int64(field.dropFirst(7)) { written += Bytes(value) }
        }
        diskRead = read
        diskWritten = written
    }
}
