import Resources

extension FaultPlan {
    /// As a file of faults has it: YAML, a fault a line.
    package var text: String {
        faults.isEmpty ? "faults: []\n" : "faults:\n" + faults.map { "  - \($0.text)\n" }.joined()
    }
}

extension Fault {
    /// As a line of a file of faults has it.
    package var text: String {
        let pairs = [("at", at.text), ("kind", word.rawValue)] + fields + (span.map { [("for", $0.text)] } ?? [])
        return "{" + pairs.map { "\($0): \($1)" }.joined(separator: ", ") + "}"
    }

    private var fields: [(String, String)] {
        let node = nodes.first.map { ("node", Self.nodeName($0)) }
        switch kind {
        case .crash(let crash):
            return [node, ("down", crash.downFor.text), ("written", crash.written.text), ("torn", "\(crash.isTorn)")]
                .compactMap(\.self)
        case .hang, .forgery: return [node].compactMap(\.self)
        case .partition(let nodes, let isOneWay, _):
            return [("nodes", "[" + nodes.map(Self.nodeName).joined(separator: ", ") + "]"), ("one_way", "\(isOneWay)")]
        case .weather(let weather, _): return weather.fields
        case .clockStep(_, let by):
            return [node, by < .zero ? ("behind", (-by).text) : ("ahead", by.text)].compactMap(\.self)
        case .clockRate(_, let rate):
            return [node, (rate < 0 ? "slower_ppm" : "faster_ppm", "\(rate.magnitude)")].compactMap(\.self)
        case .inflation(_, let factor, _): return [node, ("factor", factor.text)].compactMap(\.self)
        }
    }

    package static func nodeName(_ index: Int) -> String { "node\(index + 1)" }
}

extension Weather {
    fileprivate var fields: [(String, String)] {
        [
            ("loss", loss.text), ("duplication", duplication.text), ("late", lateReplay.text),
            ("fastest", delay.lowerBound.text), ("slowest", delay.upperBound.text),
        ]
    }
}
