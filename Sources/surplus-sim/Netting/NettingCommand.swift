import ArgumentParser
import Resources
import Simulation

struct NettingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netting",
        abstract: "Cut the debts of whole pools by cancelling cycles, and see how much of them is left.",
        discussion: """
            The debts of some pools are drawn at random, in half of them so that some mostly lend and others mostly borrow; those of another
            are what members owe each other after a run of 'economy'.
            Docs/economy.md says how, and what was measured. The exit status is 1 when somebody's net position changed.

            Examples:
              surplus-sim netting
              surplus-sim netting --pools 20 --days 0 --json
              surplus-sim netting --longest 4
              surplus-sim netting --agents --pools 1
            """)

    @Option(help: ArgumentHelp("Nodes in each pool, 100 to 1000.", valueName: "count"))
    var nodes = 200

    @Option(help: ArgumentHelp("About how many others each of them knows, 2 to 1000.", valueName: "count"))
    var peers = 64

    @Option(help: ArgumentHelp("Pools of each kind that are drawn at random, 1 to 100.", valueName: "count"))
    var pools = 5

    @Option(help: ArgumentHelp("Decides everything that is drawn; each pool has the next one.", valueName: "seed"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("The most debts in a cycle, 3 to 6 as in the product.", valueName: "count"))
    var longest = 6

    @Option(
        help: ArgumentHelp(
            "How long the economy goes on before its debts are cut, 0 (not at all) to 3650 days.", valueName: "count"))
    var days = 90

    /// The middle half of all want, and have, 0.6 to 1.6 times the median.
    private static let leaning: Int64 = 70

    @Flag(
        help: ArgumentHelp(
            "Let the nodes themselves look for cycles, each once, and agree on them by messages, in random pools only; takes minutes."
        ))
    var agents = false

    @Flag(help: "Print one JSON document.")
    var json = false

    func validate() throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError("--\(name) takes \(range.lowerBound) to \(range.upperBound), not \(value)")
            }
        }
        try check("nodes", nodes, 100...1000)
        try check("peers", peers, 2...1000)
        try check("pools", pools, 1...100)
        try check("longest", longest, 3...6)
        try check("days", days, 0...3650)
        guard !agents || longest == AgreedNetting.longest else {
            throw ValidationError(
                "--longest is for what a planner would do; agents look for cycles of at most \(AgreedNetting.longest)")
        }
        guard seed <= UInt64.max - UInt64(pools) else { throw ValidationError("--seed is too large for so many pools") }
    }

    func run() throws {
        var outcomes: [NettingReport.Pool] = []
        for number in 0..<UInt64(pools) {
            for (name, leaning) in [("random", Int64(0)), ("leaning", Self.leaning)] {
                let debts = RandomDebts(nodes: nodes, peers: peers, leaning: leaning, seed: seed + number).draw()
                let outcome =
                    agents
                    ? try NettingOutcome(agreedOn: debts) {
                        Console.progress("\($0) of \(nodes) nodes have looked", isLast: $0 == nodes)
                    }
                    : NettingOutcome(debts, longest: longest)
                outcomes.append(.init(name, seed: seed + number, outcome))
            }
            Console.progress("\(number + 1) of \(pools) pools", isLast: number + 1 == UInt64(pools))
        }
        if days > 0, !agents {
            var plan = EconomyPlan(nodes: nodes, days: days, seed: seed)
            plan.peers = peers
            let result = Economy.run(plan) { Console.progress("\($0) of \(days) days", isLast: $0 == days) }
            outcomes.append(.init("economy", seed: seed, NettingOutcome(result.debts, longest: longest)))
        }
        outcomes = NettingReport.inOrder(outcomes)
        let report = NettingReport(
            nodes: nodes, peers: peers, longest: longest, days: agents ? 0 : days, agents: agents, pools: outcomes)
        print(json ? try Console.json(report) : report.text)
        guard report.pools.allSatisfy(\.sound) else {
            Console.complain("somebody's net position changed, or a debt was raised")
            throw ExitCode.failure
        }
    }
}
