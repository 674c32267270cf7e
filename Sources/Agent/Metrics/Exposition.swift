import Resources
import Wire

/// Writes metrics as text for Prometheus and what is compatible with it: OpenMetrics 1.0, or the older text format 0.0.4 for
/// readers that do not know it. Values are exact decimals.
struct Exposition {
    enum Format: Sendable {
        case openMetrics
        case prometheus

        /// What a reader accepts best, by its `Accept` header; OpenMetrics where it accepts anything.
        init(accepting header: String) {
            let types = header.lowercased().split(separator: ",").map { $0.prefix { $0 != ";" }.filter { $0 != " " } }
            let namesText = types.contains("text/plain")
            self = types.contains("application/openmetrics-text") || !namesText ? .openMetrics : .prometheus
        }

        var contentType: String {
            switch self {
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            }
        }
    }

    enum Kind: String {
        /// Only grows, until the program is started anew. Its samples end in `_total`.
        case counter
        case gauge
        /// Text that describes something, as labels of a sample that is 1. Ends in `_info`.
        case info
    }

    private let format: Format
    private var text = ""
    private var family = ""
    private var kind = Kind.gauge

    init(_ format: Format) { self.format = format }

    /// Begins a family; its samples follow.
    ///
    /// - Parameters:
    ///   - name: without the `_total` or `_info` of its samples; ends in the unit if there is one.
    ///   - help: one sentence, without a line feed.
    mutating func begin(_ name: String, _ kind: Kind, unit: String? = nil, _ help: String) {
        family = name
        self.kind = kind
        let named = format == .openMetrics ? name : name + suffix
        text += "# TYPE \(named) \(format == .prometheus && kind == .info ? "gauge" : kind.rawValue)\n"
        if format == .openMetrics, let unit { text += "# UNIT \(named) \(unit)\n" }
        text += "# HELP \(named) \(help)\n"
    }

    /// Adds a sample to the family: `value / unit`, with labels in the order given.
    ///
    /// - Parameter unit: a product of powers of 2 and 5, as for ``Resources``' decimals.
    mutating func add(_ value: Int64, per unit: Int64 = 1, _ labels: KeyValuePairs<String, String> = [:]) {
        let labels = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        text += "\(family)\(suffix)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.decimal(value, per: unit))\n"
    }

    /// A family of one sample.
    mutating func put(
        _ name: String, _ kind: Kind, unit: String? = nil, _ help: String, _ value: Int64?, per divisor: Int64 = 1
    ) {
        guard let value else { return }
        begin(name, kind, unit: unit, help)
        add(value, per: divisor)
    }

    var page: HTTPPage {
        HTTPPage(contentType: format.contentType, body: format == .openMetrics ? text + "# EOF\n" : text)
    }

    private var suffix: String {
        switch kind {
        case .counter: "_total"
        case .gauge: ""
        case .info: "_info"
        }
    }

    private static func decimal(_ value: Int64, per unit: Int64) -> String {
        let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: UInt64(unit))
        var text = (value < 0 ? "-" : "") + "\(whole)" + (rest > 0 ? "." : "")
        var remainder = UInt128(rest)
        while remainder > 0 {
            let (digit, next) = (remainder * 10).quotientAndRemainder(dividingBy: UInt128(unit))
            text += "\(digit)"
            remainder = next
        }
        return text
    }

    private static func escaped(_ label: String) -> String {
        label.map {
            switch $0 {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String($0)
            }
        }.joined()
    }
}
