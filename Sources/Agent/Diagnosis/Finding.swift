import Wire

/// One thing that was looked at: what was found, and what to do about it.
package struct Finding: Hashable, Codable, Sendable {
    package enum Area: String, Hashable, Codable, Sendable {
        case agent, configuration, privileges, kernel, clock, disk, certificates, peers, volumes
    }

    package enum Severity: String, Hashable, Codable, Sendable {
        /// As it should be.
        case fine
        /// Worth knowing; nothing has to be done.
        case note
        /// It works, but not as well or as long as it should.
        case warning
        /// Something does not work.
        case fault
    }

    package let area: Area
    /// Of the check.
    package let name: String
    package let severity: Severity
    /// One sentence without a full stop, with the reading.
    package let finding: String
    /// What to do about it; `nil` when nothing has to be done.
    package let remedy: String?

    static func fine(_ area: Area, _ name: String, _ finding: String) -> Finding {
        Finding(area: area, name: name, severity: .fine, finding: finding, remedy: nil)
    }

    static func note(_ area: Area, _ name: String, _ finding: String) -> Finding {
        Finding(area: area, name: name, severity: .note, finding: finding, remedy: nil)
    }

    static func warning(_ area: Area, _ name: String, _ finding: String, remedy: String) -> Finding {
        Finding(area: area, name: name, severity: .warning, finding: finding, remedy: remedy)
    }

    static func fault(_ area: Area, _ name: String, _ finding: String, remedy: String) -> Finding {
        Finding(area: area, name: name, severity: .fault, finding: finding, remedy: remedy)
    }
}

extension Surplus_V1_Finding {
    init(_ finding: Finding) {
        self = .with {
            $0.area = finding.area.rawValue
            $0.name = finding.name
            $0.severity = finding.severity.rawValue
            $0.finding = finding.finding
            $0.remedy = finding.remedy ?? ""
        }
    }
}
