import Agent
import Configuration
import Foundation
import Logging
import Resources

/// Writes one line for each message to standard error: logfmt for people, or JSON for collectors; and keeps it for those who
/// ask the agent.
struct LineLogHandler: LogHandler {
    let format: AgentConfiguration.LogSettings.Format
    let recent: RecentLog
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(format: AgentConfiguration.LogSettings.Format, recent: RecentLog, logLevel: Logger.Level) {
        self.format = format
        self.recent = recent
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        recent.add(level: event.level, message: "\(event.message)", fields: fields.map { ($0.key, "\($0.value)") })
        let all =
            [("time", Date().formatted(.iso8601)), ("level", event.level.rawValue), ("message", "\(event.message)")]
            + fields.map { ($0.key, "\($0.value)") }
        let line = format == .json ? Self.json(all) : all.map { "\($0)=\(Self.quoted($1))" }.joined(separator: " ")
        // One write for each line, so that lines of several threads do not mix.
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    private static func json(_ fields: [(String, String)]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let object = Dictionary(fields, uniquingKeysWith: { first, _ in first })
        return (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func quoted(_ value: String) -> String {
        let needsQuotes = value.isEmpty || value.contains { $0.isWhitespace || $0 == "\"" || $0 == "=" || $0.isNewline }
        guard needsQuotes else { return value }
        let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        return "\"\(escaped)\""
    }
}
