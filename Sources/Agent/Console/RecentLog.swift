import Kernel
import Logging
import Resources
import Synchronization

/// What an agent has logged lately, in memory, for those who ask it. Bounded: the oldest entries make room for new ones.
package final class RecentLog: Sendable {
    /// One line of the log.
    struct Entry: Sendable {
        /// Counted from 1 since the agent started, without gaps.
        let sequence: Int64
        let at: Timestamp
        let level: Logger.Level
        let message: String
        let fields: [(name: String, value: String)]

        /// About what it takes in memory.
        var bytes: Int { message.utf8.count + fields.reduce(64) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 } }
    }

    private struct State {
        var entries: [Entry] = []
        /// Entries before this index have made room and are dropped when there are as many as behind it.
        var first = 0
        var bytes = 0
        var sequence: Int64 = 0

        mutating func dropFirst() {
            bytes -= entries[first].bytes
            first += 1
            guard first * 2 > entries.count else { return }
            entries.removeFirst(first)
            first = 0
        }
    }

    /// The most of a message or field that is kept.
    private static let longestText = 8192

    private let entryLimit: Int
    private let byteLimit: Int
    private let state = Mutex(State())
    private let news = ChangeFeed()

    /// - Parameters:
    ///   - entryLimit: how many entries are kept.
    ///   - byteLimit: about how much memory they may take.
    package init(entryLimit: Int = 10_000, byteLimit: Int = 2 << 20) {
        self.entryLimit = entryLimit
        self.byteLimit = byteLimit
    }

    package func add(level: Logger.Level, message: String, fields: [(String, String)]) {
        add(level: level, message: message, fields: fields, at: SystemClock.utc())
    }

    func add(level: Logger.Level, message: String, fields: [(String, String)], at now: Timestamp) {
        let short = { (text: String) in String(text.prefix(Self.longestText)) }
        state.withLock { state in
            state.sequence += 1
            let entry = Entry(
                sequence: state.sequence, at: now, level: level, message: short(message),
                fields: fields.map { (name: $0.0, value: short($0.1)) })
            state.entries.append(entry)
            state.bytes += entry.bytes
            while state.entries.count - state.first > entryLimit || state.bytes > byteLimit { state.dropFirst() }
        }
        news.notify()
    }

    /// Entries behind `sequence`, oldest first, at most `limit`; and how many between have made room already.
    func entries(after sequence: Int64, limit: Int) -> (entries: [Entry], missed: Int64) {
        state.withLock { state in
            guard let oldest = state.entries.dropFirst(state.first).first?.sequence else {
                return ([], max(0, state.sequence - sequence))
            }
            let missed = max(0, oldest - sequence - 1)
            let start = state.first + Int(max(0, sequence + 1 - oldest))
            guard start < state.entries.count else { return ([], missed) }
            return (Array(state.entries[start...].prefix(limit)), missed)
        }
    }

    /// Announces new entries until cancelled; the first value comes at once.
    func announcements() -> AsyncStream<Void> { news.announcements() }
}
