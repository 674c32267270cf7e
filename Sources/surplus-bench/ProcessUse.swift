import ArgumentParser
import Foundation

/// What a process of this machine has used and holds.
enum ProcessUse {
    /// Seconds of processing so far.
    static func processing(_ pid: Int32) throws -> Double {
        let text = try read("/proc/\(pid)/stat")
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw ValidationError("failed to understand /proc/\(pid)/stat")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The kernel's figures in KiB, by name.
    static func memory(_ pid: Int32) throws -> [String: Double] {
        let lines = try (read("/proc/\(pid)/status") + read("/proc/\(pid)/smaps_rollup")).split(separator: "\n")
        var values: [String: Double] = [:]
        for line in lines {
            let parts = line.split(whereSeparator: { $0 == ":" || $0.isWhitespace })
            if parts.count >= 3, parts[2] == "kB" { values[String(parts[0])] = Double(parts[1]) }
        }
        return values
    }

    /// How often it has waited for a page from a disk; not a number when it is gone.
    static func majorFaults(_ pid: Int32) -> Double {
        guard let text = try? read("/proc/\(pid)/stat") else { return .nan }
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return fields.count > 10 ? Double(fields[10]) ?? .nan : .nan
    }

    private static func read(_ path: String) throws -> String {
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ValidationError("failed to read \(path): is the process running?")
        }
    }
}
