import ArgumentParser
import Foundation
import Policy
import Resources
import Simulation

struct Trace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay what machines used, and see how much of them can be lent by which rule.",
        discussion: """
            Each file has a line for each machine: an id, and then its use in percent for each sample of five minutes, separated by
            commas; it may be compressed by gzip. Of a directory all such files are read; where it has some called cpu*, those alone, and
            maxima only when they are named.

            What is lent and what lies above the threshold are shares of all capacity, what is taken back are shares of the time in
            which something is lent. The first hour of each machine is not judged. Docs/forecasting.md says more.

            Examples:
              surplus-sim trace --data traces/planetlab --threshold 65 --appetite 1%
              surplus-sim trace --data monday.csv.gz --data tuesday.csv.gz --json
              surplus-sim trace --data traces/planetlab --report lending.html
              surplus-sim trace --data traces/planetlab/20110403.csv.gz --jobs LCG-2005-1.swf.gz --machines 500
            """)

    @Option(help: ArgumentHelp("A file, or a directory of files; can be repeated.", valueName: "path"), completion: .file())
    var data: [String]

    @Option(
        help: ArgumentHelp("Below this owner and guests together are to stay, in percent of a machine.", valueName: "percent"),
        transform: Self.share)
    var threshold = BasisPoints.percent(65)

    @Option(
        help: ArgumentHelp("The part of lease time in which what is promised may be taken back.", valueName: "percent"),
        transform: Self.share)
    var appetite = BasisPoints.percent(1)

    @Option(help: ArgumentHelp("How many samples a firm term lasts, 1 to 12.", valueName: "count"))
    var term = 1

    @Flag(help: "Print one JSON document; with --report it has what the plots show, too.")
    var json = false

    @Option(
        help: ArgumentHelp("Write a page with plots to this file, HTML that needs nothing else.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @OptionGroup(title: "Jobs on what is lent") var competition: CompetitionOptions

    private static func share(_ text: String) throws -> BasisPoints {
        let value: BasisPoints
        do { value = try BasisPoints(text: text.hasSuffix("%") ? text : text + "%") } catch { throw ValidationError("\(error)") }
        guard value > .zero, value <= .whole else { throw ValidationError("\(text) is not above 0% and at most 100%") }
        return value
    }

    func validate() throws {
        guard (1...12).contains(term) else { throw ValidationError("--term takes 1 to 12, not \(term)") }
    }

    func run() async throws {
        let file = try report.map(ReportFile.init)
        var machines: [[BasisPoints?]] = []
        for path in data {
            for file in try TraceFile.files(at: path) { machines += try TraceFile.read(file) }
        }
        var replay = LendingReplay(threshold: threshold, appetite: Appetite(takenBack: appetite), horizon: term)
        if file != nil { replay.otherAppetites = TraceDetails.appetites.filter { $0 != appetite } }
        let judged = await Self.judge(machines, by: replay)
        let details = file == nil ? nil : TraceDetails(judged, replay)
        let fleet = try runJobs(on: machines, replay.appetite)
        var said = TraceReport(judged, replay, machines, details: details)
        said.fleet = fleet?.figures
        print(json ? try Console.json(said) : said.text)
        guard let file, let details else { return }
        try file.write(TracePage(report: said, details: details, data: data, term: term, fleet: fleet?.report).html)
        if json { Console.complain("the report is in \(file.path)") } else { print("\nThe report is in \(file.path).") }
    }

    /// - Returns: `nil` where there are no jobs.
    private func runJobs(
        on machines: [[BasisPoints?]], _ appetite: Appetite
    ) throws -> (report: FleetReport, figures: FleetFigures)? {
        guard !competition.jobs.isEmpty else { return nil }
        let scenario = try competition.scenario(machines, threshold: threshold, appetite: appetite)
        let before = Effort.now()
        let samples = scenario.owners.machines.map(\.count).max() ?? 0
        let report = FleetReplay.run(scenario) { sample in
            Console.progress("\(sample) of \(samples) samples, \(scenario.jobs.count) jobs", isLast: sample == samples)
        }
        return (report, FleetFigures(report, machines: scenario.owners.machines.count, effort: Effort.now().since(before)))
    }

    /// Machines have nothing to do with each other: each processor judges its own.
    private static func judge(_ machines: [[BasisPoints?]], by replay: LendingReplay) async -> LendingReplay.Report {
        let size = 64
        let blocks = stride(from: 0, to: machines.count, by: size).map { Array(machines[$0..<min($0 + size, machines.count)]) }
        return await withTaskGroup(of: (Int, LendingReplay.Report).self) { group in
            var waiting = blocks.enumerated().makeIterator()
            func next() {
                guard let (number, block) = waiting.next() else { return }
                group.addTask { (number, replay.run(UsageTrace(machines: block))) }
            }
            for _ in 0..<max(1, ProcessInfo.processInfo.activeProcessorCount) { next() }
            var parts: [(Int, LendingReplay.Report)] = []
            for await part in group {
                parts.append(part)
                let appetites = replay.otherAppetites.isEmpty ? "" : ", each with \(replay.otherAppetites.count + 1) appetites"
                Console.progress(
                    "\(min(parts.count * size, machines.count)) of \(machines.count) machines\(appetites)",
                    isLast: parts.count == blocks.count)
                next()
            }
            return parts.sorted { $0.0 < $1.0 }.reduce(into: LendingReplay.Report()) { $0.add($1.1) }
        }
    }
}
