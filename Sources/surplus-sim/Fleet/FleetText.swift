import Resources

extension FleetFigures {
    /// For people.
    var text: String {
        let rows: [(String, String)] = [
            (
                "used",
                "\(DecimalText.percent(ownersPercent)) by owners alone, \(DecimalText.percent(utilisationPercent)) with guests"
            ),
            (
                "lent",
                "\(DecimalText.percent(total.lentPercent)) of all capacity, firmly \(DecimalText.percent(firm.lentPercent))"
            ),
            (
                "taken back",
                "\(DecimalText.percent(total.takenBackPercent)) of lease time, of what was firm \(DecimalText.percent(firm.takenBackPercent))"
            ),
            (
                "",
                "by more than 5 points \(DecimalText.percent(total.takenBackOver5Percent)), 20 points \(DecimalText.percent(total.takenBackOver20Percent))"
            ),
            (
                "jobs",
                "\(jobs.submitted): \(jobs.finished) finished, \(jobs.running) running, \(jobs.waiting) waiting, \(jobs.hopeless) too large"
            ),
            (
                "processing",
                "\(DecimalText.fixed(jobs.usefulCoreHours, digits: 1)) core-hours of finished jobs, \(DecimalText.fixed(jobs.wastedCoreHours, digits: 1)) lost"
            ),
            ("waited", Self.waits(jobs)),
            (
                "leases",
                "\(leases.granted) of \(leases.requests) requests, \(leases.firm) of them firm; \(leases.endedEarly) ended early"
            ),
            (
                "credits",
                "\(DecimalText.fixed(credits.earned, digits: 1)) earned, Gini \(DecimalText.percent(credits.giniOfEarningsPercent)); of balances \(DecimalText.percent(credits.giniOfBalancesPercent))"
            ),
            (
                "failures",
                "\(failures.outages) outages, \(failures.jobsInterrupted) jobs interrupted; \(Self.books(failures.faults))"
            ),
            (
                "effort",
                "\(DecimalText.fixed(effort.processorSeconds, digits: 1)) s of a processor, \(Int(effort.peakMemoryMib)) MiB, \(effort.messages) messages"
            ),
        ]
        let body = rows.map { name, value in name + String(repeating: " ", count: 12 - name.count) + value }
        return (["jobs on what \(machines) machines lend, \(samples) samples", ""] + body).joined(separator: "\n")
    }

    private static func waits(_ jobs: Jobs) -> String {
        guard let median = jobs.medianWaitSeconds, let most = jobs.p95WaitSeconds, let longest = jobs.longestWaitSeconds else {
            return "nothing was finished"
        }
        func span(_ seconds: Double) -> String { Microseconds(Int64(seconds * 1e6)).shortText }
        return "half of the finished jobs at most \(span(median)), 95% at most \(span(most)), the longest \(span(longest))"
    }

    private static func books(_ faults: [String]) -> String {
        faults.isEmpty ? "all books agree" : "\(faults.count) faults in the books: \(faults[0])"
    }
}
