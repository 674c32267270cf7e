import Glibc
import Resources

/// What is asked of the machine when a pool is set up on it.
enum Machine {
    /// An even share of the processors for each of `count` nodes, and half of an even share of the memory, and of what is free on the
    /// file system of a directory: the nodes are to lend, not to fight with whatever else is running.
    static func share(of count: Int, diskOf directory: String) -> Amounts {
        let cores = Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let memory = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        return Amounts(
            cpu: Millicores(cores * 1000 / Int64(count)), memory: .mebibytes(memory / Int64(2 * count) / 1_048_576),
            disk: .mebibytes(max(64, free(in: directory) / Int64(2 * count) / 1_048_576)))
    }

    private static func free(in directory: String) -> Int64 {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return 0 }
        return Int64(clamping: status.f_bavail) * Int64(clamping: status.f_frsize)
    }

    /// A program that belongs to this one: beside it, else on the PATH.
    static func program(_ name: String) throws(Failure) -> String {
        let own = Paths.real("/proc/self/exe").map { String($0[..<($0.lastIndex(of: "/") ?? $0.endIndex)]) }
        let directories = [own].compactMap { $0 } + (Terminal.variable("PATH") ?? "").split(separator: ":").map(String.init)
        for directory in directories where access("\(directory)/\(name)", X_OK) == 0 { return "\(directory)/\(name)" }
        throw Failure(
            object: name, fault: "neither beside this program nor on the PATH",
            remedy: "'swift build' makes it, or install it there")
    }
}
