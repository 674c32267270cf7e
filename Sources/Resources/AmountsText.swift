extension Amounts {
    /// `1.5 cores and 512 MiB`; only what there is.
    package var text: String {
        if memory == .zero { return cpu.text }
        return cpu == .zero ? memory.text : "\(cpu.text) and \(memory.text)"
    }
}

extension CoreMicroseconds {
    /// As processing time: `12.34 core-s`.
    package var text: String { "\(Decimal.text(rawValue / 10_000, unit: 100)) core-s" }
}

extension MiBSeconds {
    /// As memory held over time: `64 MiB-s`, `1.5 GiB-h`.
    package var text: String {
        let perHour: Int64 = 1024 * 3600
        guard rawValue.magnitude >= perHour / 100 else { return "\(rawValue) MiB-s" }
        return "\(Decimal.text(scaled(by: 100, over: perHour).rawValue, unit: 100)) GiB-h"
    }
}
