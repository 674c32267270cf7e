import Policy
import Resources

extension PolicyReader {
    private enum DisputeKey: String, CaseIterable {
        case tolerance
        case dropAfter = "drop_after"
        case giveBackAfter = "give_back_after"
    }

    /// What stands for no time at all.
    static let never = "never"

    mutating func disputes(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping(of: DisputeKey.self)
        if let tolerance = keys[.tolerance] { draft.credit.disputes.tolerance = try tolerance.quantity(DisputeRule.tolerances) }
        if let span = keys[.dropAfter] { draft.credit.disputes.dropAfter = try silence(span) }
        if let span = keys[.giveBackAfter] { draft.credit.disputes.giveBackAfter = try silence(span) }
    }

    private func silence(_ value: YAMLValue) throws(ConfigurationError) -> Microseconds? {
        try value.string() == Self.never ? nil : try value.quantity(DisputeRule.spans)
    }
}
