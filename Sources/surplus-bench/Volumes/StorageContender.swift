import Foundation

/// A file system that is measured, with all that it stores on the one disk that all contenders share, one after the other.
protocol StorageContender {
    var name: String { get }
    /// The directory in which it is mounted.
    var place: String { get }

    /// Makes it and mounts it.
    func up() throws
    /// Mounts it anew: what its client kept of content and attributes is gone.
    func remount() throws
    /// Unmounts it and removes all it stored, as far as it is there.
    func down()
    /// Its version and its settings.
    func about() throws -> [String]
    /// Returns once there is room for so much content: what was removed may take its time to make some.
    func awaitRoom(mebibytes: Int) throws
}

extension StorageContender {
    func awaitRoom(mebibytes: Int) throws {
        try Wait.until("\(name) has room for \(mebibytes) MiB", within: 60) {
            var room = statvfs()
            guard statvfs(place, &room) == 0 else { throw StorageFault.last("ask \(place) for its room") }
            return Int(room.f_bavail) * Int(room.f_frsize) >= mebibytes * PlainFile.chunk
        }
    }
}

/// A contender that keeps each block on several nodes, and goes on without one.
protocol SpreadContender: StorageContender {
    /// The process of one of the nodes that store content, counted from 1.
    func process(of node: Int) throws -> pid_t
    /// Starts again what stores content and is not running any more.
    func revive() throws
    /// Returns once what a lost node missed has been made good, or throws after `seconds`; with contenders that do not say, soon.
    func awaitWhole(within seconds: Double) throws
}

/// ext4 itself, on the disk on which the others store.
struct BareDisk: StorageContender {
    let name = "ext4"
    let place: String

    init(on disk: String) { place = disk + "/bare" }

    func up() throws { try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true) }
    func remount() {}
    func down() { try? FileManager.default.removeItem(atPath: place) }
    func about() -> [String] { [] }
}

/// GlusterFS or MooseFS, set up by a script of the name `bench-...`.
struct ScriptedPeer: SpreadContender {
    let name: String
    private let script: String
    private let directory: String

    init(_ name: String, script: String, on disk: String) {
        self.name = name
        self.script = URL(fileURLWithPath: script).path
        directory = disk + "/" + URL(fileURLWithPath: script).lastPathComponent
    }

    var place: String { directory + "/mount" }

    func up() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try call("up")
    }

    func remount() throws { try call("remount") }

    func down() {
        _ = try? call("down")
        try? FileManager.default.removeItem(atPath: directory)
    }

    func about() throws -> [String] { try call("about").split(separator: "\n").map(String.init) }

    func process(of node: Int) throws -> pid_t {
        let words = try call("pid", "\(node)").trimmingCharacters(in: .whitespacesAndNewlines)
        guard let process = pid_t(words) else { throw StorageFault("\(script) gives no process id: \(words)") }
        return process
    }

    func revive() throws { try call("revive") }

    /// It is given the time that the others' figures take.
    func awaitWhole(within seconds: Double) { Thread.sleep(forTimeInterval: min(seconds, 10)) }

    @discardableResult
    private func call(_ command: String, _ words: String...) throws -> String {
        try Clients(command: [script, command, directory] + words, environment: [:]).output()
    }
}
