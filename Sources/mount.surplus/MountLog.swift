import Glibc

/// What a mount has to say once nobody waits for it: one line each, to a file or to syslog(3).
final class MountLog: Sendable {
    enum Level: Int32 {
        // sys/syslog.h
        case error = 3
        case warning = 4
        case notice = 5
    }

    // sys/syslog.h
    private static let daemon: Int32 = 3 << 3
    private static let withProcess: Int32 = 1

    private let file: Int32?
    private let about: String

    /// - Parameters:
    ///   - path: of a file that lines are appended to; `nil` for syslog.
    ///   - about: what stands before each.
    init(_ path: String?, about: String) throws(MountFailure) {
        self.about = about
        guard let path else {
            file = nil
            // It keeps the name, not a copy.
            openlog(strdup("mount.surplus"), Self.withProcess, Self.daemon)
            return
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else {
            throw MountFailure(.usage, "\(path): failed to open it for the log: \(Background.text(of: errno))")
        }
        file = descriptor
    }

    func write(_ level: Level, _ text: String) {
        let line = "\(about): \(text)"
        guard let file else {
            return line.withCString { line in withVaList([line]) { vsyslog(level.rawValue, "%s", $0) } }
        }
        let bytes = Array("time=\(Self.time) pid=\(getpid()) level=\(level) \(line)\n".utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
    }

    private static var time: String {
        var seconds = Glibc.time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var room = [CChar](repeating: 0, count: 32)
        let count = strftime(&room, room.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: room[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
