import Glibc
import Kernel

/// One line on standard error for each decision, in logfmt: `time=... event=lease.opened lease=lse_... cpu="2 cores"`.
struct DecisionLog {
    private let instance: String

    init(instance: String) { self.instance = instance }

    /// - Parameter fields: in their order; those without a value are left out.
    func write(_ event: String, _ fields: KeyValuePairs<String, (any CustomStringConvertible)?> = [:]) {
        var line = "time=\(Self.time()) warden=\(instance) event=\(event)"
        for case (let name, let value?) in fields { line += " \(name)=\(Self.quoted(value.description))" }
        line += "\n"
        // a log that cannot be written must not stop the warden
        _ = Array(line.utf8).withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Values come from outside: nothing in them may look like another field or line.
    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x3d && $0 != 0x5c }
        if isPlain { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7f ? " " : scalar)
            }
        }
        return result + "\""
    }

    private static func time() -> String {
        var seconds = time_t(SystemClock.utc().microseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            strftime(buffer.baseAddress!, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)  // capacity 32: never empty
            return String(cString: buffer.baseAddress!)
        }
    }
}
