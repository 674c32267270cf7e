import Glibc

/// Where on 127.0.0.1 a listener can be put that is to be found at the same port again after a restart.
package enum ListenerPorts {
    private static let range = "/proc/sys/net/ipv4/ip_local_port_range"
    /// Below are the ports that services are known by.
    private static let lowest: UInt16 = 10_000

    /// TCP ports that nobody uses now, all different.
    ///
    /// None of them is one that the kernel gives to outgoing connections (`ip_local_port_range`, see ip(7)), as it would with a
    /// port that was bound as 0: such a port can be lost to a connection whenever nobody listens there.
    ///
    /// - Throws: ``KernelError`` when there are not so many.
    package static func free(_ count: Int, kernel: any KernelCalls = LinuxKernel()) throws(KernelError) -> [UInt16] {
        let candidates = candidates(besides: outgoing(kernel))
        // Each search starts elsewhere: one beside this one does not find what this one is about to use.
        let start = Int.random(in: candidates.indices)
        var sockets: [Int32] = []
        // All are held until the last is found, so that none comes twice.
        defer { for socket in sockets { close(socket) } }
        var ports: [UInt16] = []
        for port in candidates[start...] + candidates[..<start] where ports.count < count {
            guard let socket = try bound(to: port) else { continue }
            sockets.append(socket)
            ports.append(port)
        }
        guard ports.count == count else { throw KernelError("find \(count) free ports on 127.0.0.1", EADDRINUSE) }
        return ports
    }

    /// One such port.
    package static func free() throws(KernelError) -> UInt16 { try free(1)[0] }

    /// All that are not `outgoing`; where that leaves none, all.
    static func candidates(besides outgoing: ClosedRange<UInt16>) -> [UInt16] {
        let all = lowest...UInt16.max
        let others = all.filter { !outgoing.contains($0) }
        return others.isEmpty ? Array(all) : others
    }

    /// What the kernel gives to outgoing connections; where it does not say, what it gives unless told otherwise.
    private static func outgoing(_ kernel: any KernelCalls) -> ClosedRange<UInt16> {
        let bounds = (try? kernel.read(range))?.split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) } ?? []
        guard bounds.count == 2, bounds[0] <= bounds[1] else { return 32_768...60_999 }
        return bounds[0]...bounds[1]
    }

    /// A socket that has the port; `nil`: somebody else has.
    private static func bound(to port: UInt16) throws(KernelError) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw KernelError("make a socket", errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? 0 : errno
            }
        }
        guard code != 0 else { return descriptor }
        close(descriptor)
        guard code == EADDRINUSE || code == EACCES else { throw KernelError("bind 127.0.0.1:\(port)", code) }
        return nil
    }
}
