internal import Glibc
internal import NIOCore

extension Endpoint {
    /// The first address that the host stands for. Blocks while a name is looked up.
    func resolved() throws(WireError) -> SocketAddress {
        do { return try SocketAddress.makeAddressResolvingHost(host, port: port) } catch {
            throw WireError("failed to look up '\(host)': no such host or address")
        }
    }

    /// Tries to listen there, and stops at once.
    ///
    /// - Throws: ``WireError`` with the reason why a listener could not.
    package func checkFree() throws(WireError) {
        let address = try resolved()
        let descriptor = socket(Int32(address.protocol.rawValue), Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        let isFree = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) == 0 && listen(descriptor, 1) == 0 }
        guard isFree else { throw WireError("failed to listen on \(self): \(String(cString: strerror(errno)))") }
    }
}
