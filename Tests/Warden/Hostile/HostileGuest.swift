import Resources
import Sandbox

/// A program that tries one thing which no guest may do, and what becomes of that.
struct HostileGuest: Sendable {
    /// Its name in `hostile.c`.
    var program: String
    var argument: @Sendable (Bait) -> String
    /// What it tries, in words.
    var tries: String
    var kind: Kind
    /// What stops it. With all of these away it succeeds; each of them alone stops it.
    var stoppedBy: [Mechanism]
    /// How the attempt ends: what the program is told, or why it is ended.
    var denial: String
    var holds = Holding()
    var course = Course.toItsEnd

    enum Kind: String, CaseIterable, Sendable {
        case spying = "looks into processes"
        case kernel = "reaches for rarely used kernel code"
        case namespaces = "makes itself a world of its own"
        case mounts = "mounts and changes roots"
        case sockets = "opens sockets"
        case machine = "learns about the machine"
        case files = "reaches for files"
        case devices = "reaches for devices"
        case privileges = "gains privileges"
        case disk = "fills the disk"
        case memory = "takes memory"
        case processes = "takes processes and their tables"
        case processors = "takes the processors"
        case staying = "stays"
    }

    /// Something that can be taken away by itself.
    enum Mechanism: Hashable, Sendable {
        case defence(Defence)
        case memoryLimit, processLimit, ceiling, leaseEnd, linksNotFollowed

        var text: String {
            switch self {
            case .defence(let defence): defence.rawValue
            case .memoryLimit: "memory limit of the control group"
            case .processLimit: "process limit of the control group"
            case .ceiling: "processor ceiling of the control group"
            case .linksNotFollowed: "taking files over without following links"
            case .leaseEnd: "end of the lease, by killing its control group"
            }
        }
    }

    /// What it is allowed.
    struct Holding: Sendable {
        var cpu: Millicores = 2000
        var processes = 64
        var output = Bytes.mebibytes(1)
        static let memory = Bytes.mebibytes(768)
        static let disk = Bytes.mebibytes(32)
    }

    enum Course: Sendable {
        /// It ends by itself: with status 0 when it has done what it tried.
        case toItsEnd
        /// It says that it has done it, and stays.
        case stays
        /// It says that it is there; asked to end, it says that it has not.
        case isAskedToEnd
        /// It does what it tried, but slower, as its group tells.
        case isHeldBack
        /// It leaves something for whoever takes its work directory over.
        case isTakenOver
    }
}

/// Things of the machine that guests look for.
struct Bait: Sendable {
    /// Where a server of the machine listens on the loopback address.
    var port: UInt16 = 0
    /// The abstract name of a socket on which one listens.
    var socket = ""
    /// A shared memory segment's key.
    var segment: Int32 = 0
    /// A process of the machine.
    var process: Int32 = 0
    var hostname = ""
    /// A file of another user.
    var file = ""
}

extension HostileGuest {
    /// The table for the page about lending safely.
    static func table(of guests: [HostileGuest]) -> String {
        let rows = guests.map { guest in
            let mechanisms = guest.stoppedBy.map(\.text).joined(separator: "; ")
            return "| \(guest.tries) | \(guest.kind.rawValue) | \(mechanisms) | \(guest.denial) |\n"
        }
        return "| guest | class | stopped by | what is seen |\n| --- | --- | --- | --- |\n" + rows.joined()
    }
}
