import FoundationEssentials
import Glibc
import Synchronization
import Testing
import Wire

@Suite("A page over HTTP")
struct PageListenerTests {
    /// Serves a page that repeats what the reader accepts.
    private func serving<Result: Sendable>(_ body: @Sendable @escaping (Int) throws -> Result) async throws -> Result {
        let listener = PageListener(on: Endpoint(host: "127.0.0.1", port: 0), path: "/metrics") {
            HTTPPage(contentType: "text/x-test", body: "accepts \($0)\n")
        }
        let (ports, isUp) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run { isUp.yield($0.port) } }
            defer { group.cancelAll() }
            for await port in ports {
                return try await withCheckedThrowingContinuation { continuation in
                    Thread.start { continuation.resume(with: .init { try body(port) }) }
                }
            }
            throw CancellationError()
        }
    }

    /// Starts threads for what blocks.
    private enum Thread {
        static func start(_ body: @escaping @Sendable () -> Void) {
            var thread = pthread_t()
            let context = Unmanaged.passRetained(Box(body))
            pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                    return nil
                }, context.toOpaque())
            pthread_detach(thread)
        }

        private final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
    }

    /// Sends `text` and reads until the other side closes.
    private static func ask(_ port: Int, _ text: String) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
        _ = send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { answer += buffer[..<count] }
        return String(decoding: answer, as: UTF8.self)
    }

    @Test("GET brings the page with its type and length, told what the reader accepts; the connection is closed then")
    func get() async throws {
        let answer = try await serving {
            try Self.ask($0, "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nAccept: text/a\r\nAccept: b\r\n\r\n")
        }
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("Content-Type: text/x-test\r\n"))
        #expect(answer.contains("Content-Length: 17\r\n"))
        #expect(answer.hasSuffix("\r\n\r\naccepts text/a,b\n"))
    }

    @Test("HEAD brings the same without the page")
    func head() async throws {
        let answer = try await serving { try Self.ask($0, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(answer.contains("Content-Length: 9\r\n") && answer.hasSuffix("\r\n\r\n"))
    }

    @Test(
        "Anything else is refused, and garbage is cut off",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "404"),
            ("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "405"),
            ("DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "405"), ("\u{0}\u{1}garbage\r\n\r\n", "400"),
            ("GET /metrics HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 200_000))\r\n\r\n", "400"),
        ])
    func refused(request: String, status: String) async throws {
        let answer = try await serving { try Self.ask($0, request) }
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 \(status)") || answer.hasPrefix("HTTP/1.0 \(status)"), "\(answer)")
    }

    @Test("A port that somebody has is an error that says so")
    func taken() async throws {
        let listener = PageListener(on: Endpoint(host: "127.0.0.1", port: 0), path: "/") { _ in
            HTTPPage(contentType: "", body: "")
        }
        let (ports, isUp) = AsyncStream.makeStream(of: Int.self)
        let serving = Task { try await listener.run { isUp.yield($0.port) } }
        defer { serving.cancel() }
        for await port in ports {
            let other = PageListener(on: Endpoint(host: "127.0.0.1", port: port), path: "/") { _ in
                HTTPPage(contentType: "", body: "")
            }
            let error = await #expect(throws: WireError.self) { try await other.run { _ in } }
            #expect(error?.description.contains("failed to listen on 127.0.0.1:\(port)") == true)
            #expect(error?.description.contains("in use") == true, "\(error?.description ?? "")")
            break
        }
    }
}
