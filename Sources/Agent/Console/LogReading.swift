import Logging
import Resources
import Wire

/// One reader of the recent log: what it asked for, and where it is.
struct LogReading: Sendable {
    private static let page = 500

    private let log: RecentLog
    private let follow: Bool
    private let last: Int
    private let since: Timestamp
    private let level: Logger.Level

    /// - Throws: ``FieldError``.
    init(_ request: Surplus_V1_LogRequest, of log: RecentLog) throws(FieldError) {
        self.log = log
        follow = request.follow
        last = Int(try Field.integer(Int64(request.last), in: 0...Int64(Int32.max), "last"))
        since = Timestamp(microseconds: request.since)
        guard let level = request.level.isEmpty ? .trace : Logger.Level(rawValue: request.level) else {
            throw FieldError("level", "must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self.level = level
    }

    /// Passes on what there is and, when it follows, what comes, until cancelled. A reader that is too slow is told how much
    /// it missed.
    func run(_ write: (Surplus_V1_LogEntry) async throws -> Void) async throws {
        let kept = log.entries(after: 0, limit: .max).entries
        var past = kept.filter(isWanted)
        if last > 0 { past = past.suffix(last) }
        for entry in past { try await write(Surplus_V1_LogEntry(entry, missed: 0)) }
        guard follow else { return }
        var after = kept.last?.sequence ?? 0
        for await _ in log.announcements() {
            while true {
                let (entries, missed) = log.entries(after: after, limit: Self.page)
                guard let end = entries.last?.sequence else { break }
                for (number, entry) in entries.enumerated() where isWanted(entry) {
                    try await write(Surplus_V1_LogEntry(entry, missed: number == 0 ? missed : 0))
                }
                after = end
            }
        }
    }

    private func isWanted(_ entry: RecentLog.Entry) -> Bool { entry.level >= level && entry.at > since }
}

extension Surplus_V1_LogEntry {
    init(_ entry: RecentLog.Entry, missed: Int64) {
        self = .with {
            $0.sequence = entry.sequence
            $0.at = entry.at.microseconds
            $0.level = entry.level.rawValue
            $0.message = entry.message
            for field in entry.fields { $0.fields[field.name] = field.value }
            $0.missed = missed
        }
    }
}
