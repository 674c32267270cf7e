import Resources

/// What the enforcer watches on behalf of the owner.
package enum Resource: String, Hashable, Codable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    case cpu
    case memory
    /// Reading from and writing to disks.
    case disk

    package var description: String { rawValue }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// One value for each resource.
package struct PerResource<Value> {
    package var cpu: Value
    package var memory: Value
    package var disk: Value

    package init(cpu: Value, memory: Value, disk: Value) {
        self.cpu = cpu
        self.memory = memory
        self.disk = disk
    }

    package subscript(_ resource: Resource) -> Value {
        get {
            switch resource {
            case .cpu: cpu
            case .memory: memory
            case .disk: disk
            }
        }
        set {
            switch resource {
            case .cpu: cpu = newValue
            case .memory: memory = newValue
            case .disk: disk = newValue
            }
        }
    }
}

extension PerResource: Sendable where Value: Sendable {}
extension PerResource: Equatable where Value: Equatable {}
extension PerResource: Hashable where Value: Hashable {}

/// The share of a tick for which something of the owner's had to wait for a resource; `nil` where that is not known.
package typealias Pressure = PerResource<BasisPoints?>

extension Pressure {
    package static let unknown = Pressure(cpu: nil, memory: nil, disk: nil)

    /// For people: `cpu 12.5%, memory 0%`; empty where nothing is known.
    package var text: String {
        Resource.allCases.compactMap { resource in self[resource].map { "\(resource) \($0.text)" } }.joined(separator: ", ")
    }
}
