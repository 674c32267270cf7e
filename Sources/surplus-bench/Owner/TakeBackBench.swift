import ArgumentParser
import Foundation

/// How soon an owner whose demand jumps has the machine back, whatever guests do on it.
struct TakeBackBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "take-back",
        abstract: "An owner's web service under full load while guests use all processors: how soon it has them back.",
        discussion: "Takes about 25 s for each round of each guest.")

    @OptionGroup var programs: ProgramOptions
    @Option(help: "Rounds; in each, every guest is tried once, with the service alone before and after.")
    var rounds = 5
    @Option(help: "How long the owner's demand lasts each time, in seconds.")
    var seconds = 10
    @Option(help: "Only guests whose names contain this.")
    var guest = ""
    @Flag(help: "Print JSON.")
    var json = false

    private static let aloneFor = 4
    private static let lookEvery: UInt32 = 100_000

    func run() throws {
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let kinds = ([nil] + Guest.demanding(cores: cores)).filter { guest.isEmpty || $0?.name.contains(guest) == true }
        var courses: [String: [Course]] = [:]
        try programs.withPool { pool in
            let node = try pool.node
            let service = try WebService(of: node, cores: cores)
            defer { service.stop() }
            for round in 1...rounds {
                for kind in kinds.shuffled() {
                    let course = try course(kind, on: node, service)
                    courses[Self.name(kind), default: []].append(course)
                    FileHandle.standardError.write(Data("round \(round): \(Self.name(kind)): \(course)\n".utf8))
                    try pool.restart()
                    try node.waitUntilOffering()
                }
            }
        }
        let figures = kinds.map(Self.name).flatMap { TakeBackFigures(guest: $0, courses: courses[$0] ?? []).figures }
        let report = BenchReport(
            benchmark: "take-back",
            workload:
                "nginx and wrk of the owner want all of \(cores) cores for \(seconds) s while guests use them; \(rounds) rounds, "
                + "each beside the service alone just before and after; requests for the processing that the machine was given",
            figures: figures.filter { $0.value.isFinite })
        print(json ? try report.json : report.table)
    }

    private static func name(_ guest: Guest?) -> String { guest?.name ?? "(none)" }

    /// - Parameter guest: `nil` for none, to see what this machine's own noise looks like.
    private func course(_ guest: Guest?, on node: OwnedNode, _ service: WebService) throws -> Course {
        let before = try looks(service, by: node, for: Self.aloneFor).dropFirst(10)
        let lease = try guest.map { _ in try node.lend(cpu: Double(service.cores) * 0.8, memory: "2GiB") }
        defer { if let lease { try? node.release(lease) } }
        let job = try lease.flatMap { lease in try guest.map { try node.start($0, under: lease) } }
        if guest != nil { try waitUntilBusy() }
        let atWork = (guests: try node.guestsProcessing(), at: ContinuousClock.now)
        sleep(1)
        let span = (ContinuousClock.now - atWork.at).milliseconds / 1000 * Double(service.cores)
        let undisturbed = (try node.guestsProcessing() - atWork.guests) / span
        let began = Date().timeIntervalSince1970
        let looks = try looks(service, by: node, for: seconds)
        let moves = try node.moves().filter { $0.lease == lease && $0.time >= began && $0.to != "shaped" }
        if let job { try? node.cancel(job) }
        let after = try self.looks(service, by: node, for: Self.aloneFor).dropFirst(10)
        return Course(
            alone: Array(before) + Array(after), drift: after.rate / before.rate, looks: looks, undisturbed: undisturbed,
            firstStep: moves.first.map { $0.time - began }, highest: moves.last?.to)
    }

    /// What the service and guests did, every tenth of a second.
    private func looks(_ service: WebService, by node: OwnedNode, for seconds: Int) throws -> [Look] {
        func counts() throws -> (requests: Double, guests: Double, stolen: Double, at: ContinuousClock.Instant) {
            (try service.requests(), try node.guestsProcessing(), try ProcessorTime.now().stolen, .now)
        }
        let load = try service.closedLoad(by: node, seconds: seconds)
        defer { load.waitUntilExit() }
        var last = try counts()
        return try (0..<seconds * 10 - 2).map { _ in
            usleep(Self.lookEvery)
            let new = try counts()
            defer { last = new }
            let whole = (new.at - last.at).milliseconds / 1000 * Double(service.cores)
            return Look(
                requests: new.requests - last.requests, processing: whole, stolen: min(whole, new.stolen - last.stolen),
                guests: new.guests - last.guests)
        }
    }

    /// Waits until guests use nearly all of the machine, for a few seconds at most: those that use disks never do.
    private func waitUntilBusy() throws {
        let cores = Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        for _ in 0..<5 {
            let before = try ProcessorTime.now().busy
            usleep(1_000_000)
            if try ProcessorTime.now().busy - before > 0.75 * cores { return }
        }
    }
}

