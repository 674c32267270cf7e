import Glibc
import Resources

/// Who is logged in, and since when nobody has typed.
package struct LoggedInUsers: Hashable, Sendable {
    /// Their names, each once.
    package let names: Set<String>
    /// The shortest time since one of their terminals was read from; the time since boot when nobody is logged in.
    package let idle: Microseconds

    private static let logind = "/run/systemd/sessions"

    /// Asks logind where it runs, and utmp (utmp(5)) otherwise.
    package init(kernel: any KernelCalls = LinuxKernel()) {
        let sessions = kernel.exists(Self.logind) ? Self.logindSessions(kernel) : Self.utmpSessions()
        names = Set(sessions.map(\.user))
        var shortest = Self.sinceBoot
        for session in sessions {
            guard let idle = session.terminal.flatMap(Self.idle) else { continue }
            shortest = min(shortest, idle)
        }
        idle = shortest
    }

    private struct Session {
        let user: String
        /// Below `/dev`.
        let terminal: String?
    }

    /// The files that logind keeps for its library, one a session.
    private static func logindSessions(_ kernel: any KernelCalls) -> [Session] {
        ((try? kernel.entries(of: logind)) ?? []).compactMap { name in
            guard let text = try? kernel.read("\(logind)/\(name)") else { return nil }
            var values: [Substring: Substring] = [:]
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                guard let equals = line.firstIndex(of: "=") else { continue }
                values[line[..<equals]] = line[line.index(after: equals)...]
            }
            // A greeter or a user's manager is nobody sitting there.
            guard values["CLASS"] == "user", values["STATE"] != "closing", let user = values["USER"] else { return nil }
            return Session(user: String(user), terminal: values["TTY"].map(String.init))
        }
    }

    private static func utmpSessions() -> [Session] {
        setutxent()
        defer { endutxent() }
        var sessions: [Session] = []
        while let entry = getutxent() {
            guard entry.pointee.ut_type == Int16(USER_PROCESS) else { continue }
            let process = entry.pointee.ut_pid
            guard kill(process, 0) == 0 || errno != ESRCH else { continue }
            let user = withUnsafeBytes(of: &entry.pointee.ut_user) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            let line = withUnsafeBytes(of: &entry.pointee.ut_line) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            sessions.append(Session(user: user, terminal: line))
        }
        return sessions
    }

    /// Since when nobody has typed at a terminal.
    private static func idle(_ terminal: String) -> Microseconds? {
        guard !terminal.contains("..") else { return nil }
        var status = stat()
        guard stat("/dev/" + terminal, &status) == 0 else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return .seconds(Int64(max(0, now.tv_sec - status.st_atim.tv_sec)))
    }

    private static var sinceBoot: Microseconds {
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return .seconds(Int64(now.tv_sec))
    }
}
