import Reclaim
import Resources
import Wire

/// How a running job fares on its lender: what the owner leaves it, and what it uses.
struct JobStanding: Hashable, Sendable {
    var rung: Rung
    /// Why it has less than its lease says; empty while it has all of it.
    var reason: String
    /// What everything under its lease uses.
    var using: Amounts

    /// Whether somebody who follows the job would want to know.
    func isNews(after other: JobStanding?) -> Bool {
        // what is not known is taken for all of the lease
        (other?.rung ?? .shaped, other?.reason ?? "") != (rung, reason)
    }
}

// MARK: - As it travels

extension JobStanding {
    /// - Throws: when a lender says what cannot be, or of a rung that is not known here.
    init(_ wire: Surplus_V1_JobStanding) throws(FieldError) {
        guard let rung = Rung.allCases.first(where: { $0.description == wire.rung }) else {
            throw FieldError("rung", "is '\(wire.rung.prefix(32))', which is not known here")
        }
        self.rung = rung
        reason = try Field.text(wire.reason, atMost: 4096, "reason")
        using = try Amounts(wire.using, "using")
    }
}

extension Surplus_V1_JobStanding {
    init(_ standing: JobStanding) {
        self = .with {
            $0.rung = standing.rung.description
            $0.reason = standing.reason
            $0.using = Surplus_V1_Amounts(standing.using)
        }
    }
}
