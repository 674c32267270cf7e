import CLinux
import Glibc

/// A process that runs on when this program has ended, and can be found again by the record it leaves.
struct Daemon {
    /// Where its pid, its start time and the boot it belongs to are kept.
    let record: String
    /// Where its standard output and error go.
    let log: String

    /// Writes the record from within the new process, before that becomes the program: there is never a daemon without one.
    private static let wrapper = """
        read -r boot < /proc/sys/kernel/random/boot_id; read -r stat < /proc/$$/stat
        printf '%s %s\\n' "$boot" "$stat" > "$0.new" && mv "$0.new" "$0" && exec "$@"
        """

    /// Starts `command`; to be called when it is not running.
    func start(_ command: [String]) throws(Failure) {
        // that of one which has ended would speak for this one until it has written its own
        unlink(record)
        _ = try Spawn.start(["/bin/sh", "-c", Self.wrapper, record] + command, output: log, errors: log, session: true)
    }

    /// Its pid, if it is running.
    var pid: pid_t? { running?.pid }

    private var running: ProcessStat? {
        guard let text = TextFile.read(record), let recorded = ProcessStat(record: text),
            recorded.boot == TextFile.read("/proc/sys/kernel/random/boot_id")?.trimmed,
            recorded.isRunning
        else { return nil }
        return recorded
    }

    /// Whether it was started and is not running any more.
    var hasEnded: Bool { access(record, F_OK) == 0 && pid == nil }

    /// Sends a signal to it and to no other process that may have its number now.
    ///
    /// - Returns: whether it was running.
    @discardableResult
    func signal(_ number: Int32) -> Bool { running?.signal(number) ?? false }

    /// The last lines of its log, for an error message.
    var lastWords: String {
        let lines = TextFile.read(log)?.split(separator: "\n").suffix(5) ?? []
        return lines.isEmpty ? "it said nothing" : lines.joined(separator: "\n")
    }
}

/// What the kernel says about a process, see proc(5).
struct ProcessStat: Equatable {
    let pid: pid_t
    /// In clock ticks after boot: together with the pid it names one process of this boot.
    let startTime: UInt64
    let isZombie: Bool
    /// The boot id, in a record.
    var boot = ""

    /// Reads a line of `/proc/PID/stat`. The command's name, in parentheses, may contain anything.
    init?(line: String) {
        guard let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")"), open < close,
            let pid = pid_t(line[..<open].trimmed)
        else { return nil }
        let fields = line[line.index(after: close)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 19, let startTime = UInt64(fields[19]) else { return nil }
        self.pid = pid
        self.startTime = startTime
        isZombie = fields[0] == "Z" || fields[0] == "X"
    }

    /// Reads a record: the boot id and such a line.
    init?(record: String) {
        guard let space = record.firstIndex(of: " ") else { return nil }
        self.init(line: String(record[record.index(after: space)...]))
        boot = String(record[..<space])
    }

    /// Whether that process, and not another one that has its number now, still runs.
    var isRunning: Bool { ProcessStat.of(pid).map { $0.startTime == startTime && !$0.isZombie } ?? false }

    /// Sends a signal to that process and to no other one that may have its number now.
    ///
    /// - Returns: whether it was running.
    @discardableResult
    func signal(_ number: Int32) -> Bool {
        let descriptor = surplus_pidfd_open(pid)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // The descriptor stands for whoever had the number when it was opened: look again whether that was it.
        guard isRunning else { return false }
        return surplus_pidfd_send_signal(descriptor, number) == 0
    }

    static func of(_ pid: pid_t) -> ProcessStat? { TextFile.read("/proc/\(pid)/stat").flatMap(ProcessStat.init(line:)) }
}
