import ArgumentParser
import Foundation

/// What guests cost the owner's service, by what holds them.
struct LatencyBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Latency of an owner's web service at a fixed rate: alone, and with guests held by ever more.")

    @OptionGroup var programs: ProgramOptions
    @Option(help: "Rounds; in each, every way is measured once.")
    var rounds = 20
    @Option(help: "How long each measurement lasts, in seconds.")
    var seconds = 5.0
    @Option(help: "The share of the machine that the owner uses alone, in percent.")
    var load = 20.0
    @Flag(help: "Print JSON.")
    var json = false

    /// What holds guests.
    private enum Way: String, CaseIterable {
        case alone = "alone"
        case nice = "nice 19"
        case idle = "cpu.idle"
        case ladder = "a lease"
    }

    private struct Sample {
        let p99: Double
        /// Shares of the machine in percent.
        let owner, guests: Double
    }

    func run() throws {
        let report = try programs.withPool { pool in try measure(try pool.node) }
        print(json ? try report.json : report.table)
    }

    private func measure(_ node: OwnedNode) throws -> BenchReport {
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let service = try WebService(of: node, cores: cores)
        defer { service.stop() }
        let work = try GuestWork(cores: cores)
        defer { work.remove() }
        let lease = try node.lend(cpu: Double(cores) / 2, memory: "512MiB")
        defer { try? node.release(lease) }
        let rate = try calibrated(node, service, cores)
        var samples: [Way: [Sample]] = [:]
        for round in 1...rounds {
            for way in Way.allCases.shuffled() {
                let end = try start(way, work, node, lease)
                usleep(1_000_000)
                let sample = try sample(node, service, rate, cores)
                try end()
                samples[way, default: []].append(sample)
                FileHandle.standardError.write(Data("round \(round): \(way.rawValue): \(sample)\n".utf8))
            }
        }
        return report(samples, rate)
    }

    /// - Returns: how to end it.
    private func start(_ way: Way, _ work: GuestWork, _ node: OwnedNode, _ lease: String) throws -> () throws -> Void {
        switch way {
        case .alone: return {}
        case .nice: return try work.start(["/usr/bin/nice", "-n", "19"])
        case .idle: return try work.startIdle()
        case .ladder:
            let job = try node.start(work.guest, under: lease)
            return { try node.cancel(job) }
        }
    }

    /// Requests a second at which the owner alone uses its share of the machine.
    private func calibrated(_ node: OwnedNode, _ service: WebService, _ cores: Int) throws -> Double {
        var rate = 100.0
        for _ in 0..<8 {
            let owner = try sample(node, service, rate, cores).owner
            if abs(owner - load) < 1 { return rate }
            rate *= min(4, max(0.25, load / max(owner, 0.1)))
        }
        return rate
    }

    private func sample(_ node: OwnedNode, _ service: WebService, _ rate: Double, _ cores: Int) throws -> Sample {
        let load = node.owners(part: ["open-load", "--port", "\(service.port)", "--rate", "\(rate)", "--seconds", "\(seconds)"])
        let pipe = Pipe()
        load.standardOutput = pipe
        let before = (owner: try node.ownersProcessing(), all: try ProcessorTime.now().busy, at: ContinuousClock.now)
        try load.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        let span = (ContinuousClock.now - before.at).milliseconds / 1000
        let owner = try node.ownersProcessing() - before.owner
        let all = try ProcessorTime.now().busy - before.all
        load.waitUntilExit()
        let answer = try JSONDecoder().decode(OpenLoad.Answer.self, from: output)
        // one that was not answered took longer than all others
        let p99 = Double(answer.answered) < 0.99 * Double(answer.asked) ? .infinity : answer.p99
        let whole = span * Double(cores) / 100
        return Sample(p99: p99, owner: owner / whole, guests: max(0, all - owner) / whole)
    }

    private func report(_ samples: [Way: [Sample]], _ rate: Double) -> BenchReport {
        let alone = samples[.alone] ?? []
        let idle = median(alone.map(\.guests))
        var figures = [
            BenchReport.Figure(name: "owner alone", value: median(alone.map(\.owner)), unit: "% of the machine"),
            .init(name: "alone: p99", value: median(alone.map(\.p99)), unit: "ms"),
        ]
        for way in Way.allCases.dropFirst() {
            let own = samples[way] ?? []
            let changes = zip(own, alone).map { ($0.p99 / $1.p99 - 1) * 100 }.sorted()
            let isProduct = way == .ladder
            figures += [
                .init(
                    name: "\(way.rawValue): guests' work", value: median(own.map(\.guests)) - idle, unit: "% of the machine",
                    goal: isProduct ? 30 : nil),
                .init(name: "\(way.rawValue): p99", value: median(own.map(\.p99)), unit: "ms"),
                .init(
                    name: "\(way.rawValue): p99 beside alone", value: median(changes), unit: "% more", goal: isProduct ? 10 : nil,
                    isUpperBound: true),
                .init(name: "\(way.rawValue): a quarter of the pairs below", value: quantile(changes, 0.25), unit: "% more"),
                .init(name: "\(way.rawValue): three quarters below", value: quantile(changes, 0.75), unit: "% more"),
            ]
        }
        return BenchReport(
            benchmark: "latency",
            workload: "nginx of the owner asked \(Int(rate)) times a second, answered or not; guests compress; "
                + "\(rounds) interleaved rounds of \(seconds) s",
            figures: figures.filter { $0.value.isFinite })
    }

    private func median(_ values: [Double]) -> Double { quantile(values.sorted(), 0.5) }

    private func quantile(_ sorted: [Double], _ share: Double) -> Double {
        sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }
}

