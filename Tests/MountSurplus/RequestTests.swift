import Mounts
import Testing

@testable import mount_surplus

@Suite("What is asked of mount.surplus")
struct RequestTests {
    @Test("As mount(8) calls it for a line of fstab")
    func line() throws {
        let request = try MountRequest([
            "media", "/mnt/media", "-n", "-o", "rw,_netdev,nofail,x-systemd.automount,allow_other",
            "-o", "agent=/tmp/a.sock,log=/tmp/a.log",
        ])
        #expect(request.command.volume == "media" && request.command.directory == "/mnt/media")
        #expect(request.socket == "/tmp/a.sock" && request.log == "/tmp/a.log")
        #expect(request.command.options.access == .everybody)
    }

    @Test("Without options it asks the usual agent and writes to syslog")
    func usual() throws {
        let request = try MountRequest(["media", "/mnt/media"])
        #expect(request.log == nil && request.socket.hasPrefix("/"))
    }

    @Test(
        "What cannot be meant has status 1, and says what to write",
        arguments: [
            (["media"], "a volume and a directory are needed"), (["media", "/mnt", "more"], "too many words"),
            (["media", "/mnt", "-o", "ro,rw"], "contradicts"), (["media", "/mnt", "-o", "speed=1"], "agent, log"),
            (["media", "/mnt", "-o", "agent=agent.sock"], "no absolute path"), (["media", "/mnt", "-o", "log"], "has no value"),
            (["server:/media", "/mnt"], "surplus volume list"), (["media", "/mnt", "-t", "nfs"], "'nfs'"),
        ])
    func usage(arguments: [String], complaint: String) {
        let failure = #expect(throws: MountFailure.self) { try MountRequest(arguments) }
        #expect(failure?.status == .usage && failure?.description.contains(complaint) == true, "\(String(describing: failure))")
    }

    @Test("What is wrong with the command line has another status than what is wrong with the mount point")
    func statuses() {
        #expect(MountFailure(.usage("x")).status == .usage)
        #expect(MountFailure(.option("x", fault: "y", remedy: "z")).status == .usage)
        for error in [MountError.missing(directory: "/x"), .noDevice(reason: "none"), .inUse(directory: "/x")] {
            #expect(MountFailure(error).status == .failed)
        }
    }

    @Test("An agent that says where a home is must say all of it")
    func contact() {
        func contact(_ node: String, _ host: String, _ port: UInt32) -> HomeContact? {
            HomeContact(.with { ($0.home, $0.host, $0.port) = (node, host, port) })
        }
        let node = "nde_01jd3x9k3v8q2m7r5t6w8y0z1a"
        #expect(contact(node, "blade1", 7800)?.port == 7800)
        #expect(contact("blade1", "blade1", 7800) == nil)
        #expect(contact(node, "", 7800) == nil && contact(node, "blade1", 0) == nil && contact(node, "blade1", 65536) == nil)
    }
}
