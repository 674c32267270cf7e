import Resources

/// A system call at which a process dies: the n-th of its kind in a thread, before it is done.
struct DeadlyCall: CustomStringConvertible {
    let call: String
    let number: Int

    /// What daemons do to be durable, and to be heard.
    private static let calls = [
        "fdatasync", "fsync", "pwrite64", "write", "sendmsg", "writev", "rename", "unlink", "openat", "mkdir",
    ]

    static func random(using random: inout SeededGenerator) -> DeadlyCall {
        DeadlyCall(
            call: calls.randomElement(using: &random) ?? "write", number: Int.random(in: 1...12, using: &random))
    }

    var description: String { "\(call) \(number)" }
    /// What strace is told.
    var options: [String] { ["-e", "trace=\(call)", "-e", "inject=\(call):signal=KILL:when=\(number)"] }
}
