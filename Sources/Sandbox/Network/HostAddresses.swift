import Glibc
import Kernel
import Resources

enum HostAddresses {
    /// The IPv4 addresses that this machine has now, on whatever interface.
    ///
    /// - Throws: ``KernelError``: who does not know them cannot keep guests away from them.
    static func current() throws(KernelError) -> [AddressBlock] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { throw KernelError("list the addresses of this machine", errno) }
        defer { freeifaddrs(first) }
        return sequence(first: first, next: { $0?.pointee.ifa_next }).compactMap { entry in
            guard let address = entry?.pointee.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                AddressBlock(address: UInt32(bigEndian: $0.pointee.sin_addr.s_addr), length: 32)
            }
        }
    }
}
