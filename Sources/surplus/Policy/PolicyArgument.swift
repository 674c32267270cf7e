import ArgumentParser
import Configuration
import Reports
import Resources
import ShippedPolicies

/// A policy that is named on the command line.
struct PolicyArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A policy file, or the name of a shipped policy: "
                + ShippedPolicy.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "file"))
    var file: String

    /// Reads it and what it includes.
    ///
    /// - Throws: ``Failure`` with the place of the fault and the line.
    func load() throws(Failure) -> PolicyFile {
        do throws(ConfigurationError) {
            if let shipped = ShippedPolicy(rawValue: file) { return try .shipped(shipped) }
            return try .load(path: file)
        } catch { throw Failure(error) }
    }

    /// Says on standard error what is odd about a policy.
    static func tell(_ notes: [String]) { for note in notes { Terminal.note(note) } }
}

extension Failure {
    /// What is wrong with a file that was given, with the line at fault.
    init(_ error: ConfigurationError) {
        self.init(object: "", fault: error.description, status: Invocation.usageStatus)
        excerpt = error.report.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map(String.init)
    }
}
