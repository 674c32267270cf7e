import Glibc
import Kernel
import Resources
import Sandbox

/// The command line of `surplus-warden`. Read by hand: a parser library would make the smallest program of all, of which one
/// runs for each job, several times as large.
package enum WardenArguments: Hashable, Sendable {
    case serve(WardenConfiguration)
    case clean(WardenConfiguration)
    /// What follows the word `shim`.
    case shim([String])
    case help
    case version

    /// What is wrong with a command line, and what to write instead.
    package struct Misused: Error, Hashable, Sendable, CustomStringConvertible {
        package var description: String
    }

    package static let usage = """
        surplus-warden: keeps guests within what the owner of this machine allows.

        Usage: surplus-warden --socket PATH --state DIR [--instance NAME] [options]
               surplus-warden --clean DIR [--instance NAME] [options]

          --socket PATH         where the agent reaches it
          --state DIR           its directory; made if missing
          --instance NAME       tells wardens on one machine apart (default: default)
          --agent-uid USER      the user whose agent may give orders, by number or name (default: who starts it)
          --unprivileged        without root: guests run in the sandbox, but limits are not enforced
          --cgroup-parent PATH  the control group to hold guests below (default: the warden's own)
          --dry-run             says what it would take from guests for the owner, and takes nothing: to try thresholds
          --uid-base N          guests run as users from N on (default: by instance, from 1610612736 on)
          --disk-per-job MIB    what one job may keep on disk (default: 4096); never more than half of what is free
          --image NAME=DIR      jobs may run in the root file system or unpacked OCI bundle in DIR; can be repeated
          --clean DIR           ends the guests of a warden that is gone, and deletes its directory
          --version, --help

        Examples:
          surplus-warden --socket /run/surplus/warden.sock --state /var/lib/surplus-warden --agent-uid 998
          surplus-warden --clean /var/lib/surplus-warden

        It stops on SIGTERM; guests go on running and are found again at the next start. On SIGHUP it tests again whether limits
        bite and programs can be run, as it does by itself every 30 s while they do not.

        """

    package init(_ arguments: [String]) throws(Misused) {
        if arguments.first == "shim" {
            self = .shim(Array(arguments.dropFirst()))
            return
        }
        var values: [String: String] = [:]
        var images: [String: String] = [:]
        var rest = arguments[...]
        while let word = rest.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch parts[0] {
            case "--help", "-h":
                self = .help
                return
            case "--version":
                self = .version
                return
            case "--image":
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                    throw Misused(description: "--image needs a value")
                }
                try Self.add(value, to: &images)
            case "--unprivileged" where parts.count == 1, "--dry-run" where parts.count == 1: values[word] = ""
            case "--socket", "--state", "--instance", "--agent-uid", "--cgroup-parent", "--uid-base", "--disk-per-job", "--clean":
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
                    throw Misused(description: "\(parts[0]) needs a value")
                }
                guard values.updateValue(value, forKey: parts[0]) == nil else {
                    throw Misused(description: "\(parts[0]) is given twice")
                }
            default: throw Misused(description: "unknown option '\(word)'")
            }
        }
        self = try Self.command(values, images)
    }

    private static func add(_ text: String, to images: inout [String: String]) throws(Misused) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, WardenConfiguration.accepts(instance: parts[0]), parts[1].hasPrefix("/") else {
            throw Misused(description: "--image wants NAME=DIR, such as debian=/srv/images/debian, not '\(text)'")
        }
        guard images.updateValue(parts[1], forKey: parts[0]) == nil else {
            throw Misused(description: "--image \(parts[0]) is given twice")
        }
    }

    private static func command(_ values: [String: String], _ images: [String: String]) throws(Misused) -> Self {
        let isCleaning = values["--clean"] != nil
        guard !isCleaning || values["--state"] == nil && values["--socket"] == nil else {
            throw Misused(description: "--clean goes with neither --state nor --socket")
        }
        guard let state = values["--clean"] ?? values["--state"] else { throw Misused(description: "--state is missing") }
        guard let socket = isCleaning ? "" : values["--socket"] else { throw Misused(description: "--socket is missing") }
        let instance = values["--instance"] ?? "default"
        guard WardenConfiguration.accepts(instance: instance) else {
            throw Misused(
                description: "'\(instance)' is no name for an instance: use letters, digits, '-', '_' and '.', at most 64")
        }
        let parent = values["--cgroup-parent"]
        guard parent?.hasPrefix("/") != false, parent?.split(separator: "/").contains("..") != true else {
            throw Misused(description: "--cgroup-parent wants an absolute path without '..'")
        }
        var configuration = WardenConfiguration(
            socket: absolute(socket), state: absolute(state), instance: instance,
            agent: try agent(values["--agent-uid"]) ?? getuid(), isPrivileged: values["--unprivileged"] == nil,
            parent: parent, firstGuestUser: try user(values["--uid-base"], "--uid-base", from: 1),
            diskPerJob: try disk(values["--disk-per-job"]) ?? .gibibytes(4))
        configuration.isDryRun = values["--dry-run"] != nil
        configuration.images = images
        return isCleaning ? .clean(configuration) : .serve(configuration)
    }

    /// By name, as long as it is not a number.
    private static func agent(_ text: String?) throws(Misused) -> uid_t? {
        guard let text, Int(text) == nil else { return try user(text, "--agent-uid") }
        guard let entry = getpwnam(text) else { throw Misused(description: "--agent-uid: there is no user '\(text)' here") }
        return entry.pointee.pw_uid
    }

    private static func user(_ text: String?, _ option: String, from lowest: uid_t = 0) throws(Misused) -> uid_t? {
        guard let text else { return nil }
        let highest = uid_t.max - uid_t(WardenLimits.jobs) - 1
        guard let number = uid_t(text), number >= lowest, number <= highest else {
            throw Misused(description: "\(option) wants a number from \(lowest) to \(highest), not '\(text)'")
        }
        return number
    }

    private static func disk(_ text: String?) throws(Misused) -> Bytes? {
        guard let text else { return nil }
        guard let number = Int64(text), 1...1 << 24 ~= number else {
            throw Misused(description: "--disk-per-job wants a number of MiB from 1 to \(1 << 24), not '\(text)'")
        }
        return .mebibytes(number)
    }

    /// Shims are told where their job is, and run elsewhere.
    private static func absolute(_ path: String) -> String {
        guard !path.isEmpty, !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return "\(String(cString: here))/\(path)"
    }
}
