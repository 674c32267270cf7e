import ArgumentParser
import Foundation
import Kernel

/// The owner's service: nginx, in the owner's control group.
final class WebService {
    let port: UInt16
    let cores: Int
    private let directory: String
    private let process: Process
    private let status: HTTPConnection

    init(of node: OwnedNode, cores: Int) throws {
        let directory = NSTemporaryDirectory() + "/surplus-web-\(getpid())"
        (self.directory, port, self.cores) = (directory, try ListenerPorts.free(), cores)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        chmod(directory, 0o755)
        let words = (0..<4000).map { "word\($0 &* 2_654_435_761 % 9973) " }.joined()
        try words.write(toFile: directory + "/page.txt", atomically: false, encoding: .utf8)
        let settings = """
            daemon off; worker_processes \(cores); pid \(directory)/pid; error_log \(directory)/errors;
            events { worker_connections 1024; }
            http {
              access_log off; keepalive_requests 100000000; keepalive_timeout 1h; gzip on; gzip_types text/plain; gzip_comp_level 6;
              \(["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(directory);" }.joined(separator: " "))
              server {
                listen 127.0.0.1:\(port); root \(directory); default_type text/plain;
                location = /small { gzip off; return 200 "\(String(repeating: "x", count: 512))"; }
                location = /status { gzip off; stub_status; }
              }
            }
            """
        try settings.write(toFile: directory + "/nginx.conf", atomically: false, encoding: .utf8)
        process = node.owners(["/usr/sbin/nginx", "-e", directory + "/errors", "-c", directory + "/nginx.conf"])
        try process.run()
        status = try HTTPConnection.connect(to: port, within: 10)
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Requests that were answered so far.
    func requests() throws -> Double {
        let text = try status.get("/status")
        guard let match = text.firstMatch(of: /requests\s+[0-9]+ [0-9]+ ([0-9]+)/), let count = Double(match.1) else {
            throw ValidationError("nginx says '\(text)'")
        }
        return count
    }

    /// A load that asks again as soon as it was answered, for so many seconds; of the owner's, too.
    func closedLoad(by node: OwnedNode, seconds: Int) throws -> Process {
        let load = node.owners([
            "/usr/bin/wrk", "--threads", "1", "--connections", "16", "--duration", "\(seconds)s",
            "http://127.0.0.1:\(port)/small",
        ])
        load.standardOutput = FileHandle.nullDevice
        try load.run()
        return load
    }
}

/// A connection to a server on this machine.
final class HTTPConnection {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    private static func address(of port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    /// A connected socket; negative when nobody listens.
    static func open(_ port: UInt16) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = address(of: port)
        let isConnected = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        guard !isConnected else { return descriptor }
        close(descriptor)
        return -1
    }

    static func connect(to port: UInt16, within seconds: Double) throws -> HTTPConnection {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while Date() < deadline {
            if case let descriptor = open(port), descriptor >= 0 { return HTTPConnection(descriptor) }
            usleep(20_000)
        }
        throw ValidationError("nobody listens on port \(port)")
    }

    static func request(_ path: String) -> [UInt8] {
        Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".utf8)
    }

    /// A short page as text, with its headers.
    func get(_ path: String) throws -> String {
        let request = Self.request(path)
        guard write(descriptor, request, request.count) == request.count else { throw ValidationError("nginx is gone") }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { throw ValidationError("nginx is gone") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
