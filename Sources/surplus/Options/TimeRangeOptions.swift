import ArgumentParser
import Reports
import Resources

/// The time that something is asked about.
struct TimeRangeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Begin then: so long ago, or at a date. Default: the beginning.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("End then. Default: now.", valueName: "time"))
    var until: String?

    /// - Throws: ``Failure`` of a usage error when a time is none, or the beginning is not before the end.
    func times(on page: Page) throws -> (since: Timestamp?, until: Timestamp?) {
        try Self.times(since: since, until: until, on: page)
    }

    /// - Parameter step: the length of a point or window.
    static func validate(step: Microseconds?) throws {
        guard let step else { return }
        guard step >= .seconds(1), step.rawValue.isMultiple(of: 1_000_000) else {
            throw ValidationError("--step: \(step.text) is no whole number of seconds; write 1s or more")
        }
    }

    static func times(since: String?, until: String?, on page: Page) throws -> (since: Timestamp?, until: Timestamp?) {
        func time(_ text: String?) throws -> Timestamp? {
            do { return try text.map { try TimeText.past($0, now: page.now, utcOffset: page.utcOffset) } } catch let failure
                as Failure
            {
                throw failure.exiting(with: Invocation.usageStatus)
            }
        }
        let (from, end) = (try time(since), try time(until))
        if let from, from >= end ?? page.now {
            throw Failure(
                object: "--since \(since ?? "")", fault: "is not before the end",
                remedy: "write an earlier time, or a later --until", status: Invocation.usageStatus)
        }
        return (from, end)
    }
}