/// Compressing the same text over and over, within a lease or without.
private struct GuestWork {
    private let directory = NSTemporaryDirectory() + "/surplus-work-\(getpid())"
    /// Groups of the cpu controller, on either version.
    private static let groups = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"].map { $0 + "/surplus-bench-\(getpid())" }
    private let cores: Int

    init(cores: Int) throws {
        self.cores = cores
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let text = (0..<400_000).map { "line \($0 &* 2_654_435_761 % 99_991)\n" }.joined()
        try text.write(toFile: directory + "/text", atomically: false, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    var guest: Guest { .shell("xz", Self.script(cores, "text"), inputs: [directory + "/text"]) }

    private static func script(_ cores: Int, _ file: String) -> String {
        "for n in $(seq \(cores)); do while xz -1 -c \(file) > /dev/null; do :; done & done; wait"
    }

    /// Starts it without any lease, behind other words.
    func start(_ words: [String]) throws -> () throws -> Void {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        process.arguments =
            ["--wait"] + words + ["sh", "-c", "echo $$ > \(directory)/leader; " + Self.script(cores, directory + "/text")]
        try process.run()
        return { [directory] in
            let leader = try String(contentsOfFile: directory + "/leader", encoding: .utf8)
            guard let leader = Int32(leader.trimmingCharacters(in: .whitespacesAndNewlines)) else { return }
            kill(-leader, SIGKILL)
            process.waitUntilExit()
        }
    }

    /// Starts it in a group that runs only when nothing else wants to.
    func startIdle() throws -> () throws -> Void {
        guard let group = Self.groups.first(where: { mkdir($0, 0o755) == 0 && access($0 + "/cpu.idle", F_OK) == 0 }) else {
            for group in Self.groups { rmdir(group) }
            throw ValidationError("there is no cpu controller with cpu.idle")
        }
        try "1".write(toFile: group + "/cpu.idle", atomically: false, encoding: .utf8)
        let end = try start(["/bin/sh", "-c", "echo $$ > \(group)/cgroup.procs; exec \"$@\"", "sh"])
        return {
            try end()
            while rmdir(group) != 0, errno == EBUSY { usleep(10_000) }
        }
    }
}