/// A tenth of a second of the service.
struct Look {
    let requests: Double
    /// Seconds of all processors; what of them the hosts gave to others, and what guests used.
    let processing, stolen, guests: Double
}

extension Collection<Look> {
    /// Requests for a second of a processor that the machine was given.
    var rate: Double { sum(\.requests) / (sum(\.processing) - sum(\.stolen)) }
    var stolen: Double { sum(\.stolen) / sum(\.processing) }
    /// What guests used, as a share of the machine.
    var guests: Double { sum(\.guests) / sum(\.processing) }

    private func sum(_ part: KeyPath<Look, Double>) -> Double { reduce(0) { $0 + $1[keyPath: part] } }
}

/// What was seen with one guest, once.
struct Course: CustomStringConvertible {
    /// Without it, before and after; and how these two differed.
    let alone: [Look]
    let drift: Double
    /// From the beginning of the owner's demand.
    let looks: [Look]
    /// What the guest used before, as a share of the machine.
    let undisturbed: Double
    /// When the ladder first took something, in seconds of the demand; how far it went.
    let firstStep: Double?
    let highest: String?

    /// Seconds until the owner has nine tenths of its throughput for half a second; `nil`: it never had.
    var relief: Double? {
        looks.indices.dropLast(4).first { looks[$0..<$0 + 5].rate >= 0.9 * alone.rate }.map { Double($0) / 10 }
    }

    /// Shares of the throughput without guests.
    var third: Double { looks[20..<30].rate / alone.rate }
    var steady: Double { looks[30...].rate / alone.rate }

    var description: String {
        let guests = [looks[..<10], looks[10..<20], looks[20..<30], looks[30...]].map { Int($0.guests * 100) }
        return "met after \(relief.map { "\($0) s" } ?? "never"), third second \(Int(third * 100))%, then \(Int(steady * 100))%; "
            + "guests \(Int(undisturbed * 100))%, then \(guests)%; first step \(firstStep ?? .nan) s, to \(highest ?? "none")"
    }
}

/// The figures of all rounds with one guest.
struct TakeBackFigures {
    let guest: String
    let courses: [Course]

    var figures: [BenchReport.Figure] { courses.isEmpty ? [] : owners + guests + noise }

    private var owners: [BenchReport.Figure] {
        // one that is never met has taken longer than anything that was seen
        let relief = courses.map { $0.relief ?? .infinity }
        return [
            figure("demand met after, median", Percentiles(relief)(0.5), "s", atMost: 1),
            figure("rounds in which it was met within 1 s", Double(relief.count { $0 <= 1 }), "of \(courses.count)"),
        ] + spread("third second", courses.map { $0.third * 100 }, goal: 90)
            + spread("from the fourth on", courses.map { $0.steady * 100 }, goal: 97)
    }

    private var guests: [BenchReport.Figure] {
        let steps = courses.compactMap(\.firstStep)
        let parts: [(String, (Course) -> Double)] = [
            ("before the demand", \.undisturbed), ("in its first second", { $0.looks[..<10].guests }),
            ("in its second", { $0.looks[10..<20].guests }), ("in its third", { $0.looks[20..<30].guests }),
            ("from its fourth on", { $0.looks[30...].guests }),
        ]
        return parts.map { name, part in
            figure("guest's use \(name), median", Percentiles(courses.map { part($0) * 100 })(0.5), "% of the machine")
        } + (steps.isEmpty ? [] : [figure("first step of the ladder after, median", Percentiles(steps)(0.5), "s")])
    }

    private var noise: [BenchReport.Figure] {
        spread("alone, after beside before", courses.map { $0.drift * 100 }, goal: nil)
            + [figure("stolen by the host, median", Percentiles(courses.map { $0.looks.stolen * 100 })(0.5), "%")]
    }

    private func spread(_ name: String, _ values: [Double], goal: Double?) -> [BenchReport.Figure] {
        let sorted = Percentiles(values)
        return [
            .init(name: "\(guest): \(name), median", value: sorted(0.5), unit: "% of alone", goal: goal),
            figure("\(name), a quarter of the rounds below", sorted(0.25), "% of alone"),
            figure("\(name), three quarters below", sorted(0.75), "% of alone"),
        ]
    }

    private func figure(_ name: String, _ value: Double, _ unit: String, atMost goal: Double? = nil) -> BenchReport.Figure {
        .init(name: "\(guest): \(name)", value: value, unit: unit, goal: goal, isUpperBound: goal != nil)
    }
}
