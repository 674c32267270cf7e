import ArgumentParser
import Foundation
import Simulation

/// What pools are made of.
struct PoolOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Nodes in each pool, 2 to 500.", valueName: "count"))
    var nodes = 8

    @Option(
        help: ArgumentHelp(
            "A file with what goes wrong, in YAML; Docs/simulation.md has its form. Default: drawn from the seed.",
            valueName: "file"), completion: .file(extensions: ["yaml"]))
    var plan: String?

    func validate() throws {
        guard (2...500).contains(nodes) else { throw ValidationError("--nodes takes 2 to 500, not \(nodes)") }
    }

    var scenario: Scenario { Scenario(nodes: nodes) }

    /// - Throws: a usage error with the file and the line.
    func readPlan() throws -> FaultPlan? {
        guard let plan else { return nil }
        do { return try FaultPlanFile.read(plan, nodes: nodes) } catch { throw Misuse(error.report) }
    }

    /// These options as they are typed again.
    var words: [String] { ["--nodes", "\(nodes)"] + (plan.map { ["--plan", $0] } ?? []) }
}

/// Something that cannot be done as it was asked for.
struct Misuse: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

enum Console {
    static func complain(_ text: String) { FileHandle.standardError.write(Data("surplus-sim: \(text)\n".utf8)) }

    /// Replaces the line of progress, where somebody looks.
    static func progress(_ text: String, isLast: Bool = false) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        FileHandle.standardError.write(Data("\r\u{1b}[K\(text)\(isLast ? "\n" : "")".utf8))
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
