import Foundation

/// What guests may leave behind on the nodes of a pool, once nothing of theirs should be there.
struct Leftovers {
    /// Where the pool lives.
    let directory: String
    let nodes: [String]
    /// By what the nodes' wardens name their control groups.
    let instances: [String]

    /// One sentence for each thing that is there.
    var all: [String] { processes + groups + mounts + files }

    /// Shims, and programs of theirs.
    private var processes: [String] {
        Self.processes { $0.contains("shim") && $0.contains { $0.hasPrefix(directory + "/") } }.map {
            "a shim is left: process \($0)"
        }
    }

    private var groups: [String] {
        let enumerator = FileManager.default.enumerator(
            at: URL(fileURLWithPath: "/sys/fs/cgroup"), includingPropertiesForKeys: [.isDirectoryKey])
        var found: [String] = []
        while let url = enumerator?.nextObject() as? URL {
            let parent = url.deletingLastPathComponent().lastPathComponent
            let isGroup = (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) ?? false
            if isGroup, instances.contains(parent) { found.append("a control group is left: \(url.path)") }
        }
        return found
    }

    private var mounts: [String] {
        let table = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        return table.split(separator: "\n").filter { $0.contains(" \(directory)/") }.map { "a mount is left: \($0)" }
    }

    private var files: [String] {
        nodes.flatMap { node in
            let path = "\(directory)/\(node)/warden/jobs"
            return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).map { "left behind: \(path)/\($0)" }
        }
    }

    /// Processes whose command is as described.
    static func processes(where matches: ([String]) -> Bool) -> [Int32] {
        let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap(Int32.init) ?? []
        return pids.filter { pid in
            let command = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            return matches(command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
        }
    }
}
