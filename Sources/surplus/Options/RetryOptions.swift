import ArgumentParser
import Resources
import Wire

/// What becomes of a job whose machine is taken back or lost.
struct RetryOptions: ParsableArguments {
    static let usualLimit = 10
    static let most = 100

    @Flag(help: "Run it again elsewhere when its machine is taken back or lost.")
    var retry = false

    @Option(
        help: ArgumentHelp(
            "With --retry: at most so many times, up to \(most). Default: \(usualLimit).", valueName: "n"))
    var retryLimit: Int?

    @Option(
        help: ArgumentHelp(
            "With --retry: a lender that cannot be reached for so long counts as lost. Default: 2min.", valueName: "duration"),
        transform: Quantities.duration)
    var lostAfter: Microseconds?

    @Option(
        help: ArgumentHelp(
            "A file or directory that the program saves its progress in: brought home when it is cut short, and there again when "
                + "it is run again. Can be repeated.", valueName: "name"))
    var checkpoint: [String] = []

    func validate() throws {
        if !retry, let option = retryLimit != nil ? "--retry-limit" : lostAfter != nil ? "--lost-after" : nil {
            throw ValidationError("\(option): the program is run once; add --retry")
        }
        if let retryLimit, !(1...Self.most).contains(retryLimit) {
            throw ValidationError("--retry-limit \(retryLimit): out of range; write 1 to \(Self.most)")
        }
        if let name = checkpoint.first(where: { !Paths.isInside(Self.plain($0)) }) {
            throw ValidationError("--checkpoint \(name): not in the job's directory; write a relative name")
        }
    }

    /// The names, each once.
    var checkpoints: [String] { Array(Set(checkpoint.map(Self.plain))).sorted() }

    private static func plain(_ name: String) -> String { name.hasSuffix("/") ? String(name.dropLast()) : name }

    var message: Surplus_V1_JobRetry {
        .with {
            $0.limit = retry ? UInt32(retryLimit ?? Self.usualLimit) : 0
            $0.patienceMicroseconds = lostAfter?.rawValue ?? 0
        }
    }
}
