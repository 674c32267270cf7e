import Policy
import Resources

extension PolicyReader {
    private enum NetworkWord: String, CaseIterable { case none, outbound }
    private enum NetworkKey: String, CaseIterable { case rate, allow }

    /// Whether guests may have a network, within which bounds.
    func network(_ value: YAMLValue) throws(ConfigurationError) -> OutboundNetwork? {
        guard !value.isScalar else { return try isNetworkAllowed(value) ? OutboundNetwork() : nil }
        let keys = try value.mapping(of: NetworkKey.self)
        var network = OutboundNetwork()
        if let rate = keys[.rate] { network.rate = try rate.quantity(OutboundNetwork.rates) }
        guard let allow = keys[.allow] else { return network }
        let entries = try allow.list()
        guard (1...OutboundNetwork.mostBlocks).contains(entries.count) else {
            throw allow.fault(
                "has \(entries.count) entries; name 1 to \(OutboundNetwork.mostBlocks) blocks of addresses, or leave it out")
        }
        for entry in entries { network.allow.append(try block(entry)) }
        return network
    }

    func isNetworkAllowed(_ value: YAMLValue) throws(ConfigurationError) -> Bool {
        try value.choice(of: NetworkWord.self) == .outbound
    }

    private func block(_ value: YAMLValue) throws(ConfigurationError) -> AddressBlock {
        let text = try value.string()
        do throws(TextError) { return try AddressBlock(text: text) } catch { throw value.fault("is wrong: \(error)") }
    }
}
