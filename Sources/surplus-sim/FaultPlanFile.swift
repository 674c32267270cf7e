import Configuration
import Resources
import Simulation

/// Reads plans of faults that people write.
enum FaultPlanFile {
    private enum Section: String, CaseIterable { case faults }

    private enum Key: String, CaseIterable {
        case at, kind, node, nodes, down, written, torn, ahead, behind, factor, loss, duplication, late, fastest, slowest
        case oneWay = "one_way"
        case fasterPPM = "faster_ppm"
        case slowerPPM = "slower_ppm"
        case span = "for"
    }

    /// What may be said of a fault, besides when and what it is.
    private static func keys(of kind: Fault.Word) -> Set<Key> {
        switch kind {
        case .crash, .reboot: [.node, .down, .written, .torn]
        case .hang, .forge: [.node, .span]
        case .partition: [.nodes, .oneWay, .span]
        case .weather: [.loss, .duplication, .late, .fastest, .slowest, .span]
        case .clock: [.node, .ahead, .behind]
        case .rate: [.node, .fasterPPM, .slowerPPM]
        case .inflate: [.node, .factor, .span]
        }
    }

    private static let times = Microseconds.zero ... .days(1)

    /// - Parameter nodes: how many there are, `node1` and so on.
    /// - Throws: with the file, the line and the remedy.
    static func read(_ path: String, nodes: Int) throws(ConfigurationError) -> FaultPlan {
        let list = try YAMLDocument.root(ofFile: path).mapping(of: Section.self).required(.faults).list()
        var faults: [Fault] = []
        for value in list { faults.append(try Reader(value, nodes: nodes).fault) }
        return FaultPlan(faults)
    }

    private struct Reader {
        let whole: YAMLValue
        let keys: YAMLMapping<Key>
        let nodes: Int

        init(_ value: YAMLValue, nodes: Int) throws(ConfigurationError) {
            whole = value
            keys = try value.mapping(of: Key.self)
            self.nodes = nodes
        }

        var fault: Fault {
            get throws(ConfigurationError) {
                let at = try keys.required(.at).quantity(times)
                let kind = try keys.required(.kind).choice(of: Fault.Word.self)
                for key in Key.allCases where key != .at && key != .kind && !FaultPlanFile.keys(of: kind).contains(key) {
                    if let value = keys[key] { throw value.fault("says nothing about a fault of the kind '\(kind.rawValue)'") }
                }
                return Fault(at: at, try what(kind))
            }
        }

        private func what(_ kind: Fault.Word) throws(ConfigurationError) -> Fault.Kind {
            switch kind {
            case .crash, .reboot: return .crash(try crash(isReboot: kind == .reboot))
            case .hang: return .hang(node: try node(.node), span: try span())
            case .forge: return .forgery(node: try node(.node), span: try span())
            case .partition:
                var cut: [Int] = []
                for value in try keys.required(.nodes).list() { cut.append(try node(value)) }
                guard !cut.isEmpty else { throw whole.fault("needs nodes to cut off") }
                return .partition(nodes: cut, isOneWay: try keys[.oneWay]?.boolean() ?? false, span: try span())
            case .weather: return .weather(try weather(), span: try span())
            case .clock:
                let (by, isBehind) = try either(.ahead, .behind) { value throws(ConfigurationError) in try value.quantity(times) }
                return .clockStep(node: try node(.node), by: isBehind ? -by : by)
            case .rate:
                let (rate, isSlower) = try either(.fasterPPM, .slowerPPM) { value throws(ConfigurationError) in
                    Int64(try value.integer(0...100_000))
                }
                return .clockRate(node: try node(.node), partsPerMillion: isSlower ? -rate : rate)
            case .inflate:
                let factor = try keys.required(.factor).quantity(BasisPoints.zero ... .percent(10_000))
                return .inflation(node: try node(.node), factor: factor, span: try span())
            }
        }

        private func crash(isReboot: Bool) throws(ConfigurationError) -> Fault.Crash {
            var crash = Fault.Crash(node: try node(.node), downFor: try keys.required(.down).quantity(times))
            crash.isReboot = isReboot
            crash.written = try keys[.written]?.quantity(BasisPoints.zero ... .whole) ?? .zero
            crash.isTorn = try keys[.torn]?.boolean() ?? false
            return crash
        }

        private func weather() throws(ConfigurationError) -> Weather {
            func share(_ key: Key) throws(ConfigurationError) -> BasisPoints {
                try keys[key]?.quantity(BasisPoints.zero ... .whole) ?? .zero
            }
            let fastest = try keys[.fastest]?.quantity(times) ?? .milliseconds(1)
            let slowest = try keys[.slowest]?.quantity(times) ?? .milliseconds(150)
            guard fastest <= slowest else { throw whole.fault("has a fastest delay above the slowest") }
            return Weather(
                loss: try share(.loss), duplication: try share(.duplication), lateReplay: try share(.late),
                delay: fastest...slowest)
        }

        /// - Returns: the value of the one that is there, and whether it is the second.
        private func either<Value>(
            _ first: Key, _ second: Key, _ read: (YAMLValue) throws(ConfigurationError) -> Value
        ) throws(ConfigurationError) -> (Value, Bool) {
            switch (keys[first], keys[second]) {
            case (let value?, nil): return (try read(value), false)
            case (nil, let value?): return (try read(value), true)
            default: throw whole.fault("needs either '\(first.rawValue)' or '\(second.rawValue)'")
            }
        }

        private func span() throws(ConfigurationError) -> Microseconds { try keys.required(.span).quantity(times) }
        private func node(_ key: Key) throws(ConfigurationError) -> Int { try node(try keys.required(key)) }

        private func node(_ value: YAMLValue) throws(ConfigurationError) -> Int {
            let text = try value.string(longest: 64)
            guard let index = (0..<nodes).first(where: { Fault.nodeName($0) == text }) else {
                throw value.fault("is '\(text)'; the pool has \(Fault.nodeName(0)) to \(Fault.nodeName(nodes - 1))")
            }
            return index
        }
    }
}
