import Foundation
import Mounts
import VolumeKit

/// A file system on which rules are checked.
enum Ground: CaseIterable, Sendable, CustomStringConvertible {
    case volume
    /// Where temporary files are: shows that a rule is one.
    case local

    var description: String {
        switch self {
        case .volume: "a volume"
        case .local: "a file system of this machine"
        }
    }

    /// Whose rules do not hold here.
    var excluded: Rule.Place { self == .volume ? .local : .volume }

    static let isPossible = geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0

    func prepared(_ body: (Stage) async throws -> Void) async throws {
        switch self {
        case .volume:
            var options = ServedVolume.Options()
            options.inodeLimit = 100_000
            try await ServedVolume.serving(options) { served in
                let everybody = MountOptions.forEverybody
                var readOnly = everybody
                readOnly.isReadOnly = true
                try await body(Stage(directory: served.mount(everybody).path, readOnly: served.mount(readOnly).path))
            }
        case .local:
            let directory = NSTemporaryDirectory() + "/surplus-posix-\(UUID().uuidString.prefix(8))"
            for part in ["", "/files", "/read-only"] {
                try FileManager.default.createDirectory(atPath: directory + part, withIntermediateDirectories: true)
            }
            try Tool.run("mount", "--bind", directory + "/files", directory + "/read-only")
            let result = await Result { () async throws in
                try Tool.run("mount", "-o", "remount,bind,ro", directory + "/read-only")
                try await body(Stage(directory: directory + "/files", readOnly: directory + "/read-only"))
            }
            try Tool.run("umount", directory + "/read-only")
            try FileManager.default.removeItem(atPath: directory)
            try result.get()
        }
    }
}

extension MountOptions {
    static var forEverybody: Self {
        var options = Self()
        options.access = .everybody
        return options
    }
}
