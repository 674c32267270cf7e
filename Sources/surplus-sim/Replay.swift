import ArgumentParser
import Foundation
import Resources
import Simulation

struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one seed again and print what happened, line by line.",
        discussion: """
            Each line has the time since the beginning in seconds, the node, the kind, and what it was: messages as they arrive,
            faults as they begin and end, events as nodes tell them. The exit status is 1 when a rule was broken.

            Examples:
              surplus-sim replay 17
              surplus-sim replay 17 --node node3 --kind lease --from 40s --to 1m
            """)

    @Argument(help: "The seed.")
    var seed: UInt64

    @OptionGroup var pool: PoolOptions

    @Option(help: ArgumentHelp("Only what happens at this node; can be repeated.", valueName: "node"))
    var node: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only kinds that begin so, such as 'lease', 'lease.closed', 'fault' or 'receipt'; can be repeated.", valueName: "kind"
        ))
    var kind: [String] = []

    @Option(help: ArgumentHelp("Only from then on.", valueName: "time"), transform: Self.time)
    var from: Microseconds?

    @Option(help: ArgumentHelp("Only up to then.", valueName: "time"), transform: Self.time)
    var to: Microseconds?

    @Flag(help: "Print JSON Lines.")
    var json = false

    private static func time(_ text: String) throws -> Microseconds {
        do { return try Microseconds(text: text) } catch { throw ValidationError("\(error)") }
    }

    func validate() throws {
        for name in node where !((0..<pool.nodes).map(Fault.nodeName) + ["pool"]).contains(name) {
            throw ValidationError("--node \(name): the pool has \(Fault.nodeName(0)) to \(Fault.nodeName(pool.nodes - 1))")
        }
    }

    func run() throws {
        let result = Simulator.run(pool.scenario, seed: seed, plan: try pool.readPlan(), keepsTranscript: true)
        for line in result.transcript?.lines ?? [] where isWanted(line) { print(json ? try jsonLine(line) : text(line)) }
        guard let violation = result.violations.first else {
            return Console.complain("seed \(seed): every rule held, hash \(result.hashText)")
        }
        Console.complain("seed \(seed): \(violation.text)")
        throw ExitCode.failure
    }

    private func isWanted(_ line: Transcript.Line) -> Bool {
        (node.isEmpty || node.contains(line.node)) && (kind.isEmpty || kind.contains { line.kind.hasPrefix($0) })
            && line.at >= from ?? .zero && line.at <= to ?? Microseconds(.max)
    }

    private func text(_ line: Transcript.Line) -> String {
        let time = Decimals.seconds(line.at)
        let padding = String(repeating: " ", count: max(0, 10 - time.count))
        return "\(padding)\(time)  \(line.node)  \(line.kind)" + (line.text.isEmpty ? "" : "  \(line.text)")
    }

    private func jsonLine(_ line: Transcript.Line) throws -> String {
        struct Line: Encodable {
            let atMicroseconds: Int64
            let node, kind, text: String
        }
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let value = Line(atMicroseconds: line.at.rawValue, node: line.node, kind: line.kind, text: line.text)
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
