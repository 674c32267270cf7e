import Resources

/// Where the machine's power comes from, as the kernel's power supply class tells.
package struct PowerSupply: Hashable, Sendable {
    /// A machine without a battery is on mains.
    package let isOnBattery: Bool
    /// Of all batteries together; `nil` without any.
    package let charge: BasisPoints?

    private static let directory = "/sys/class/power_supply"

    package init(kernel: any KernelCalls = LinuxKernel()) {
        var (mainsOnline, hasMains): (Bool, Bool) = (false, false)
        var charges: [Int64] = []
        var isDischarging = false
        for name in (try? kernel.entries(of: Self.directory)) ?? [] {
            func value(_ file: String) -> String? {
                (try? kernel.read("\(Self.directory)/\(name)/\(file)")).map { String($0.prefix { $0 != "\n" }) }
            }
            // The battery of a mouse says nothing about the machine.
            if value("scope") == "Device" { continue }
            switch value("type") {
            case "Mains", "USB":
                hasMains = true
                if value("online") == "1" { mainsOnline = true }
            case "Battery":
                if let percent = value("capacity").flatMap({ Int64($0) }) { charges.append(min(100, max(0, percent))) }
                if value("status") == "Discharging" { isDischarging = true }
            default: break
            }
        }
        isOnBattery = hasMains ? !mainsOnline && !charges.isEmpty : isDischarging
        charge = charges.isEmpty ? nil : .percent(charges.reduce(0, +) / Int64(charges.count))
    }
}
