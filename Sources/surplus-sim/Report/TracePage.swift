import Simulation

/// The report of a trace, as a page.
struct TracePage {
    /// What it shows besides the figures; another section is one line more in ``sections``.
    let report: TraceReport
    let details: TraceDetails
    /// Where the trace was read from.
    let data: [String]
    /// How many samples a firm term lasts.
    let term: Int
    /// What came of jobs on what is lent; `nil` where there were none.
    var fleet: FleetReport?

    var html: String { ReportPage(title: "How much can be lent", lead: lead, sections: sections).html }

    private var sections: [ReportSection] {
        [
            FiguresSection.section(report), UtilisationSection.section(report, details), TakeBackSection.section(report, details),
            RiskSection.section(report, details), fleet.map { JobSection.section($0, threshold: report.thresholdPercent) },
            CreditSection.section(fleet?.earned.map(\.rawValue) ?? []),
        ].compactMap(\.self)
    }

    private var lead: [String] {
        let minutes = term * TraceDetails.minutesASample
        return [
            "\(DecimalText.count(Int64(report.machines))) machines, \(DecimalText.count(report.samples)) samples of "
                + "\(TraceDetails.minutesASample) minutes judged, read from \(data.joined(separator: ", ")). "
                + "Firm loans are promised for \(minutes) minutes at a time.",
            "Owners use \(DecimalText.percent(report.ownersPercent)) of their machines. Owner and guests together are to stay below "
                + "the threshold, \(DecimalText.short(report.thresholdPercent))% of a machine. What is promised firmly may be taken "
                + "back in \(DecimalText.short(report.appetitePercent))% of lease time: the appetite.",
            "Lent is what guests could use below the threshold, as a share of all capacity. Taken back is the share of the samples "
                + "with a loan in which owner and loan together lay above the threshold. The first hour of each machine is not judged.",
        ]
    }
}
