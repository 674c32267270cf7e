import Resources

/// A node that lends room to a volume, and where it is reached.
package struct StorePlace: Hashable, Sendable {
    package var condition: StoreCondition
    /// A name or an address.
    package var host: String
    package var port: Int

    package init(_ condition: StoreCondition, host: String, port: Int) {
        self.condition = condition
        self.host = host
        self.port = port
    }

    package var node: NodeID { condition.node }
}
