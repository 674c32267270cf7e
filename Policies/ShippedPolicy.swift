/// The policy files that come with the program, known by name.
package enum ShippedPolicy: String, CaseIterable, Sendable {
    /// Lends most of what the owner leaves idle, to everyone.
    case blade
    /// Lends only while nobody works at the machine.
    case workstation
    /// Lends at night and on weekends, at prices that follow scarcity.
    case renderFarm = "render-farm"
    /// Lends nothing.
    case closed

    /// The file as it is in the repository, UTF-8.
    package var bytes: [UInt8] {
        switch self {
        case .blade: PackageResources.blade_yaml
        case .workstation: PackageResources.workstation_yaml
        case .renderFarm: PackageResources.render_farm_yaml
        case .closed: PackageResources.closed_yaml
        }
    }
}
