import Foundation
import Policy
import Resources
import Simulation
import Testing

@testable import surplus_sim

/// What owners really used, where the recordings are at hand (`SURPLUS_TRACES` names their directory), and otherwise something like
/// it: levels that wander, with bursts and pauses.
@Suite("Recorded use")
struct RecordedUseTests {
    private static let recorded = ProcessInfo.processInfo.environment["SURPLUS_TRACES"].map { "\($0)/planetlab/20110403.csv.gz" }

    private func machines() throws -> [[BasisPoints?]] {
        guard let path = Self.recorded, FileManager.default.fileExists(atPath: path) else {
            return (1...16).map(Self.madeUp)
        }
        return Array(try TraceFile.read(path).prefix(24))
    }

    /// A day of a machine of which nobody has a recording.
    private static func madeUp(number: UInt64) -> [BasisPoints?] {
        var random = SeededGenerator(seed: number)
        let base = Int64.random(in: 100...2500, using: &random)
        let restlessness = Int64.random(in: 20...600, using: &random)
        var (level, burst) = (base, 0)
        return (0..<288).map { _ in
            level = min(
                max(0, level + (base - level) / 8 + Int64.random(in: -restlessness...restlessness, using: &random)), 10_000)
            if burst == 0, Int.random(in: 0..<150, using: &random) == 0 { burst = Int.random(in: 1...12, using: &random) }
            guard burst > 0 else { return BasisPoints(level) }
            burst -= 1
            return BasisPoints(min(level + Int64.random(in: 2000...7000, using: &random), 10_000))
        }
    }

    private func report(_ machines: [[BasisPoints?]], appetite: BasisPoints) -> LendingReplay.Report {
        LendingReplay(threshold: .percent(65), appetite: Appetite(takenBack: appetite)).run(UsageTrace(machines: machines))
    }

    @Test("A node takes back about as much of lease time as its owner accepts, and lends more to an owner who accepts more")
    func appetite() throws {
        let machines = try machines()
        var lent = PartsPerMillion.zero
        for appetite in [BasisPoints.percent(1), .percent(4)] {
            let firm = report(machines, appetite: appetite).total(.firm)
            // A day is too short for all of it to come back to the appetite.
            #expect(firm.takenBackShare <= PartsPerMillion(appetite.rawValue * 250), "\(appetite): \(firm.takenBackShare)")
            #expect(firm.usefulLent > lent, "\(appetite) lends \(firm.usefulLent), less lent \(lent)")
            lent = firm.usefulLent
        }
    }

    @Test(
        "Firm lending takes back less than rules that look at the last sample or the last hour; with elastic lending it comes near foresight"
    )
    func rules() throws {
        let report = report(try machines(), appetite: .percent(1))
        let firm = report.total(.firm)
        #expect(firm.takenBackShare < report.total(.recentMaximum).takenBackShare)
        #expect(firm.takenBackShare < report.total(.lastSample).takenBackShare)
        let both = report.total(.firmAndElastic)
        #expect(both.usefulLent >= firm.usefulLent && both.ofForesight > PartsPerMillion(800_000))
        #expect(both.following(after: .percent(20)).ofForesight >= PartsPerMillion(960_000), "\(both.ofForesight)")
    }
}
