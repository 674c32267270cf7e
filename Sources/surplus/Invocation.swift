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
                var command = try await parse(arguments)
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
            return explain(error, arguments)
        }
    }

    /// To the parser a negative number looks like another option. What it is given for says better why it will not do.
    static func parse(_ arguments: [String]) async throws -> any ParsableCommand {
        do { return try await Surplus.asyncParseAsRoot(arguments) } catch {
            guard Surplus.message(for: error).hasPrefix("Missing value"), let joined = joiningNegatives(arguments) else {
                throw error
            }
            return try await Surplus.asyncParseAsRoot(joined)
        }
    }

    /// `--last -1` as `--last=-1`; `nil` when there is nothing of the kind.
    private static func joiningNegatives(_ arguments: [String]) -> [String]? {
        var result: [String] = []
        for argument in arguments {
            let isNumber = argument.first == "-" && argument.dropFirst().first?.isNumber == true
            if isNumber, let option = result.last, option.hasPrefix("-"), !option.contains("="), option != "--" {
                result[result.count - 1] = "\(option)=\(argument)"
            } else {
                result.append(argument)
            }
        }
        return result == arguments ? nil : result
    }

    /// Help and version go to standard output, complaints about the command line to standard error.
    private static func explain(_ error: any Error, _ arguments: [String]) -> Int32 {
        let text = Surplus.fullMessage(for: error, columns: Terminal.width(of: STDOUT_FILENO)) + "\n"
        switch Surplus.exitCode(for: error) {
        case .success:
            return (try? Terminal.print(text)) == nil ? failureStatus : 0
        case .validationFailure:
            Terminal.write(harmless(text, arguments), to: STDERR_FILENO)
            return usageStatus
        default:
            Terminal.write(harmless(text, arguments), to: STDERR_FILENO)
            return failureStatus
        }
    }

    /// A complaint quotes what was written, which may hold anything.
    private static func harmless(_ text: String, _ arguments: [String]) -> String {
        let quoted = arguments.filter { $0 != $0.printable }.reduce(text) { $0.replacing($1, with: $1.printable) }
        return quoted.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
            .joined(separator: "\n")
    }
}
