import Resources

/// All that goes wrong in a run, in the order in which it begins. Besides it there is only the usual ``Weather``.
package struct FaultPlan: Hashable, Sendable {
    package private(set) var faults: [Fault]

    package init(_ faults: [Fault] = []) {
        self.faults = faults.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    /// Whether anybody in the pool forges messages.
    var hasForgers: Bool { faults.contains { if case .forgery = $0.kind { true } else { false } } }
}

extension FaultPlan {
    /// A plan as it might come: the same for the same generator.
    static func drawn(for scenario: Scenario, using random: inout SeededGenerator) -> FaultPlan {
        var faults: [Fault] = []
        var draw = Draw(scenario: scenario, random: random)
        faults += draw.repeatedly(every: scenario.crashEvery) { $0.crash() }
        faults += draw.repeatedly(every: scenario.disturbedEvery) { $0.disturbance() }
        faults += draw.clocks()
        faults += draw.liars()
        random = draw.random
        return FaultPlan(faults)
    }

    private struct Draw {
        let scenario: Scenario
        var random: SeededGenerator

        /// - Parameter mean: `nil` when it never happens.
        mutating func repeatedly(every mean: Microseconds?, _ kind: (inout Draw) -> Fault.Kind) -> [Fault] {
            guard let mean else { return [] }
            var faults: [Fault] = []
            var at = random.span(.seconds(1)...mean)
            while at < scenario.busyFor {
                faults.append(Fault(at: at, kind(&self)))
                at = at + random.span(.milliseconds(100)...mean * 2)
            }
            return faults
        }

        private mutating func node() -> Int { Int.random(in: 0..<scenario.nodes, using: &random) }

        mutating func crash() -> Fault.Kind {
            var crash = Fault.Crash(node: node(), downFor: random.span(.milliseconds(50) ... .seconds(40)))
            crash.isReboot = random.chance(.percent(25))
            crash.written = BasisPoints(Int64.random(in: 0...10_000, using: &random))
            crash.isTorn = random.chance(.percent(30))
            return .crash(crash)
        }

        mutating func disturbance() -> Fault.Kind {
            let span = random.span(.seconds(1) ... .seconds(50))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return .hang(node: node(), span: span)
            case 1:
                let isOneWay = random.chance(.percent(40))
                let size = Int.random(in: 1...max(1, scenario.nodes / 2), using: &random)
                return .partition(
                    nodes: Array((0..<scenario.nodes).shuffled(using: &random).prefix(size)).sorted(), isOneWay: isOneWay,
                    span: span)
            case 2:
                let storm = Weather(
                    loss: .percent(40), duplication: .percent(20), lateReplay: .percent(3), delay: scenario.weather.delay)
                return .weather(storm, span: span)
            default:
                let slow = Weather(
                    loss: .percent(2), duplication: .percent(5), lateReplay: .percent(1),
                    delay: scenario.weather.delay.lowerBound ... .seconds(3))
                return .weather(slow, span: span)
            }
        }

        /// Every node's civil time and rate are somewhat off; now and then one is set.
        mutating func clocks() -> [Fault] {
            guard scenario.haveClocks else { return [] }
            return (0..<scenario.nodes).flatMap { node in
                let rate = Int64.random(in: -200...200, using: &random)
                let offset = random.span(.milliseconds(-2000) ... .milliseconds(2000))
                var faults = [
                    Fault(at: .zero, .clockRate(node: node, partsPerMillion: rate)),
                    Fault(at: .zero, .clockStep(node: node, by: offset)),
                ]
                if random.chance(.percent(10)) {
                    let by = random.span(.minutes(-90) ... .minutes(90))
                    faults.append(Fault(at: random.span(.seconds(1)...scenario.busyFor), .clockStep(node: node, by: by)))
                }
                return faults
            }
        }

        mutating func liars() -> [Fault] {
            var faults: [Fault] = []
            if random.chance(scenario.liars) {
                let factor = BasisPoints(Int64.random(in: 11_000...80_000, using: &random))
                let span = random.span(.seconds(30)...max(.seconds(30), scenario.busyFor))
                faults.append(
                    Fault(at: random.span(.zero...scenario.busyFor), .inflation(node: node(), factor: factor, span: span)))
            }
            if random.chance(scenario.liars) {
                let span = random.span(.seconds(30)...max(.seconds(30), scenario.busyFor))
                faults.append(Fault(at: random.span(.zero...scenario.busyFor), .forgery(node: node(), span: span)))
            }
            return faults
        }
    }
}
