/// The policy files that come with the program, known by name.
package enum ShippedPolicy: String, CaseIterable, Sendable {
    /// Lends most of what the owner leaves idle, to everyone.
    case blade
    /// Lends nothing.
    case closed

    /// The file as it is in the repository, UTF-8.
    package var bytes: [UInt8] {
        switch self {
        case .blade: PackageResources.blade_yaml
        case .closed: PackageResources.closed_yaml
        }
    }
}
