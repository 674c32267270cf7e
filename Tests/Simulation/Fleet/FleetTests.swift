import Policy
import Resources
import Simulation
import Testing

/// Machines of four processors, each of which lends all below 80%.
@Suite("Jobs on what a fleet lends")
struct FleetTests {
    private let capacity = Amounts(cpu: .cores(4), memory: .gibibytes(8))

    private var policy: LendingPolicy {
        LendingPolicy(
            name: "fleet", cpu: ResourceRule(threshold: .percent(80), share: .percent(80), price: .credits(1)),
            memory: ResourceRule(threshold: .percent(90), share: .percent(90), price: .zero),
            notices: NoticeMenu([.elastic: .percent(50), .standard: .whole, .firm: .percent(150)]), maximumLeases: 1000,
            credit: CreditRule(granted: .credits(1000), owes: .credits(1000)))
    }

    private func job(
        _ user: UInt64 = 0, at minutes: Int64 = 0, cores: Int64 = 1, taking length: Microseconds,
        _ notice: NoticeClass = .standard
    ) -> FleetJob {
        FleetJob(
            user: user, submitted: .minutes(minutes), amounts: Amounts(cpu: .cores(cores), memory: .mebibytes(256)),
            work: CoreMicroseconds(.cores(cores), for: length), notice: notice)
    }

    private func run(
        _ owners: [[BasisPoints?]], _ jobs: [FleetJob], outages: [Outage] = [], checkpoint: CoreMicroseconds? = nil,
        seed: UInt64 = 1
    ) -> FleetReport {
        var scenario = FleetScenario(
            owners: UsageTrace(machines: owners), capacity: capacity, policy: policy,
            jobs: jobs.sorted { $0.submitted < $1.submitted })
        (scenario.outages, scenario.checkpoint, scenario.seed) = (outages, checkpoint, seed)
        return FleetReplay.run(scenario)
    }

    private func always(_ usage: BasisPoints, machines: Int, samples: Int = 36) -> [[BasisPoints?]] {
        Array(repeating: Array(repeating: usage, count: samples), count: machines)
    }

    @Test("Idle machines run every job to its end, are paid for it, and lose nothing")
    func idle() {
        let jobs = (0..<20).map { job(UInt64($0 % 4), at: Int64($0), taking: .minutes(20)) }
        let report = run(always(.zero, machines: 4), jobs)
        #expect(report.finished == 20 && report.running == 0 && report.waiting == 0 && report.endedEarly == 0)
        #expect(report.useful == CoreMicroseconds(.cores(1), for: .minutes(400)) && report.wasted == .zero)
        // 400 minutes of one of 16 processors, of 180.
        #expect(report.utilisation.owners == .zero)
        #expect((138_000...140_500).contains(report.utilisation.together.rawValue), "\(report.utilisation)")
        #expect(report.earned.reduce(.zero, +) > .credits(6) && report.balances.reduce(.zero, +) == .zero)
        #expect(report.faults.isEmpty, "\(report.faults)")
    }

    @Test("Nothing is lent firmly in the first hour, and something afterwards")
    func firm() {
        let early = run(always(.percent(10), machines: 4), [job(at: 10, taking: .minutes(10), .firm)])
        #expect(early.leases == 1 && early.firmLeases == 0)
        let late = run(always(.percent(10), machines: 4), [job(at: 70, taking: .minutes(10), .firm)])
        #expect(late.leases == 1 && late.firmLeases == 1)
        #expect(late.firm.lent > 0 && late.firm.takenBack == 0)
    }

    @Test("An owner who comes back has the machine at once; the job goes on elsewhere, from what it saved")
    func ownerReturns() {
        // Only the second machine lends anything, until its owner comes; then the third does.
        let busy: [BasisPoints?] = Array(repeating: .percent(100), count: 48)
        let second: [BasisPoints?] = Array(repeating: .zero, count: 4) + Array(repeating: .percent(100), count: 44)
        let third: [BasisPoints?] = Array(repeating: .percent(100), count: 4) + Array(repeating: .zero, count: 44)
        let jobs = [job(taking: .minutes(60))]
        let anew = run([busy, second, third], jobs)
        #expect(
            anew.finished == 1 && anew.endedEarly == 1 && anew.leases == 2, "\(anew.finished) \(anew.endedEarly) \(anew.leases)")
        #expect(anew.wasted > CoreMicroseconds(.cores(1), for: .minutes(5)), "\(anew.wasted)")
        let saving = run([busy, second, third], jobs, checkpoint: CoreMicroseconds(.cores(1), for: .minutes(1)))
        #expect(saving.finished == 1 && saving.wasted < CoreMicroseconds(.cores(1), for: .minutes(1)))
        #expect(saving.faults.isEmpty && anew.faults.isEmpty)
        for (number, sample) in saving.samples.enumerated() {
            // What the enforcer needs to come to it is a few seconds of five minutes.
            #expect(sample.owners + sample.guests <= 30_000 + 8000 + 300, "sample \(number): \(sample)")
        }
    }

    @Test("A machine that goes down loses what ran on it, and the job is run elsewhere; its books agree afterwards")
    func outage() {
        let jobs = (0..<6).map { job(UInt64($0), taking: .minutes(40)) }
        let outages = [
            Outage(machine: 1, from: .minutes(20), until: .minutes(50)),
            Outage(machine: 2, from: .minutes(25), until: .minutes(26)),
        ]
        let report = run(always(.percent(5), machines: 3), jobs, outages: outages)
        #expect(report.outages == 2 && report.interrupted > 0 && report.wasted > .zero)
        #expect(report.finished == 6, "\(report)")
        #expect(report.faults.isEmpty, "\(report.faults)")
    }

    @Test(
        "A job that no machine can ever run is said to be hopeless, and what is not done at the end is neither lost nor finished")
    func unfinished() {
        let report = run(always(.zero, machines: 2), [job(cores: 4, taking: .minutes(5)), job(taking: .hours(10))])
        #expect(report.hopeless == 1 && report.running == 1 && report.finished == 0 && report.waits.isEmpty)
    }

    @Test(
        "The same scenario gives the same report; every job is accounted for and all books agree",
        arguments: 1...4 as ClosedRange<UInt64>)
    func property(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let owners = (0..<Int.random(in: 3...5, using: &random)).map { _ in
            var level = Int64.random(in: 0...6000, using: &random)
            return (0..<18).map { _ -> BasisPoints? in
                level = min(max(0, level + Int64.random(in: -2500...2500, using: &random)), 10_000)
                return Int.random(in: 0..<20, using: &random) == 0 ? nil : BasisPoints(level)
            }
        }
        let jobs = (0..<24).map { number in
            job(
                UInt64(number % 9), at: Int64.random(in: 0...60, using: &random), cores: Int64.random(in: 1...3, using: &random),
                taking: .minutes(Int64.random(in: 1...60, using: &random)),
                NoticeClass.allCases.randomElement(using: &random) ?? .standard)
        }
        let outage = Outage(machine: 0, from: .minutes(30), until: .minutes(45))
        let report = run(owners, jobs, outages: [outage], seed: seed)
        #expect(report.finished + report.running + report.waiting + report.hopeless == 24)
        #expect(report.faults.isEmpty, "\(report.faults)")
        #expect(report.balances.reduce(.zero, +) == .zero)
        #expect(run(owners, jobs, outages: [outage], seed: seed) == report)
    }
}
