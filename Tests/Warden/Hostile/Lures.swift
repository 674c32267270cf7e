import Foundation
import Testing

/// Things on the machine that hostile guests would find if they could.
final class Lures: Sendable {
    let bait: Bait
    private let listeners: [Int32]
    private let segment: Int32
    private static let fileOwner: uid_t = 61_237

    /// - Parameter file: Where to make a file of another user.
    init(file: String) throws {
        let (server, port) = try Self.listenOnLoopback()
        let name = "surplus-hostile-\(getpid())"
        listeners = [server, try Self.listen(onAbstract: name)]
        let key = key_t(0x5000_0000 | getpid())
        segment = shmget(key, 4096, Int32(IPC_CREAT) | 0o666)
        try #require(segment >= 0)
        bait = Bait(
            port: port, socket: name, segment: key, process: getpid(), hostname: ProcessInfo.processInfo.hostName, file: file)
        try "a lure".write(toFile: file, atomically: false, encoding: .utf8)
        try #require(chown(file, Self.fileOwner, gid_t.max) == 0)
    }

    var fileHasItsOwner: Bool {
        var status = stat()
        return stat(bait.file, &status) == 0 && status.st_uid == Self.fileOwner
    }

    func close() {
        for listener in listeners { Glibc.close(listener) }
        shmctl(segment, Int32(IPC_RMID), nil)
    }

    private static func listenOnLoopback() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 8) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private static func listen(onAbstract name: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
        let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(start + 1 + name.utf8.count)) == 0 && Glibc.listen(descriptor, 8) == 0
            }
        }
        try #require(isBound)
        return descriptor
    }
}
