internal import NIOCore

extension Endpoint {
    /// The first address that the host stands for. Blocks while a name is looked up.
    func resolved() throws(WireError) -> SocketAddress {
        do { return try SocketAddress.makeAddressResolvingHost(host, port: port) } catch {
            throw WireError("failed to look up '\(host)': no such host or address")
        }
    }
}
