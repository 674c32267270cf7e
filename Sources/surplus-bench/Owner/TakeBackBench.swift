import ArgumentParser
import Foundation
import Resources

/// How soon an owner whose demand jumps has the machine back, whatever guests do on it.
struct TakeBackBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "take-back",
        abstract: "An owner's web service under full load while guests use all processors: how soon it has them back.")

    @OptionGroup var pool: OwnedPoolOptions
    @Option(help: "How long the owner's demand lasts each time, in seconds.")
    var seconds = 14
    @Flag(help: "Print JSON.")
    var json = false

    private static let lookEvery: UInt32 = 100_000
    private static let aloneFor = 5

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    /// What was seen with one guest.
    private struct Course {
        let guest: String
        /// From the beginning of the demand until it is met; `nil`: it never was.
        let relief: Double?
        /// Shares of the throughput without guests.
        let second, steady: Double
        /// Of the processors, by the hosts of this machine: while the owner was alone, and afterwards.
        let stolen: (alone: Double, shared: Double)
    }

    func run() throws {
        let node = try pool.node
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let service = try WebService(of: node, cores: cores)
        defer { service.stop() }
        let lease = try node.lend(cpu: Double(cores) * 0.8, memory: "2GiB")
        defer { try? node.release(lease) }
        let courses = try Guest.demanding(cores: cores).map { guest in
            let course = try course(guest, on: node, service, lease)
            FileHandle.standardError.write(Data("\(course)\n".utf8))
            return course
        }
        let report = report(courses, cores)
        print(json ? try report.json : report.table)
    }

    private func course(_ guest: Guest, on node: OwnedNode, _ service: WebService, _ lease: String) throws -> Course {
        let alone = try looks(service, by: node, for: Self.aloneFor).dropFirst(10)
        try waitForCeiling(node, lease)
        let job = try node.start(guest, under: lease)
        defer { try? node.cancel(job) }
        try waitUntilBusy()
        let looks = try looks(service, by: node, for: seconds)
        return Course(
            guest: guest.name, relief: Self.relief(looks, alone: alone.rate), second: looks[20..<30].rate / alone.rate,
            steady: looks[40...].rate / alone.rate, stolen: (alone.stolen, looks.stolen))
    }

    /// What the service did, every tenth of a second.
    private func looks(_ service: WebService, by node: OwnedNode, for seconds: Int) throws -> [Look] {
        let cores = Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let load = try service.closedLoad(by: node, seconds: seconds)
        defer { load.waitUntilExit() }
        var last = (count: try service.requests(), at: ContinuousClock.now, stolen: try ProcessorTime.now().stolen)
        return try (0..<seconds * 10 - 2).map { _ in
            usleep(Self.lookEvery)
            let new = (count: try service.requests(), at: ContinuousClock.now, stolen: try ProcessorTime.now().stolen)
            defer { last = new }
            let whole = (new.at - last.at).milliseconds / 1000 * cores
            return Look(requests: new.count - last.count, processing: whole, stolen: min(whole, new.stolen - last.stolen))
        }
    }

    /// Waits until the lease has all its processing again.
    private func waitForCeiling(_ node: OwnedNode, _ lease: String) throws {
        struct Leases: Decodable {
            struct Granted: Decodable { let cpuMillicores: Int64 }
            struct Lease: Decodable {
                let lease: String
                let granted: Granted
                let ceilingCpuMillicores: Int64
            }
            let leases: [Lease]
        }
        let deadline = Date(timeIntervalSinceNow: 180)
        while Date() < deadline {
            let status = try Self.decoder.decode(Leases.self, from: Data(try node.ask("enforcer", "status", "--json").utf8))
            if status.leases.allSatisfy({ $0.lease != lease || $0.ceilingCpuMillicores == $0.granted.cpuMillicores }) { return }
            usleep(500_000)
        }
        throw ValidationError("\(lease) does not get its processing back")
    }

    /// Waits until guests use nearly all of the machine, for a few seconds at most: those that use disks never do.
    private func waitUntilBusy() throws {
        let cores = Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        for _ in 0..<8 {
            let before = try ProcessorTime.now().busy
            usleep(1_000_000)
            if try ProcessorTime.now().busy - before > 0.9 * cores { return }
        }
    }

    /// Seconds until the owner has nine tenths of its throughput for half a second.
    private static func relief(_ looks: [Look], alone: Double) -> Double? {
        looks.indices.dropLast(4).first { looks[$0..<$0 + 5].rate >= 0.9 * alone }.map { Double($0) / 10 }
    }

    private func report(_ courses: [Course], _ cores: Int) -> BenchReport {
        let figures = courses.flatMap { course in
            [
                BenchReport.Figure(
                    name: "\(course.guest): first relief", value: course.relief ?? .nan, unit: "s", goal: 1, isUpperBound: true),
                .init(name: "\(course.guest): third second", value: course.second * 100, unit: "% of alone", goal: 90),
                .init(name: "\(course.guest): from the fourth on", value: course.steady * 100, unit: "% of alone", goal: 97),
                .init(name: "\(course.guest): stolen by the host, alone", value: course.stolen.alone * 100, unit: "%"),
                .init(name: "\(course.guest): stolen by the host, with guests", value: course.stolen.shared * 100, unit: "%"),
            ]
        }
        return BenchReport(
            benchmark: "take-back",
            workload: "nginx and wrk of the owner want all of \(cores) cores for \(seconds) s while guests use them; "
                + "requests for the processing that the machine was given",
            figures: figures.filter { $0.value.isFinite })
    }
}

/// A tenth of a second of the service.
private struct Look {
    let requests: Double
    /// Seconds of all processors, and what of them the hosts gave to others.
    let processing, stolen: Double
}

extension Collection<Look> {
    /// Requests for a second of a processor that the machine was given.
    fileprivate var rate: Double { sum(\.requests) / (sum(\.processing) - sum(\.stolen)) }
    fileprivate var stolen: Double { sum(\.stolen) / sum(\.processing) }

    private func sum(_ part: KeyPath<Look, Double>) -> Double { reduce(0) { $0 + $1[keyPath: part] } }
}

/// Which node the benchmark is about.
struct OwnedPoolOptions: ParsableArguments {
    @Option(help: "The surplus program.")
    var program: String
    @Option(help: "Where the pool is.")
    var pool: String
    @Option(help: "The node that lends.")
    var on: String
    @Option(help: "The node that borrows.")
    var borrower = "node1"

    var node: OwnedNode {
        get throws { try OwnedNode(program: program, directory: pool, name: on, borrower: borrower) }
    }
}
