import ArgumentParser
import GRPCCore
import Wire

/// From the proposal to the committed lease, through two agents' ledgers, as a caller of the agent's API sees it.
struct TradeBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trade",
        abstract: "Time from proposal to committed lease between two running agents, one by one and 200 at once.")

    @Option(help: "The borrowing agent's socket.")
    var socket: String
    @Option(help: "The node to borrow from.")
    var on: String
    @Option(help: "Trades made one after the other.")
    var sequential = 300
    @Option(help: "Trades negotiated at once.")
    var concurrent = 200
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let result = try await ControlClient.connect(to: socket) { [self] client in
            for _ in 0..<20 { _ = try await trade(client) }
            var times: [Double] = []
            for _ in 0..<sequential { times.append(try await trade(client)) }
            let burst = try await negotiateAtOnce(client)
            return report(Percentiles(times), burst)
        }
        print(json ? try result.json : result.table)
    }

    private var request: Surplus_V1_LeaseRequest {
        .with {
            $0.amounts.cpuMillicores = 1
            $0.termMicroseconds = 60_000_000
            $0.on = [on]
        }
    }

    /// Borrows, then gives back; only the borrowing is timed.
    private func trade(_ client: ControlClient.Client) async throws -> Double {
        let began = ContinuousClock.now
        let reply = try await client.requestLease(request)
        let took = (ContinuousClock.now - began).milliseconds
        try Self.check(reply)
        _ = try await client.releaseLease(.with { $0.lease = reply.lease.lease })
        return took
    }

    private func negotiateAtOnce(_ client: ControlClient.Client) async throws -> (lost: Int, milliseconds: Double) {
        let began = ContinuousClock.now
        let replies = await withTaskGroup(of: Surplus_V1_LeaseReply?.self) { group in
            for _ in 0..<concurrent { group.addTask { try? await client.requestLease(request) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let took = (ContinuousClock.now - began).milliseconds
        let leases = replies.compactMap { $0?.hasLease == true ? $0?.lease.lease : nil }
        for lease in leases { _ = try await client.releaseLease(.with { $0.lease = lease }) }
        return (concurrent - Set(leases).count, took)
    }

    private static func check(_ reply: Surplus_V1_LeaseReply) throws {
        guard reply.hasLease else { throw ValidationError("no lease was granted: \(reply.refusal.reason)") }
    }

    private func report(_ times: Percentiles, _ burst: (lost: Int, milliseconds: Double)) -> BenchReport {
        BenchReport(
            benchmark: "trade",
            workload: "propose to committed on loopback, both ledgers durable; \(sequential) in a row, \(concurrent) at once",
            figures: [
                .init(name: "p50", value: times(0.5), unit: "ms", goal: 10, isUpperBound: true),
                .init(name: "p99", value: times(0.99), unit: "ms", goal: 50, isUpperBound: true),
                .init(name: "\(concurrent) at once: lost", value: Double(burst.lost), unit: "", goal: 0, isUpperBound: true),
                .init(name: "\(concurrent) at once: all done after", value: burst.milliseconds, unit: "ms"),
            ])
    }
}
