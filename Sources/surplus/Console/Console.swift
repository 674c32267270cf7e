import Dispatch
import Glibc
import Reports
import Synchronization

/// Standard output and standard error of a program that runs elsewhere, and one line about what is being done.
///
/// Writing may block for as long as the reader likes; that happens on a thread of its own, and whoever writes waits for it,
/// so that a slow reader slows the job's stream down instead of filling memory.
final class Console: Sendable {
    private struct State {
        /// The progress line that stands on the terminal now.
        var line = ""
        /// Whether the program's output ended in the middle of a line.
        var isMidLine = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "surplus.console")
    /// Nothing is wanted but what the program writes and what goes wrong.
    let isQuiet: Bool
    private let showsProgress: Bool
    private let width: Int

    /// - Parameter quiet: no progress line, even on a terminal.
    init(quiet: Bool) {
        isQuiet = quiet
        showsProgress = !quiet && Terminal.isTerminal(STDERR_FILENO)
        width = Terminal.width(of: STDERR_FILENO) ?? 80
    }

    /// Writes what the program wrote.
    ///
    /// - Returns: zero, or the error: `EPIPE` when nobody reads any more.
    func write(_ bytes: [UInt8], to descriptor: Int32) async -> Int32 {
        clear()
        state.withLock { $0.isMidLine = bytes.last.map { $0 != 0x0A } ?? $0.isMidLine }
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Terminal.write(bytes, to: descriptor)) }
        }
    }

    /// Shows `text` in place of the last progress line. Never within a line of the program's output.
    func progress(_ text: String) {
        guard showsProgress else { return }
        let line = String(text.printable.prefix(width - 1))
        let isNew = state.withLock { state in
            guard state.line != line, !state.isMidLine else { return false }
            state.line = line
            return true
        }
        if isNew { Terminal.write("\r\u{1B}[K\(line)", to: STDERR_FILENO) }
    }

    /// Takes the progress line away.
    func clear() {
        let wasShown = state.withLock { state in
            defer { state.line = "" }
            return !state.line.isEmpty
        }
        if wasShown { Terminal.write("\r\u{1B}[K", to: STDERR_FILENO) }
    }

    /// Says something on a line of its own.
    func note(_ text: String) {
        clear()
        Terminal.note(text)
    }

    /// Whether somebody is there to read hints.
    var isInteractive: Bool { showsProgress }
}
