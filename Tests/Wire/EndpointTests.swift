import Testing
import Wire

@Suite("Endpoints")
struct EndpointTests {
    @Test(
        "Hosts, IPv4 and IPv6 addresses are read and written alike",
        arguments: ["blade-1:7441", "127.0.0.1:0", "[::1]:65535", "node.example.org:1"])
    func accepted(text: String) { #expect(Endpoint(text)?.description == text) }

    @Test(
        "What names no endpoint is refused",
        arguments: [
            "", "host", "host:", ":1", "::1:5", "host:65536", "host:-1", "host:1x", "[]:1", "a b:1", "a/b:1", "user@host:1",
        ])
    func refused(text: String) { #expect(Endpoint(text) == nil) }
}
