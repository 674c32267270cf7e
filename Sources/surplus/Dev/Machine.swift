import Glibc
import Resources

/// What is asked of the machine when a pool is set up on it.
enum Machine {
    /// An even share of the processors for each of `count` nodes, and half of an even share of the memory, and of what is free on the
    /// file system of a directory: the nodes are to lend, not to fight with whatever else is running.
    static func share(of count: Int, diskOf directory: String) -> Amounts {
        let cores = Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let memory = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        return Amounts(
            cpu: Millicores(cores * 1000 / Int64(count)), memory: .mebibytes(memory / Int64(2 * count) / 1_048_576),
            disk: .mebibytes(max(64, free(in: directory) / Int64(2 * count) / 1_048_576)))
    }

    private static func free(in directory: String) -> Int64 {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return 0 }
        return Int64(clamping: status.f_bavail) * Int64(clamping: status.f_frsize)
    }

    /// TCP ports on 127.0.0.1 that nobody uses, all different.
    static func freePorts(_ count: Int) throws(Failure) -> [UInt16] {
        var sockets: [Int32] = []
        // All are held until the last is found, so that none comes twice.
        defer { for socket in sockets { close(socket) } }
        var ports: [UInt16] = []
        for _ in 0..<count {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw Failure("socket", errno: errno) }
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0 ? 0 : errno
                }
            }
            guard code == 0 else { throw Failure("127.0.0.1", errno: code) }
            ports.append(UInt16(bigEndian: address.sin_port))
        }
        return ports
    }

    /// A program that belongs to this one: beside it, else on the PATH.
    static func program(_ name: String) throws(Failure) -> String {
        let own = Paths.real("/proc/self/exe").map { String($0[..<($0.lastIndex(of: "/") ?? $0.endIndex)]) }
        let directories = [own].compactMap { $0 } + (Terminal.variable("PATH") ?? "").split(separator: ":").map(String.init)
        for directory in directories where access("\(directory)/\(name)", X_OK) == 0 { return "\(directory)/\(name)" }
        throw Failure(
            object: name, fault: "neither beside this program nor on the PATH",
            remedy: "'swift build' makes it, or install it there")
    }
}
