import Resources
import Simulation

/// What `trace --jobs` says.
struct FleetFigures: Encodable {
    struct Lent: Encodable {
        /// Of all capacity, below the threshold.
        let lentPercent: Double
        /// Of the samples in which something was lent.
        let takenBackPercent: Double
        let takenBackOver5Percent: Double
        let takenBackOver20Percent: Double
        let overshootPercent: Double

        init(_ tally: LendingTally) {
            lentPercent = tally.usefulLent.percent
            takenBackPercent = tally.takenBackShare.percent
            takenBackOver5Percent = PartsPerMillion(tally.over5, of: tally.lent).percent
            takenBackOver20Percent = PartsPerMillion(tally.over20, of: tally.lent).percent
            overshootPercent = tally.overshootShare.percent
        }
    }

    struct Jobs: Encodable {
        let submitted, finished, running, waiting, hopeless: Int
        let usefulCoreHours, wastedCoreHours: Double
        /// From submission to the first start, of the finished ones; missing when there are none.
        let medianWaitSeconds, p95WaitSeconds, longestWaitSeconds: Double?
    }

    struct Leases: Encodable {
        let requests, granted, firm, endedEarly: Int
        /// How often requests were refused, by the term that failed.
        let refused: [String: Int]
    }

    struct Credits: Encodable {
        let earned: Double
        /// Of what nodes earned, and of what they have.
        let giniOfEarningsPercent, giniOfBalancesPercent: Double
        let lowestBalance, medianBalance, highestBalance: Double
    }

    struct Failures: Encodable {
        let outages, jobsInterrupted: Int
        /// What the books say that must not be.
        let faults: [String]
    }

    struct Work: Encodable {
        let processorSeconds: Double
        let peakMemoryMib: Double
        let occurrences, messages: Int
    }

    let machines: Int
    let samples: Int
    let ownersPercent, utilisationPercent: Double
    let firm, total: Lent
    let jobs: Jobs
    let leases: Leases
    let credits: Credits
    let failures: Failures
    let effort: Work

    init(_ report: FleetReport, machines: Int, effort: Effort) {
        self.machines = machines
        samples = report.samples.count
        let utilisation = report.utilisation
        (ownersPercent, utilisationPercent) = (utilisation.owners.percent, utilisation.together.percent)
        (firm, total) = (Lent(report.firm), Lent(report.total))
        func seconds(_ share: BasisPoints) -> Double? { report.wait(atMost: share).map { Double($0.rawValue) / 1e6 } }
        jobs = Jobs(
            submitted: report.submitted, finished: report.finished, running: report.running, waiting: report.waiting,
            hopeless: report.hopeless, usefulCoreHours: Self.hours(report.useful), wastedCoreHours: Self.hours(report.wasted),
            medianWaitSeconds: seconds(.percent(50)), p95WaitSeconds: seconds(.percent(95)), longestWaitSeconds: seconds(.whole))
        leases = Leases(
            requests: report.requests, granted: report.leases, firm: report.firmLeases, endedEarly: report.endedEarly,
            refused: report.refusals)
        credits = Self.credits(report)
        failures = Failures(outages: report.outages, jobsInterrupted: report.interrupted, faults: report.faults)
        self.effort = Work(
            processorSeconds: effort.seconds, peakMemoryMib: effort.peakMemory, occurrences: report.occurrences,
            messages: report.messages)
    }

    private static func credits(_ report: FleetReport) -> Credits {
        func credits(_ amount: Microcredits?) -> Double { Double(amount?.rawValue ?? 0) / 1e6 }
        let balances = report.balances.sorted()
        return Credits(
            earned: credits(report.earned.reduce(.zero, +)), giniOfEarningsPercent: Gini.coefficient(of: report.earned).percent,
            giniOfBalancesPercent: Gini.coefficient(of: report.balances).percent, lowestBalance: credits(balances.first),
            medianBalance: credits(balances.isEmpty ? nil : balances[balances.count / 2]), highestBalance: credits(balances.last))
    }

    private static func hours(_ time: CoreMicroseconds) -> Double { Double(time.rawValue) / 3.6e9 }
}
