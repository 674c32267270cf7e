import CLinux
import Glibc
import Resources

/// Sockets of this machine: streams in the file system, whose descriptors are all non-blocking and closed on exec, and datagrams.
package enum UnixSocket {
    /// Who is at the other end, as the kernel saw it when the connection was made.
    package struct Peer: Hashable, Sendable {
        package var process: pid_t
        package var user: uid_t
        package var group: gid_t
    }

    /// Listens at `path`, taking over from a socket that a former process left there.
    ///
    /// - Parameter mode: Permission bits; whoever may write may connect.
    package static func listen(at path: String, mode: mode_t) throws(KernelError) -> Int32 {
        let descriptor = try open()
        do throws(KernelError) {
            unlink(path)
            try withAddress(of: path) { (address, length) throws(KernelError) in
                guard bind(descriptor, address, length) == 0 else { throw KernelError("bind \(path)", errno) }
            }
            guard chmod(path, mode) == 0 else { throw KernelError("set the permissions of \(path)", errno) }
            guard Glibc.listen(descriptor, 64) == 0 else { throw KernelError("listen at \(path)", errno) }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// - Throws: ``KernelError`` with `ENOENT` or `ECONNREFUSED` when nobody listens there.
    package static func connect(to path: String) throws(KernelError) -> Int32 {
        let descriptor = try open()
        do throws(KernelError) {
            try withAddress(of: path) { (address, length) throws(KernelError) in
                guard Glibc.connect(descriptor, address, length) == 0 else { throw KernelError("connect to \(path)", errno) }
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// The next waiting connection, `nil` when there is none.
    package static func accept(on listener: Int32) throws(KernelError) -> Int32? {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else {
            if [EAGAIN, EINTR, ECONNABORTED].contains(errno) { return nil }
            throw KernelError("accept a connection", errno)
        }
        try setFlags(of: descriptor)
        return descriptor
    }

    package static func peer(of descriptor: Int32) throws(KernelError) -> Peer {
        var credentials = surplus_peer_credentials()
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else {
            throw KernelError("ask who is connected", errno)
        }
        return Peer(process: credentials.pid, user: credentials.uid, group: credentials.gid)
    }

    /// Sends one datagram to the socket at `path`.
    ///
    /// - Parameter patience: How long to wait while the receiver's queue is full.
    package static func send(_ bytes: [UInt8], to path: String, within patience: Microseconds) throws(KernelError) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw KernelError("make a socket", errno) }
        defer { close(descriptor) }
        var wait = timeval(tv_sec: Int(patience.rawValue / 1_000_000), tv_usec: Int(patience.rawValue % 1_000_000))
        guard setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout.size(ofValue: wait))) == 0 else {
            throw KernelError("limit the time of sending", errno)
        }
        try withAddress(of: path) { (address, length) throws(KernelError) in
            guard sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length) == bytes.count else {
                throw KernelError("send to \(path)", errno)
            }
        }
    }

    private static func open() throws(KernelError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw KernelError("make a socket", errno) }
        try setFlags(of: descriptor)
        return descriptor
    }

    private static func setFlags(of descriptor: Int32) throws(KernelError) {
        guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            let fault = errno
            close(descriptor)
            throw KernelError("make a socket non-blocking", fault)
        }
    }

    /// Calls `body` with the socket address of `path`; `@name` stands for one without a file (an abstract one). A path beyond the
    /// 107 bytes that fit is reached through a descriptor of its directory.
    private static func withAddress(
        of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(KernelError) -> Void
    ) throws(KernelError) {
        var address = sockaddr_un()
        let room = MemoryLayout.size(ofValue: address.sun_path)
        var name = path
        let isAbstract = path.hasPrefix("@")
        var directory: Int32 = -1
        defer { if directory >= 0 { close(directory) } }
        if !isAbstract, path.utf8.count >= room, let slash = path.lastIndex(of: "/") {
            directory = Glibc.open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard directory >= 0 else { throw KernelError("open the directory of \(path)", errno) }
            name = "/proc/self/fd/\(directory)\(path[slash...])"
        }
        guard name.utf8.count < room else { throw KernelError("use \(path) as the name of a socket", ENAMETOOLONG) }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { space in
            space.copyBytes(from: name.utf8)
            if isAbstract { space[0] = 0 }
        }
        // zeros would be part of an abstract name
        let length = MemoryLayout<sockaddr_un>.size - (isAbstract ? room - name.utf8.count : 0)
        var failure: KernelError?
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                do throws(KernelError) { try body($0, socklen_t(length)) } catch { failure = error }
            }
        }
        if let failure { throw failure }
    }
}
