import Resources
import Simulation

/// What `trace` says.
struct TraceReport: Encodable {
    struct Figures: Encodable {
        /// Of all capacity, below the threshold.
        let lentPercent: Double
        /// Of lease time.
        let takenBackPercent: Double
        let takenBackOver5Percent: Double
        let takenBackOver20Percent: Double
        /// Capacity-time above the threshold that is due to loans.
        let overshootPercent: Double
        /// Of what could have been lent with perfect foresight.
        let ofOraclePercent: Double
        /// What owners used and guests together, of all capacity.
        let utilisationPercent: Double

        init(_ tally: LendingTally, used: Double) {
            lentPercent = tally.usefulLent.percent
            takenBackPercent = tally.takenBackShare.percent
            takenBackOver5Percent = PartsPerMillion(tally.over5, of: tally.lent).percent
            takenBackOver20Percent = PartsPerMillion(tally.over20, of: tally.lent).percent
            overshootPercent = tally.overshootShare.percent
            ofOraclePercent = tally.ofForesight.percent
            utilisationPercent = used + lentPercent
        }
    }

    let schema = 1
    let machines: Int
    let samples: Int64
    let thresholdPercent: Double
    let appetitePercent: Double
    /// What owners used alone, of all capacity.
    let ownersPercent: Double
    let oracle, lastSample, recentMaximum, recentMaximumWithMargin, firm, firmWorstTenth: Figures
    /// Firm and elastic together, as decided before each sample.
    let total: Figures
    /// What a page with plots draws; only where one is made, as it takes time.
    let series: [TraceDetails.Stretch]?
    let curve: [TraceDetails.Choice]?
    let overshoots: [TraceDetails.Overshoot]?
    let machinesTakenBack: [TraceDetails.Unequal]?
    /// What came of jobs that were run on what is lent.
    var fleet: FleetFigures?

    init(
        _ report: LendingReplay.Report, _ replay: LendingReplay, _ machines: [[BasisPoints?]], details: TraceDetails? = nil
    ) {
        let judged = machines.flatMap { $0.dropFirst(replay.warmUp).compactMap(\.self) }
        let used = judged.reduce(0.0) { $0 + Double(min($1, .whole).rawValue) } / Double(max(1, judged.count)) / 100
        func figures(_ rule: LendingReplay.Rule) -> Figures { Figures(report.total(rule), used: used) }
        self.machines = machines.count
        samples = report.total(.foresight).samples
        thresholdPercent = Double(replay.threshold.rawValue) / 100
        appetitePercent = Double(replay.appetite.takenBack.rawValue) / 100
        ownersPercent = used
        (oracle, lastSample) = (figures(.foresight), figures(.lastSample))
        (recentMaximum, recentMaximumWithMargin) = (figures(.recentMaximum), figures(.recentMaximumWithMargin))
        (firm, firmWorstTenth) = (figures(.firm), Figures(report.worstTenth(.firm), used: used))
        total = figures(.firmAndElastic)
        (series, curve) = (details?.series, details?.curve)
        (overshoots, machinesTakenBack) = (details?.overshoots, details?.machinesTakenBack)
    }

    /// The rules by their names, as they are listed.
    var rows: [(name: String, figures: Figures)] {
        [
            ("foresight", oracle), ("last sample", lastSample), ("maximum of an hour", recentMaximum),
            ("the same less 10 points", recentMaximumWithMargin), ("firm", firm), ("  its worst tenth", firmWorstTenth),
            ("firm and elastic", total),
        ]
    }

    private static let row = TextRow(nameWidth: 24, cellWidth: 12)

    var text: String {
        let head = Self.row.line("RULE", ["LENT", "TAKEN BACK", ">5 POINTS", ">20 POINTS", "OVERSHOOT", "USED IN ALL"])
        let body = rows.map { name, figures in
            Self.row.line(
                name,
                [
                    figures.lentPercent, figures.takenBackPercent, figures.takenBackOver5Percent, figures.takenBackOver20Percent,
                    figures.overshootPercent, figures.utilisationPercent,
                ].map(DecimalText.percent))
        }
        let title =
            "\(machines) machines, \(samples) samples judged; owners use \(DecimalText.percent(ownersPercent)), "
            + "threshold \(DecimalText.percent(thresholdPercent)), appetite \(DecimalText.percent(appetitePercent))"
        let jobs = fleet.map { ["", $0.text] } ?? []
        return ([title, "", head] + body + jobs).joined(separator: "\n")
    }
}
