import ArgumentParser

@main
struct SurplusBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "surplus-bench",
        abstract: "Measures Surplus on this machine.",
        subcommands: [
            LedgerBench.self, TradeBench.self, RunBench.self, PolicyBench.self, IdleBench.self, FootprintBench.self,
            KillBench.self,
            AccountingBench.self, ThroughputBench.self, TakeBackBench.self, LatencyBench.self, MemoryBench.self,
            FlappingBench.self,
            RunningBench.self, VolumesBench.self,
            LedgerWriter.self, HistoryWriter.self, OpenLoad.self, GrowingOwner.self, SwingingOwner.self,
        ])
}
