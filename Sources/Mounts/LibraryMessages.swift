import CFUSE
import Glibc
import Synchronization

/// What libfuse has to say, which it does in text only.
enum LibraryMessages {
    private struct State {
        /// What was said, while somebody collects it.
        var collected: [String]?
    }

    private static let state = Mutex(State())
    /// One collects at a time.
    private static let turn = Mutex(())
    private static let longest = 100

    /// - Returns: What the body returns, and what libfuse said meanwhile.
    static func collect<R: Sendable>(_ body: () -> R) -> (R, said: String) {
        turn.withLock { _ in
            state.withLock { $0.collected = [] }
            fuse_set_log_func { _, format, arguments in
                LibraryMessages.note(format, arguments)
            }
            let result = body()
            let said = state.withLock { state in
                defer { state.collected = nil }
                return state.collected ?? []
            }
            return (result, said.joined(separator: "; "))
        }
    }

    /// Outside a collection it goes where libfuse sends it by itself.
    private static func note(_ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?) {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { room in
            guard let format, let arguments, let start = room.baseAddress else { return "" }
            vsnprintf(start, room.count, format, arguments)
            return String(cString: start)
        }
        let line = (text.hasPrefix("fuse: ") ? text.dropFirst(6) : text[...]).filter { $0 != "\n" }
        let isCollected = state.withLock { state in
            guard let count = state.collected?.count else { return false }
            if count < longest { state.collected?.append(String(line)) }
            return true
        }
        if !isCollected { _ = "libfuse: \(line)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) } }
    }
}
