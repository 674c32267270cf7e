import Accounting
import ArgumentParser
import Glibc
import HistoryStore
import Resources

/// Writes history until it is killed, and says on standard output how many samples it has on disk: what the crash tests kill.
struct HistoryWriter: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history-writer",
        abstract: "Writes made-up history until killed, printing how many samples of this run are on disk.",
        shouldDisplay: false)

    @Argument(help: "The file.")
    var file: String

    func run() throws {
        let store = try HistoryStore(path: file, limit: .mebibytes(64))
        // each run goes on an hour later, on a clock of its own
        let newest = try store.newest() ?? Timestamp(microseconds: 1_767_225_600_000_000)
        var now = Moment(boot: BootID("bench"), instant: Instant(microseconds: 0), utc: newest + .hours(1))
        var chronicle = Chronicle()
        chronicle.restore(try store.openIntervals(), at: now.instant)
        var samples: Int64 = -1
        while true {
            for _ in 0..<20 {
                now = now + .seconds(1)
                var reading = Reading(at: now.instant)
                reading.memory = .mebibytes(now.instant.microseconds / 1_000_000 % 100)
                chronicle.record(reading, of: .machine, at: now, grain: .milliseconds(200), isIncident: false)
                samples += 1
            }
            let batch = chronicle.batch
            try store.write(batch)
            chronicle.wrote(batch)
            if samples % 400 == 399 { try store.tidy(at: now.utc) }
            let text = "\(samples)\n"
            guard write(STDOUT_FILENO, text, text.utf8.count) == text.utf8.count else { Glibc.exit(1) }
        }
    }
}
