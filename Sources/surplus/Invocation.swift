import ArgumentParser
import Glibc
import Reports

/// Runs one command line, says what went wrong, and knows the exit status.
enum Invocation {
    static let usageStatus: Int32 = 2
    static let failureStatus: Int32 = 1

    /// - Returns: the status to exit with: 0, what the command asked for, 2 for bad usage, 1 otherwise.
    static func perform(_ arguments: [String]) async -> Int32 {
        do {
            var arguments = arguments
            let choice = try AgentChoice(leading: &arguments)
            try await AgentOptions.$leading.withValue(choice) { [arguments] in
                var command = try await Surplus.asyncParseAsRoot(arguments)
                if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
            }
            return 0
        } catch let failure as Failure {
            Terminal.note(failure.description)
            for line in failure.excerpt { Terminal.write(line.printable + "\n", to: STDERR_FILENO) }
            return failure.status
        } catch let exit as ExitCode {
            return exit.rawValue
        } catch {
            return explain(error)
        }
    }

    /// Help and version go to standard output, complaints about the command line to standard error.
    private static func explain(_ error: any Error) -> Int32 {
        let text = Surplus.fullMessage(for: error, columns: Terminal.width(of: STDOUT_FILENO)) + "\n"
        switch Surplus.exitCode(for: error) {
        case .success:
            return (try? Terminal.print(text)) == nil ? failureStatus : 0
        case .validationFailure:
            Terminal.write(text, to: STDERR_FILENO)
            return usageStatus
        default:
            Terminal.write(text, to: STDERR_FILENO)
            return failureStatus
        }
    }
}
