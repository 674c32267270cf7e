import CFUSE
import Volumes

/// Hands the kernel's requests to a file system.
final class Responder: Sendable {
    let fileSystem: any FileSystem
    let settings: MountSettings
    let waits = LockWaits()

    init(_ fileSystem: any FileSystem, _ settings: MountSettings) {
        self.fileSystem = fileSystem
        self.settings = settings
    }

    static func operations() -> fuse_lowlevel_ops {
        var operations = fuse_lowlevel_ops()
        operations.`init` = { context, connection in
            guard let context, let connection else { return }
            Unmanaged<Responder>.fromOpaque(context).takeUnretainedValue().settings.apply(to: &connection.pointee)
        }
        addNames(&operations)
        addAttributes(&operations)
        addFiles(&operations)
        addDirectories(&operations)
        addLocks(&operations)
        return operations
    }
}
