import ArgumentParser
import Foundation

/// Whether guests that want ever more memory can hurt an owner who needs what was lent.
struct MemoryBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Guests that grow without end on a small machine, while its owner grows into what was lent to them.",
        discussion: "Takes about 20 s for each try.")

    @OptionGroup var programs: ProgramOptions
    @Option(help: "How many tries, of three kinds in turn.")
    var tries = 50
    @Flag(help: "Print JSON.")
    var json = false

    /// All in MiB. Owner and guest together want half as much again as there is.
    private enum Size {
        static let machine = 3072
        static let lease = 2048
        static let base = 512
        static let peak = 2048
        static let file = 256
        /// A second.
        static let rate = 256
    }
    /// How long the owner stays as large at the most, in seconds; until nothing is left of the guest otherwise.
    private static let patience = 15.0
    private static let longestWait = 2000.0

    func run() throws {
        let machine = try SmallMachine(mebibytes: Size.machine)
        defer { machine.remove() }
        let lender = BenchPool.Lender(
            mebibytes: Size.machine, ownerGroup: machine.owner, entrances: machine.entrances)
        let report = try programs.withPool(lender) { pool in
            let file = try Self.ownersFile()
            defer { unlink(file) }
            let events = try MachineEvents.now()
            let before = try machine.events()
            let outcomes = try (0..<tries).map { number in
                if number > 0 { try pool.restart() }
                let greed = Greed.allCases[number % Greed.allCases.count]
                let outcome = try attempt(greed, try pool.node, machine, file)
                FileHandle.standardError.write(Data("try \(number + 1): \(outcome)\n".utf8))
                return outcome
            }
            let happened = try MachineEvents.now().map { ($0.key, $0.value - (events[$0.key] ?? 0)) }
            let after = try machine.events()
            let own = (usedUp: after.usedUp - before.usedUp, refaults: after.refaults - before.refaults)
            return self.report(outcomes, Dictionary(uniqueKeysWithValues: happened), own)
        }
        print(json ? try report.json : report.table)
    }

    /// When a guest grows, and how fast.
    private enum Greed: String, CaseIterable {
        case before = "guest before the owner"
        case along = "guest with the owner"
        case after = "guest after the owner"

        var guest: Guest {
            switch self {
            // what has no end of a line `tail` keeps in memory
            case .before: .shell("holds", "(head -c 1800M /dev/zero; sleep 600) | tail")
            case .along: .shell("grows", "while :; do head -c 12M /dev/zero; sleep 0.04; done | tail")
            case .after: .shell("races", "while :; do tail /dev/zero; done")
            }
        }
    }

    /// What became of one try.
    private struct Outcome: CustomStringConvertible {
        let greed: Greed
        let isOwnerAlive: Bool
        /// All in milliseconds.
        let wait, longestStep, delay, anybodysWait: Double
        let majorFaults: Double
        /// The rungs that the ladder took the guest to, and the processes that the kernel ended.
        let steps: [String]
        let killed: Double
        /// Of the machine, in MiB.
        let mostUsed: Double

        var description: String {
            "\(greed.rawValue): \(isHarmless ? "no harm" : "HARM"), the owner waited \(Int(wait)) ms, longest step \(longestStep) ms, "
                + "\(majorFaults) major faults; at most \(Int(mostUsed)) MiB in use; \(steps), \(Int(killed)) killed"
        }

        var isHarmless: Bool { isOwnerAlive && wait <= MemoryBench.longestWait && longestStep <= MemoryBench.longestWait }
    }

    private func attempt(_ greed: Greed, _ node: OwnedNode, _ machine: SmallMachine, _ file: String) throws -> Outcome {
        try Self.forget(file)
        let owner = try OwnersProgram(
            node,
            [
                "grow", "--base", "\(Size.base)", "--peak", "\(Size.peak)", "--rate", "\(Size.rate)", "--file", file,
            ])
        defer { owner.end() }
        guard owner.line() == "ready" else { throw ValidationError("the owner's program did not begin") }
        try machine.watch(owner.process.processIdentifier)
        let lease = try node.lend(cpu: Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))) * 0.6, memory: "\(Size.lease)MiB")
        _ = try machine.mostUsed()
        let before = (
            wait: try machine.ownersWaiting(), anybody: try SmallMachine.anybodysWaiting(),
            killed: try machine.events().killed,
            faults: owner.majorFaults
        )
        func start(reaching mebibytes: Double) throws -> String {
            let job = try node.start(greed.guest, under: lease)
            try wait(atMost: 60) { try machine.guestsUse() >= mebibytes }
            return job
        }
        var job: String?
        switch greed {
        case .before: job = try start(reaching: 1700)
        case .along: job = try start(reaching: 64)
        case .after: break
        }
        owner.tell("grow")
        _ = owner.line()
        if greed == .after { job = try start(reaching: 64) }
        try wait(atMost: Self.patience) { try machine.guestsUse() < 32 }
        let faults = owner.majorFaults
        owner.tell("end")
        let answer = owner.line().flatMap { try? JSONDecoder().decode(GrowingOwner.Answer.self, from: Data($0.utf8)) }
        let outcome = Outcome(
            greed: greed, isOwnerAlive: answer != nil, wait: try machine.ownersWaiting() - before.wait,
            longestStep: answer?.longestStep ?? .infinity, delay: answer?.delay ?? .infinity,
            anybodysWait: try SmallMachine.anybodysWaiting() - before.anybody, majorFaults: faults - before.faults,
            steps: try node.moves().filter { $0.lease == lease }.map(\.to), killed: try machine.events().killed - before.killed,
            mostUsed: try machine.mostUsed())
        if let job { try? node.cancel(job) }
        try? node.release(lease)
        return outcome
    }

    private func wait(atMost seconds: Double, until isSo: () throws -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while try !isSo(), Date() < deadline { usleep(100_000) }
    }

    /// What the owner reads all the time.
    private static func ownersFile() throws -> String {
        let path = NSTemporaryDirectory() + "/surplus-file-\(getpid())"
        try Data(count: Size.file << 20).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Takes it out of the cache, so that it counts for who reads it next: the owner.
    private static func forget(_ file: String) throws {
        let descriptor = open(file, O_RDONLY)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0, posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0 else {
            throw ValidationError("failed to take \(file) out of the cache")
        }
    }

    private func report(_ outcomes: [Outcome], _ events: [String: Double], _ own: (usedUp: Double, refaults: Double))
        -> BenchReport
    {
        let waits = Percentiles(outcomes.map(\.wait))
        func most(_ part: KeyPath<Outcome, Double>, _ chosen: [Outcome]) -> Double { chosen.map { $0[keyPath: part] }.max() ?? 0 }
        var figures = [
            BenchReport.Figure(
                name: "tries without harm to the owner", value: Double(outcomes.count(where: \.isHarmless)), unit: "",
                goal: Double(tries)),
            .init(
                name: "owner's programs that were ended", value: Double(outcomes.count { !$0.isOwnerAlive }), unit: "", goal: 0,
                isUpperBound: true),
            .init(name: "the owner's waiting for memory in a try, p50", value: waits(0.5), unit: "ms"),
            .init(name: "the most", value: waits(1), unit: "ms", goal: Self.longestWait, isUpperBound: true),
        ]
        for greed in Greed.allCases {
            let own = outcomes.filter { $0.greed == greed }
            figures += [
                .init(name: "\(greed.rawValue): the most waiting", value: most(\.wait, own), unit: "ms"),
                .init(name: "\(greed.rawValue): longest step of the owner", value: most(\.longestStep, own), unit: "ms"),
                .init(name: "\(greed.rawValue): the owner grown too late by", value: most(\.delay, own), unit: "ms"),
                .init(
                    name: "\(greed.rawValue): the most in use of \(Size.machine) MiB", value: most(\.mostUsed, own), unit: "MiB"),
                .init(
                    name: "\(greed.rawValue): stopped by the ladder",
                    value: Double(own.count { $0.steps.contains("frozen") || $0.steps.contains("ending") }),
                    unit: "of \(own.count)"),
                .init(
                    name: "\(greed.rawValue): ended by the kernel", value: Double(own.count { $0.killed > 0 }),
                    unit: "of \(own.count)"),
            ]
        }
        figures += [
            .init(name: "major faults of the owner, the most in a try", value: most(\.majorFaults, outcomes), unit: ""),
            .init(name: "waiting of anybody, the most in a try", value: most(\.anybodysWait, outcomes), unit: "ms"),
            .init(name: "times that all memory was in use when more was wanted", value: own.usedUp, unit: "in all tries"),
            .init(name: "pages of files taken and read again", value: own.refaults, unit: "in all tries"),
        ]
        figures += MachineEvents.told.map { .init(name: $0, value: events[$0] ?? 0, unit: "in all tries") }
        return BenchReport(
            benchmark: "memory",
            workload:
                "\(tries) guests under a lease of \(Size.lease) MiB of a machine of \(Size.machine) MiB whose owner grows from "
                + "\(Size.base + Size.file) to \(Size.peak + Size.file) MiB; waiting is 'some' of the kernel's memory pressure",
            figures: figures.filter { $0.value.isFinite })
    }
}

/// This program in the owner's role, talked to by lines.
private struct OwnersProgram {
    let process: Process
    private let input = Pipe()
    private let output = Pipe()

    init(_ node: OwnedNode, _ words: [String]) throws {
        process = node.owners(part: words)
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try output.fileHandleForWriting.close()
    }

    func tell(_ line: String) { input.fileHandleForWriting.write(Data((line + "\n").utf8)) }

    /// The next line that it writes; `nil` when it has ended.
    func line() -> String? {
        var line = Data()
        while let byte = try? output.fileHandleForReading.read(upToCount: 1), let first = byte.first, first != 10 {
            line.append(first)
        }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }

    /// Pages for which it had to wait for a disk.
    var majorFaults: Double { ProcessUse.majorFaults(process.processIdentifier) }

    func end() {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }
}
