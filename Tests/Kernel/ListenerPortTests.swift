import Glibc
import TestKit
import Testing

@testable import Kernel

@Suite("Ports for listeners")
struct ListenerPortTests {
    private static let range = "/proc/sys/net/ipv4/ip_local_port_range"

    @Test("They are different, and none is one that the kernel gives to outgoing connections")
    func apart() throws {
        let bounds = try LinuxKernel().read(Self.range).split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
        try #require(bounds.count == 2)
        let ports = try ListenerPorts.free(50)
        #expect(Set(ports).count == 50)
        #expect(ports.allSatisfy { !(bounds[0]...bounds[1]).contains($0) })
    }

    @Test("One that somebody has is not among them; too few are an error that says how many were wanted")
    func taken() {
        let kernel = PaperKernel([Self.range: "10001\t65535\n"])
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), UInt16(10_000).bigEndian)
        // Fails where somebody else has it: taken it is either way.
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(throws: KernelError("find 1 free ports on 127.0.0.1", EADDRINUSE)) { try ListenerPorts.free(1, kernel: kernel) }
    }

    @Test(
        "A kernel that gives all ports to outgoing connections leaves a choice among all; one that says nothing gives the usual")
    func ranges() throws {
        #expect(ListenerPorts.candidates(besides: 1024...65_535) == Array(10_000...65_535))
        #expect(ListenerPorts.candidates(besides: 32_768...60_999) == Array(10_000...32_767) + Array(61_000...65_535))
        for text in ["nonsense", "9 1\n", "1\n"] {
            let ports = try ListenerPorts.free(50, kernel: PaperKernel([Self.range: text]))
            #expect(ports.allSatisfy { !(32_768...60_999).contains($0) })
        }
    }
}
