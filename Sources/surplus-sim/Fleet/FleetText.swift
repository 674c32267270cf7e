import Resources

extension FleetFigures {
    /// For people.
    var text: String {
        let rows: [(String, String)] = [
            ("used", "\(Self.percent(ownersPercent)) by owners alone, \(Self.percent(utilisationPercent)) with guests"),
            ("lent", "\(Self.percent(total.lentPercent)) of all capacity, firmly \(Self.percent(firm.lentPercent))"),
            (
                "taken back",
                "\(Self.percent(total.takenBackPercent)) of lease time, of what was firm \(Self.percent(firm.takenBackPercent))"
            ),
            (
                "",
                "by more than 5 points \(Self.percent(total.takenBackOver5Percent)), 20 points \(Self.percent(total.takenBackOver20Percent))"
            ),
            (
                "jobs",
                "\(jobs.submitted): \(jobs.finished) finished, \(jobs.running) running, \(jobs.waiting) waiting, \(jobs.hopeless) too large"
            ),
            (
                "processing",
                "\(Self.hours(jobs.usefulCoreHours)) core-hours of finished jobs, \(Self.hours(jobs.wastedCoreHours)) lost"
            ),
            ("waited", Self.waits(jobs)),
            (
                "leases",
                "\(leases.granted) of \(leases.requests) requests, \(leases.firm) of them firm; \(leases.endedEarly) ended early"
            ),
            (
                "credits",
                "\(Self.hours(credits.earned)) earned, Gini \(Self.percent(credits.giniOfEarningsPercent)); of balances \(Self.percent(credits.giniOfBalancesPercent))"
            ),
            (
                "failures",
                "\(failures.outages) outages, \(failures.jobsInterrupted) jobs interrupted; \(Self.books(failures.faults))"
            ),
            (
                "effort",
                "\(Self.hours(effort.processorSeconds)) s of a processor, \(Int(effort.peakMemoryMib)) MiB, \(effort.messages) messages"
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

    private static func hours(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private static func percent(_ value: Double) -> String { "\((value * 100).rounded() / 100)%" }
}
