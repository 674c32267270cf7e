import Glibc
import Resources

/// What bubblewrap writes to `--json-status-fd`: the number of the sandbox's first process once it has made it, and the
/// program's exit status if, and only if, the program was executed.
struct SandboxReport {
    private var text: [UInt8] = []
    private static let longest = 64 << 10

    mutating func append(_ bytes: [UInt8]) {
        if text.count + bytes.count <= Self.longest { text += bytes }
    }

    /// The first process of the sandbox, by the number it has outside.
    var firstProcess: pid_t? { number(after: "\"child-pid\": ").flatMap { $0 > 1 ? $0 : nil } }

    /// The program's exit status: its own, or 128 + n when signal n ended it.
    private var exitStatus: Int32? { number(after: "\"exit-code\": ") }

    private func number(after key: String) -> Int32? {
        let text = String(decoding: text, as: UTF8.self)
        guard let found = text.firstRange(of: key) else { return nil }
        return Int32(text[found.upperBound...].prefix { $0.isNumber })
    }

    /// - Parameters:
    ///   - status: How bubblewrap ended, as `waitpid` says it.
    ///   - complaint: What stands on standard error if nothing but bubblewrap has written there.
    func reason(sandboxStatus status: Int32, complaint: String) -> ExitReason {
        let signal = status & 0x7f
        let code = status >> 8 & 0xff
        switch exitStatus {
        case let status?: return Self.reason(status: status)
        case nil where signal != 0: return .signalled(signal)
        case nil where code > 128: return Self.reason(status: code)
        case nil where complaint.hasPrefix("bwrap: execvp "):
            let isMissing = complaint.hasSuffix(String(cString: strerror(ENOENT)))
            return .notStarted(status: isMissing ? 127 : 126, reason: "failed to execute " + complaint.dropFirst(14))
        case nil:
            return .sandboxFailed(
                reason: complaint.isEmpty ? "bubblewrap ended with status \(code)" : "failed to make the sandbox: \(complaint)")
        }
    }

    private static func reason(status: Int32) -> ExitReason {
        129...192 ~= status ? .signalled(status - 128) : .exited(status & 0xff)
    }
}
