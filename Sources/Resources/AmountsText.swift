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
