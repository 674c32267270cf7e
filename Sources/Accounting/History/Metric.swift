/// One thing that is measured of a machine or a lease. The raw values are on disk: they are never reused.
package enum Metric: UInt8, CaseIterable, Hashable, Sendable {
    /// Processing, in millicores.
    case cpu = 0
    /// Memory held, in bytes.
    case memory = 1
    case networkReceived = 2
    case networkSent = 3
    case diskRead = 4
    case diskWritten = 5
    /// How busy the disks were: 1000 is one disk without a pause.
    case diskBusy = 6
    /// The part of the time in which some task waited for a processor, and in which all did; likewise below.
    case cpuPressure = 7
    case cpuPressureFull = 8
    case memoryPressure = 9
    case memoryPressureFull = 10
    case ioPressure = 11
    case ioPressureFull = 12
    /// The kernel's load average over one minute, in hundredths.
    case load = 13

    /// What a metric's values count.
    package enum Unit: String, Hashable, Sendable {
        case millicores
        case bytes
        case bytesPerSecond = "bytes_per_second"
        /// Thousandths of one device.
        case thousandths
        /// Hundredths of a percent of the time.
        case basisPoints = "basis_points"
        case hundredths
    }

    /// What people ask for by one word.
    package enum Group: String, CaseIterable, Hashable, Sendable { case cpu, memory, network, disk, pressure }

    package var unit: Unit {
        switch self {
        case .cpu: .millicores
        case .memory: .bytes
        case .networkReceived, .networkSent, .diskRead, .diskWritten: .bytesPerSecond
        case .diskBusy: .thousandths
        case .cpuPressure, .cpuPressureFull, .memoryPressure, .memoryPressureFull, .ioPressure, .ioPressureFull: .basisPoints
        case .load: .hundredths
        }
    }

    package var group: Group {
        switch self {
        case .cpu, .load: .cpu
        case .memory: .memory
        case .networkReceived, .networkSent: .network
        case .diskRead, .diskWritten, .diskBusy: .disk
        case .cpuPressure, .cpuPressureFull, .memoryPressure, .memoryPressureFull, .ioPressure, .ioPressureFull: .pressure
        }
    }

    /// As it is called on the wire and in JSON: `network_received`.
    package var name: String {
        switch self {
        case .cpu: "cpu"
        case .memory: "memory"
        case .networkReceived: "network_received"
        case .networkSent: "network_sent"
        case .diskRead: "disk_read"
        case .diskWritten: "disk_written"
        case .diskBusy: "disk_busy"
        case .cpuPressure: "cpu_pressure"
        case .cpuPressureFull: "cpu_pressure_full"
        case .memoryPressure: "memory_pressure"
        case .memoryPressureFull: "memory_pressure_full"
        case .ioPressure: "io_pressure"
        case .ioPressureFull: "io_pressure_full"
        case .load: "load"
        }
    }
}

/// A value for each metric that was measured. What is missing was not measured, which is not zero.
package struct MetricMap<Value: Sendable>: Sendable {
    private var values: [Value?]

    package init() { values = Array(repeating: nil, count: Metric.allCases.count) }

    package subscript(metric: Metric) -> Value? {
        get { values[Int(metric.rawValue)] }
        _modify { yield &values[Int(metric.rawValue)] }
    }

    package var isEmpty: Bool { values.allSatisfy { $0 == nil } }

    /// What there is, in the order of the metrics.
    package var pairs: [(metric: Metric, value: Value)] {
        Metric.allCases.compactMap { metric in self[metric].map { (metric, $0) } }
    }
}

extension MetricMap: Equatable where Value: Equatable {}
extension MetricMap: Hashable where Value: Hashable {}
