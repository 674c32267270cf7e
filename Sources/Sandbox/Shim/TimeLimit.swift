import Kernel
import Resources

/// Ends a program that runs for longer than it may: asks it to, and after a grace makes it.
struct TimeLimit {
    /// What is due.
    enum Step: Hashable {
        /// Ask the program to end, so that it can save what it has.
        case warn
        case end
    }

    /// How long a program has to end by itself once it was asked to.
    static let grace = Microseconds.seconds(10)

    private let limit: Microseconds
    /// When the next step is due.
    private(set) var next: Instant
    /// The program was asked to end.
    private(set) var isOver = false

    /// - Parameters:
    ///   - limit: How long the program may run, frozen or not.
    ///   - start: When it was started.
    init(_ limit: Microseconds, from start: Instant) {
        self.limit = limit
        next = start + limit
    }

    mutating func step(at now: Instant) -> Step? {
        guard now >= next else { return nil }
        next = now + Self.grace
        if isOver { return .end }
        isOver = true
        return .warn
    }

    /// Why the program was ended.
    var reason: String { "it ran longer than its time limit of \(limit.text)" }
}
