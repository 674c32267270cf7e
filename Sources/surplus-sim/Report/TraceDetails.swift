import Resources
import Simulation

/// What a report draws of a trace beyond the figures: over time, by how far, and against what is accepted.
struct TraceDetails {
    /// A stretch of time, on average over the samples in it, in percent of all capacity.
    struct Stretch: Encodable {
        /// From the beginning of the traces, where a sample is five minutes.
        let fromMinutes, toMinutes: Int
        let samples: Int64
        /// What owners used alone, with what was lent below the threshold beside them, and with what could have been.
        let ownersPercent, withFirmPercent, withFirmAndElasticPercent, foresightPercent: Double
    }

    /// What firm lending comes to with an appetite.
    struct Choice: Encodable {
        let appetitePercent: Double
        /// Of all capacity, below the threshold.
        let lentPercent: Double
        /// Of lease time.
        let takenBackPercent: Double
    }

    /// Samples with a loan that passed the threshold by more than the lower and no more than the upper number of points.
    struct Overshoot: Encodable {
        let overPoints, toPoints: Int
        let firmSamples, lastSampleSamples: Int64
        /// Of lease time.
        let firmPercent, lastSamplePercent: Double
    }

    /// Machines of whose lease time more than the lower and no more than the upper share was taken back.
    struct Unequal: Encodable {
        /// The lower is `nil` for those of which nothing was.
        let overPercent: Double?
        let toPercent: Double
        let firmMachines, lastSampleMachines: Int
    }

    let series: [Stretch]
    let hours: [Stretch]
    let curve: [Choice]
    let overshoots: [Overshoot]
    let machinesTakenBack: [Unequal]

    /// With which appetites the curve is drawn, besides the chosen one.
    static let appetites: [BasisPoints] = [25, 50, 100, 150, 200, 300, 500]
    static let minutesASample = 5

    init(_ report: LendingReplay.Report, _ replay: LendingReplay) {
        series = Self.stretches(report.series.coarsened(toAtMost: 600))
        hours = Self.stretches(report.series.coarsened(toAtMost: 32))
        let chosen = Choice(replay.appetite.takenBack, report.total(.firm))
        let others = replay.otherAppetites.map { Choice($0, report.total(otherAppetite: $0)) }
        curve = report.series.slots.isEmpty ? [] : (others + [chosen]).sorted { $0.appetitePercent < $1.appetitePercent }
        overshoots = Self.overshoots(firm: report.overshoot(.firm), last: report.overshoot(.lastSample))
        machinesTakenBack = Self.machines(firm: report.tallies[.firm] ?? [], last: report.tallies[.lastSample] ?? [])
    }

    /// Stretches without a sample are left out.
    private static func stretches(_ series: LendingSeries) -> [Stretch] {
        let length = series.stride * minutesASample
        return series.slots.enumerated().compactMap { index, slot in
            guard slot.samples > 0 else { return nil }
            func percent(_ lent: Int64) -> Double { Double(slot.used + lent) / Double(slot.samples) / 100 }
            return Stretch(
                fromMinutes: index * length, toMinutes: (index + 1) * length, samples: slot.samples, ownersPercent: percent(0),
                withFirmPercent: percent(slot.firm), withFirmAndElasticPercent: percent(slot.firmAndElastic),
                foresightPercent: percent(slot.foresight))
        }
    }

    /// In steps of five points, up to the last that has samples.
    private static func overshoots(firm: OvershootHistogram, last: OvershootHistogram) -> [Overshoot] {
        let all = stride(from: 0, to: 100, by: 5).map { points in
            let (ofFirm, ofLast) = (firm.samples(over: points..<points + 5), last.samples(over: points..<points + 5))
            return Overshoot(
                overPoints: points, toPoints: points + 5, firmSamples: ofFirm, lastSampleSamples: ofLast,
                firmPercent: percent(ofFirm, of: firm.lent), lastSamplePercent: percent(ofLast, of: last.lent))
        }
        let end = all.lastIndex { $0.firmSamples + $0.lastSampleSamples > 0 }
        return end.map { Array(all[...$0]) } ?? []
    }

    /// Only machines to which something was lent are there.
    private static func machines(firm: [LendingTally], last: [LendingTally]) -> [Unequal] {
        func shares(_ tallies: [LendingTally]) -> [Double] {
            tallies.filter { $0.lent > 0 }.map { percent($0.takenBack, of: $0.lent) }
        }
        let (firm, last) = (shares(firm), shares(last))
        guard !firm.isEmpty || !last.isEmpty else { return [] }
        let edges = [0, 0.5, 1, 2, 5, 10, 20, 50, 100]
        let none = Unequal(
            overPercent: nil, toPercent: 0, firmMachines: firm.count { $0 == 0 }, lastSampleMachines: last.count { $0 == 0 })
        return [none]
            + zip(edges, edges.dropFirst()).map { low, high in
                func count(_ shares: [Double]) -> Int { shares.count { $0 > low && $0 <= high } }
                return Unequal(overPercent: low, toPercent: high, firmMachines: count(firm), lastSampleMachines: count(last))
            }
    }

    private static func percent(_ part: Int64, of whole: Int64) -> Double { whole == 0 ? 0 : Double(part) * 100 / Double(whole) }
}

extension TraceDetails.Choice {
    init(_ appetite: BasisPoints, _ tally: LendingTally) {
        appetitePercent = Double(appetite.rawValue) / 100
        lentPercent = Double(tally.usefulLent.rawValue) / 10_000
        takenBackPercent = Double(tally.takenBackShare.rawValue) / 10_000
    }
}
