extension Amounts {
    /// `1.5 cores and 512 MiB`, `20 GiB of disk`; only what there is.
    package var text: String {
        let parts = [
            cpu == .zero ? nil : cpu.text, memory == .zero ? nil : memory.text, disk == .zero ? nil : "\(disk.text) of disk",
        ].compactMap(\.self)
        return parts.isEmpty ? cpu.text : parts.listed
    }

    /// The options of the command line that ask for such amounts.
    package var options: String { disk == .zero ? "--cpu or --memory" : "--disk" }
}

extension CoreMicroseconds {
    /// As processing time, exactly: `12.345678 core-s`.
    package var text: String { "\(Decimal.text(rawValue, unit: 1_000_000)) core-s" }
}

extension MiBSeconds {
    /// As memory held over time, exactly: `1.5 GiB-h` where two digits behind the point are enough, `64 MiB-s` where they are not.
    package var text: String {
        let hundredth: Int64 = 1024 * 3600 / 100
        guard rawValue != 0, rawValue.isMultiple(of: hundredth) else { return "\(rawValue) MiB-s" }
        return "\(Decimal.text(rawValue / hundredth, unit: 100)) GiB-h"
    }
}

extension Usage {
    /// Exactly, and only what there is: `12.5 core-s and 64 MiB-s`, `480 GiB-h of disk`, `nothing`.
    package var text: String {
        let parts = [
            cpu == .zero ? nil : cpu.text, memory == .zero ? nil : memory.text, disk == .zero ? nil : "\(disk.text) of disk",
        ].compactMap(\.self)
        return parts.isEmpty ? "nothing" : parts.listed
    }
}

extension [String] {
    /// `a`, `a and b`, `a, b and c`.
    package var listed: String {
        guard let last, count > 1 else { return first ?? "" }
        return "\(dropLast().joined(separator: ", ")) and \(last)"
    }
}
