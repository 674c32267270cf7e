import Glibc
import Resources

/// A line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
struct MountRecord: Hashable, Sendable {
    /// Names the mount until it is unmounted.
    var id: Int
    /// Major and minor number of its file system's device.
    var device: String
    var directory: String
    var type: String
    var source: String

    /// `36 35 98:0 /root /directory options optional... - type source superoptions`
    init?(_ line: String) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count > 6, let id = Int(fields[0]), let dash = fields[6...].firstIndex(of: "-"), fields.count > dash + 2
        else {
            return nil
        }
        self.id = id
        device = String(fields[2])
        directory = Self.unescaped(fields[4])
        type = String(fields[dash + 1])
        source = Self.unescaped(fields[dash + 2])
    }

    /// Blanks and backslashes come as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Lets the kernel read so far ahead on the file system: more than it agrees to by itself. Only root may; for others it stays
    /// as it is.
    func readAhead(_ distance: Bytes) {
        let file = open("/sys/class/bdi/\(device)/read_ahead_kb", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        let text = "\(distance.rawValue / 1024)"
        _ = text.withCString { write(file, $0, strlen($0)) }
    }

    static func all() -> [MountRecord] { KernelFile.lines("/proc/self/mountinfo").compactMap { MountRecord($0) } }
}

/// Files in which the kernel tells what it knows.
enum KernelFile {
    /// None when it cannot be read.
    static func lines(_ path: String) -> [String] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var (line, room) = (UnsafeMutablePointer<CChar>?.none, 0)
        defer { free(line) }
        var lines: [String] = []
        while getline(&line, &room, file) > 0, let text = line {
            lines.append(String(decoding: [UInt8](cString: text).filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        }
        return lines
    }
}
