import ArgumentParser
import Glibc
import Reports

/// For what destroys something: to be asked first, or only to be told what would happen.
struct CautionOptions: ParsableArguments {
    @Flag(help: "Say what would happen, and change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do it without asking.")
    var yes = false

    /// Asks the person at the terminal whether to go on.
    ///
    /// - Parameter consequence: what cannot be undone, as a sentence.
    /// - Throws: ``Failure`` when the answer is no, or nobody is there to be asked.
    func confirm(_ consequence: String) throws(Failure) {
        guard !yes, !dryRun else { return }
        guard Terminal.isTerminal(STDIN_FILENO) else {
            throw Failure(
                object: "", fault: "nobody can be asked whether to go on, since standard input is no terminal",
                remedy: "add --yes if it is meant, or --dry-run to see what would happen", status: Invocation.usageStatus)
        }
        Terminal.write("\(consequence.printable) Go on? [y/N] ", to: STDERR_FILENO)
        guard let answer = readLine()?.trimmed.lowercased(), answer == "y" || answer == "yes" else {
            throw Failure(object: "", fault: "nothing was changed")
        }
    }
}

/// For what only spends or ends something that can be had again.
struct DryRunOptions: ParsableArguments {
    @Flag(help: "Say what would happen, with prices and amounts, and change nothing.")
    var dryRun = false
}
