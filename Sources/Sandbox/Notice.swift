import Kernel
import Resources

/// That the owner takes the machine back from a running program, and when: the time it has to save what it has.
///
/// The program gets it as a file, beside SIGTERM.
package struct Notice: Hashable, Sendable {
    /// Where the program finds it, once there is one; also told in its environment as `SURPLUS_NOTICE`.
    package static let path = folder + "/notice"
    static let folder = "/run/surplus"

    /// When the program is ended at the latest, by the machine's clock.
    package var ends: Timestamp
    package var reason: String

    package init(ends: Timestamp, reason: String) {
        self.ends = ends
        self.reason = reason
    }

    /// The file's text: `ends` in whole seconds since 1970, rounded down, and `reason` in one line.
    var text: String {
        let line = String(reason.map { $0.isNewline ? " " : $0 })
        return "ends=\(ends.microseconds / 1_000_000)\nreason=\(line)\n"
    }

    /// - Returns: `nil` when it is not the text of a notice.
    init?(text: String) {
        let lines = text.split(separator: "\n")
        guard lines.count == 2, let ends = lines[0].value(of: "ends").flatMap({ Int64($0) }),
            (0..<1 << 40).contains(ends), let reason = lines[1].value(of: "reason")
        else { return nil }
        self.init(ends: Timestamp(microseconds: ends * 1_000_000), reason: String(reason))
    }
}

extension Substring {
    fileprivate func value(of key: String) -> Substring? { hasPrefix(key + "=") ? dropFirst(key.count + 1) : nil }
}

extension JobFiles {
    /// The folder that the program sees, and cannot change, as ``Notice/folder``.
    package var notices: String { directory + "/notices" }
    private var notice: String { notices + "/notice" }

    /// Puts the notice where the program finds it, in whole, in place of an earlier one.
    package func write(_ notice: Notice) throws(KernelError) {
        try StateFile.write(Array(notice.text.utf8), to: self.notice, mode: 0o444)
    }

    /// The notice that was given; `nil` when there was none.
    ///
    /// - Throws: ``KernelError`` when it cannot be read.
    package func givenNotice() throws(KernelError) -> Notice? {
        try StateFile.read(notice).flatMap { Notice(text: String(decoding: $0, as: UTF8.self)) }
    }
}
