import Policy
import Resources

extension PolicyReader {
    private enum DecayKey: String, CaseIterable { case rate, idle }

    /// `never`, a rate, or a rate with the time after which credits count as idle.
    func decay(_ value: YAMLValue) throws(ConfigurationError) -> DecayRule? {
        if value.isScalar {
            if let word = try? value.string(), word == "never" { return nil }
            return DecayRule(rate: try value.quantity(DecayRule.rates))
        }
        let keys = try value.mapping(of: DecayKey.self)
        guard let rate = keys[.rate] else {
            throw value.fault(
                "has no 'rate': the part of idle credits that is lost, such as 2%; for nothing at all write 'never'")
        }
        var rule = DecayRule(rate: try rate.quantity(DecayRule.rates))
        if let idle = keys[.idle] { rule.idle = try idle.quantity(DecayRule.spans) }
        return rule
    }
}
