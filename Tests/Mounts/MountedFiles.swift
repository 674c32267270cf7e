import Dispatch
import Foundation
import Mounts
import Synchronization
import Testing
import Volumes

/// A file system in memory on a directory of its own, which is unmounted and removed when nobody has this any more, and after a
/// while in any case, so that nothing waits for it for ever.
final class MountedFiles: Sendable {
    let files: MemoryFiles
    let mount: Mount
    let directory: String
    private let served: Served
    /// Tells the watch that there is nothing to watch any more.
    private let isOver = Over()

    static let isPossible = geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0

    /// - Parameter directory: If nil, a new one.
    init(
        _ files: MemoryFiles = MemoryFiles(), on directory: String? = nil, options: MountOptions? = nil,
        settings: MountSettings? = nil
    ) throws {
        self.files = files
        self.directory = try directory ?? Scratch.directory()
        var everybody = MountOptions()
        everybody.access = .everybody
        mount = try Mount(
            files, source: "photos", on: self.directory, options: options ?? everybody, settings: settings ?? MountSettings())
        served = Served(mount)
        DispatchQueue.global().asyncAfter(deadline: .now() + 60) { [weak mount, isOver] in
            guard let mount, !isOver.flag.load(ordering: .acquiring) else { return }
            Issue.record("the test took too long; its mount is taken away")
            try? mount.unmount(.aborting)
        }
    }

    deinit {
        isOver.flag.store(true, ordering: .releasing)
        try? mount.unmount(.aborting)
        _ = served.end(within: 20)
        rmdir(directory)
    }

    /// - Returns: How serving has ended, or nil when it has not.
    func end(within seconds: Int) -> Result<Void, MountError>? { served.end(within: seconds) }

    /// - Throws: When it is served still, or serving failed.
    func hasEnded() throws { try #require(served.end(within: 20), "it goes on being served").get() }

    func path(_ name: String) -> String { directory + "/" + name }
}

private final class Over: Sendable {
    let flag = Atomic(false)
}

/// The thread on which a mount is served.
private final class Served: Sendable {
    private let finished = DispatchSemaphore(value: 0)
    private let result = Box()

    init(_ mount: Mount) {
        Thread.detachNewThread { [finished, result] in
            do throws(MountError) {
                try mount.serve()
                result.value = .success(())
            } catch {
                result.value = .failure(error)
            }
            finished.signal()
        }
    }

    func end(within seconds: Int) -> Result<Void, MountError>? {
        guard finished.wait(timeout: .now() + .seconds(seconds)) == .success else { return nil }
        finished.signal()
        return result.value
    }

    /// The guard: written before `finished` is signalled, read after.
    private final class Box: @unchecked Sendable {
        var value: Result<Void, MountError>?
    }
}

enum Scratch {
    static func directory() throws -> String {
        var template = Array("/tmp/surplus-mounts-XXXXXX".utf8CString)
        let path = try #require(mkdtemp(&template).map { String(cString: $0) })
        chmod(path, 0o755)
        return path
    }
}
