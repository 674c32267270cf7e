import Resources

/// A system call at which a process dies: the n-th of its kind in a thread, before it is done.
struct DeadlyCall: CustomStringConvertible {
    let call: String
    let number: Int

    /// What daemons do to be durable, and to be heard.
    static let calls = ["fdatasync", "fsync", "pwrite64", "write", "sendmsg", "writev", "rename", "unlink", "openat", "mkdir"]

    var description: String { "\(call) \(number)" }
    /// What strace is told.
    var options: [String] { ["-e", "trace=\(call)", "-e", "inject=\(call):signal=KILL:when=\(number)"] }

    /// Every place at which a process could have died while it was watched, as often as it was passed by its threads.
    ///
    /// - Parameter trace: what strace wrote, a call a line, with its thread before it where there are several.
    static func all(in trace: String) -> [DeadlyCall] {
        var counts: [String: [Substring: Int]] = [:]
        for line in trace.split(separator: "\n") {
            guard let parts = line.wholeMatch(of: /(\d* *)([a-z0-9]+)\(.*/) else { continue }
            counts[String(parts.2), default: [:]][parts.1, default: 0] += 1
        }
        return counts.sorted { $0.key < $1.key }.flatMap { call, threads in
            threads.values.sorted().flatMap { count in (1...count).map { DeadlyCall(call: call, number: $0) } }
        }
    }
}
