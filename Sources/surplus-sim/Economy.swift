import ArgumentParser
import Foundation
import Policy
import Resources
import Simulation

struct EconomyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "economy",
        abstract: "Run a pool of members, free riders and others for a year, and see what credit does to them.",
        discussion: """
            Whoever wants processing in an hour asks the peers it knows; who lends how much is the product's policy's decision, and what
            is owed stands in the product's books. Shares of participants are percentages of --nodes; what is left over are members, who
            lend and borrow. Docs/economy.md says what the figures mean. The exit status is 1 when books did not balance.

            Examples:
              surplus-sim economy
              surplus-sim economy --nodes 1000 --bootstrap 0.2 --raise 4 --json
              surplus-sim economy --whitewashers 20 --admission 7
            """)

    @Option(help: ArgumentHelp("Participants, 100 to 1000.", valueName: "count"))
    var nodes = 100

    @Option(help: ArgumentHelp("How long it goes on, 1 to 3650 days.", valueName: "count"))
    var days = 365

    @Option(help: ArgumentHelp("Decides everything that is drawn.", valueName: "seed"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Who borrows and never lends. Default: 10.", valueName: "percent"), transform: Self.share)
    var freeRiders = BasisPoints.percent(10)

    @Option(
        help: ArgumentHelp("Who does the same, and comes back under another identity. Default: 5.", valueName: "percent"),
        transform: Self.share)
    var whitewashers = BasisPoints.percent(5)

    @Option(help: ArgumentHelp("Who lends and never borrows. Default: 5.", valueName: "percent"), transform: Self.share)
    var hoarders = BasisPoints.percent(5)

    @Option(help: ArgumentHelp("Who joins while it goes on. Default: 10.", valueName: "percent"), transform: Self.share)
    var newcomers = BasisPoints.percent(10)

    @Option(help: ArgumentHelp("About how many others a participant knows, 2 to 1000.", valueName: "count"))
    var peers = 64

    @Option(
        help: ArgumentHelp(
            "What one may owe a peer that it has not lent anything. Default: 0.25, or the limit.", valueName: "credits"),
        transform: Self.credits)
    var bootstrap: Microcredits?

    @Option(
        help: ArgumentHelp("So many times what it has lent the peer it may owe it in addition, 0 to 1000.", valueName: "factor"))
    var raise = 10

    @Option(
        help: ArgumentHelp("What one may owe a peer whatever it has lent it. Default: 10.", valueName: "credits"),
        transform: Self.credits)
    var limit = Microcredits.credits(10)

    @Option(help: ArgumentHelp("Days between two identities of one participant, 1 to 3650.", valueName: "count"))
    var admission = 30

    @Option(help: ArgumentHelp("What is wanted, as a share of what is wanted usually, 1 to 1000.", valueName: "percent"))
    var demand = 100

    @Flag(help: "Print one JSON document.")
    var json = false

    private static func share(_ text: String) throws -> BasisPoints {
        let value: BasisPoints
        do { value = try BasisPoints(text: text.hasSuffix("%") ? text : text + "%") } catch { throw ValidationError("\(error)") }
        guard value >= .zero, value <= .whole else { throw ValidationError("\(text) is not 0% to 100%") }
        return value
    }

    private static func credits(_ text: String) throws -> Microcredits {
        let value: Microcredits
        do { value = try Microcredits(text: text) } catch { throw ValidationError("\(error)") }
        guard (100_000...Microcredits.credits(1_000_000)).contains(value) else {
            throw ValidationError("\(value.text) are not 0.1 to 1000000 credits")
        }
        return value
    }

    func validate() throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError("--\(name) takes \(range.lowerBound) to \(range.upperBound), not \(value)")
            }
        }
        try check("nodes", nodes, 100...1000)
        try check("days", days, 1...3650)
        try check("peers", peers, 2...1000)
        try check("admission", admission, 1...3650)
        try check("demand", demand, 1...1000)
        try check("raise", raise, CreditRule.raises)
        guard freeRiders + whitewashers + hoarders + newcomers <= .percent(90) else {
            throw ValidationError("free riders, whitewashers, hoarders and newcomers take more than 90%; members are the rest")
        }
        guard bootstrap ?? limit <= limit else {
            throw ValidationError("--bootstrap is more than --limit; who has lent nothing may owe at most as much as the others")
        }
    }

    var plan: EconomyPlan {
        var plan = EconomyPlan(nodes: nodes, days: days, seed: seed)
        (plan.freeRiders, plan.whitewashers, plan.hoarders, plan.newcomers) = (freeRiders, whitewashers, hoarders, newcomers)
        (plan.peers, plan.bootstrap, plan.limit, plan.admission) = (
            peers, bootstrap ?? min(plan.bootstrap, limit), limit, admission
        )
        plan.raise = raise
        plan.demand = .percent(Int64(demand))
        return plan
    }

    func run() throws {
        let result = Economy.run(plan) { Console.progress("\($0) of \(days) days", isLast: $0 == days) }
        let report = EconomyReport(result)
        print(json ? try Console.json(report) : report.text)
        for violation in result.violations.prefix(3) { Console.complain(violation.text) }
        if !result.violations.isEmpty { throw ExitCode.failure }
    }
}
