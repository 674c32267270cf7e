import Foundation
import Kernel
import Testing

@testable import Sandbox

/// Three machines made of network namespaces: an owner's, another in the owner's private net, and one that stands for the world.
/// Nothing that is sent leaves them.
final class NetworkRig: Sendable {
    enum Place: String, CaseIterable, Sendable {
        case owner, neighbour, world

        var ports: [String] {
            switch self {
            case .owner, .neighbour: ["81"]
            case .world: ["80", "25", "82"]
            }
        }
    }

    static let world = "45.0.0.1"
    static let ownPublic = "45.0.0.2"
    static let ownPrivate = "192.168.77.2"
    static let neighbour = "192.168.77.1"
    static let metadata = "169.254.169.254"
    /// What is sent to the bulk port, and then received from it, in bytes.
    static let bulk = 1 << 20

    let directory: String
    private let holders: [Place: pid_t]

    /// Each place is held by the server that answers in it.
    init() throws {
        var template = Array("/tmp/surplus-net-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        chmod(directory, 0o711)
        let server = directory + "/server.pl"
        try Self.server.write(toFile: server, atomically: false, encoding: .utf8)
        try "nameserver \(Self.world)\n".write(toFile: directory + "/resolv.conf", atomically: false, encoding: .utf8)
        var holders: [Place: pid_t] = [:]
        for place in Place.allCases {
            let sign = try Descriptor.pipe()
            holders[place] = try ChildProcess.start(
                ["/usr/bin/unshare", "--net", "/usr/bin/perl", server, place.rawValue] + place.ports, output: sign.writing,
                errors: STDERR_FILENO)
            close(sign.writing)
            // it closes its output when it listens
            #expect(try Descriptor.read(sign.reading, atMost: 1, of: "a server's sign") == [])
            close(sign.reading)
        }
        self.holders = holders
        try connect()
    }

    deinit {
        for holder in holders.values {
            kill(holder, SIGKILL)
            waitpid(holder, nil, 0)
        }
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func namespace(_ place: Place) -> String { "/proc/\(holders[place] ?? 0)/ns/net" }

    private func connect() throws {
        let pids = holders.mapValues(String.init)
        try run(
            in: .owner,
            """
            set -e
            ip link add lan type veth peer name eth0 netns \(pids[.neighbour] ?? "")
            ip link add wan type veth peer name eth0 netns \(pids[.world] ?? "")
            ip link set lo up; ip link set lan up; ip link set wan up
            ip addr add \(Self.ownPrivate)/24 dev lan; ip addr add \(Self.ownPublic)/24 dev wan
            ip route add default via \(Self.world)
            """)
        try run(in: .neighbour, "ip link set lo up; ip link set eth0 up; ip addr add \(Self.neighbour)/24 dev eth0")
        try run(
            in: .world,
            """
            set -e
            ip link set lo up; ip link set eth0 up; ip addr add \(Self.world)/24 dev eth0; ip addr add \(Self.metadata)/32 dev lo
            """)
    }

    private func run(in place: Place, _ script: String) throws {
        try #require(try status(of: script, in: place) == 0, "the rig cannot be made: is iproute2 installed?")
    }

    /// Runs a script in one of the places; its status.
    func status(of script: String, in place: Place) throws -> Int32 {
        let process = try ChildProcess.start(
            ["/usr/bin/nsenter", "--net=\(namespace(place))", "/bin/bash", "-c", script], errors: STDERR_FILENO)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        return status
    }

    /// The beginning of a command line that runs what follows on the owner's machine, whose devices are as they should be.
    ///
    /// - Parameter hidden: Programs that are missing there.
    func onOwners(hiding hidden: [String] = []) -> [String] {
        let hiding = hidden.map { " && mount --bind /dev/null \($0)" }.joined()
        let script =
            "mount -t tmpfs tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200 "
            + "&& mount --bind \(directory)/resolv.conf /etc/resolv.conf\(hiding) && exec \"$@\""
        return [
            "/usr/bin/nsenter", "--net=\(namespace(.owner))", "/usr/bin/unshare", "--mount", "--propagation", "private",
            "/bin/sh", "-c", script, "sh",
        ]
    }

    /// Answers with its name; takes much and gives as much on port 82; answers questions for names with its own.
    private static let server = """
        use IO::Socket::INET;
        use IO::Select;
        my ($name, @ports) = @ARGV;
        $SIG{CHLD} = 'IGNORE';
        my %doors = map { $_ => IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => $_, Listen => 8) || die $! } @ports;
        my $questions = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => 53, Proto => 'udp') || die $!;
        close STDOUT;
        my $all = IO::Select->new(values %doors, $questions);
        while (1) {
            for my $ready ($all->can_read) {
                if ($ready == $questions) {
                    $questions->recv(my $question, 512);
                    $questions->send($name);
                    next;
                }
                my $caller = $ready->accept or next;
                if (!fork) {
                    if ($ready->sockport == 82) {
                        my ($left, $part) = (\(bulk));
                        while ($left > 0 && sysread($caller, $part, 65536)) { $left -= length $part }
                        print $caller 'x' x \(bulk);
                    } else {
                        print $caller $name;
                    }
                    close $caller;
                    exit;
                }
                close $caller;
            }
        }
        """
}
