import Glibc

/// Finds processes by the name the kernel keeps of them.
struct ProcessNames {
    let kernel: any KernelCalls

    /// Those of `names` under which some process runs that is in no control group of guests.
    func running(among names: Set<String>, outside guests: String) -> Set<String> {
        guard !names.isEmpty else { return [] }
        var found: Set<String> = []
        for process in (try? kernel.entries(of: "/proc")) ?? [] where process.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard let text = try? kernel.read("/proc/\(process)/comm") else { continue }
            let name = String(text.prefix { $0 != "\n" })
            guard names.contains(name), !found.contains(name), !isGuest(process, guests) else { continue }
            found.insert(name)
            if found.count == names.count { break }
        }
        return found
    }

    private func isGuest(_ process: String, _ guests: String) -> Bool {
        guard let groups = try? kernel.read("/proc/\(process)/cgroup") else { return true }
        return groups.split(separator: "\n").contains { line in
            line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).last?.contains(guests) ?? false
        }
    }
}
