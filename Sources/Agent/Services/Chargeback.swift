import Accounting
import Resources
import Wire

// What the capacity of this node was used for.

extension Agent {
    /// So many windows travel in one page.
    private static let windowsOfPage = 20

    func streamChargeback(
        _ request: Surplus_V1_ChargebackRequest, _ write: (Surplus_V1_ChargebackPage) async throws -> Void
    ) async throws {
        let now = house.clock().utc
        let empty = CapacityChart(like: try await query(of: request, at: now).emptyChart())
        // reading the disk blocks: it gets a thread of its own
        let chart = await onThread { [accountant] in accountant.capacity(empty) }
        try await write(
            .with {
                $0.node = poolIfAny?.own.description ?? ""
                $0.nodeName = house.configuration.name
                ($0.from, $0.until) = (chart.range.lowerBound.microseconds, chart.range.upperBound.microseconds)
                $0.stepMicroseconds = chart.step.rawValue
            })
        let windows = chart.windows.enumerated().filter { $1.measured > .zero || !$1.leases.isEmpty }
        var holders = poolIfAny.map(LeaseHolders.init)
        for first in stride(from: 0, to: windows.count, by: Self.windowsOfPage) {
            let page = windows[first..<min(first + Self.windowsOfPage, windows.count)]
            let told: [Surplus_V1_LeaseHolder]
            (told, holders) = try await onThread { [holders] in
                var holders = holders
                return (try holders?.take(page.flatMap(\.element.leases.keys)) ?? [], holders)
            }
            try await write(
                .with {
                    $0.windows = page.map { Surplus_V1_CapacityWindow($1, at: chart.start + chart.step * Int64($0)) }
                    $0.holders = told
                })
        }
    }

    private func query(of request: Surplus_V1_ChargebackRequest, at now: Timestamp) async throws -> UsageQuery {
        var from = request.from
        if from == 0 {
            let beginning = await onThread { [accountant] in accountant.beginning }
            from = min(beginning ?? now, now + -.seconds(1)).microseconds
        }
        return try UsageQuery(
            .with {
                ($0.from, $0.until) = (from, request.until)
                ($0.stepMicroseconds, $0.points) = (request.stepMicroseconds, request.points)
            }, at: now)
    }
}

extension Surplus_V1_CapacityWindow {
    init(_ window: CapacityWindow, at time: Timestamp) {
        let figures = window.figures
        self = .with {
            $0.at = time.microseconds
            $0.measuredMicroseconds = window.measured.rawValue
            $0.capacity = Surplus_V1_Usage(figures.capacity)
            $0.excess = Surplus_V1_Usage(figures.excess)
            $0.owner = Surplus_V1_Usage(figures.owner)
            $0.idle = Surplus_V1_Usage(figures.idle)
            $0.untold = Surplus_V1_Usage(figures.untold)
            $0.leases = figures.leases.map { part in
                .with { ($0.lease, $0.used) = (part.lease.description, Surplus_V1_Usage(part.used)) }
            }
        }
    }
}
