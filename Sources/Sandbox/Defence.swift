/// One of the things that hold a guest, as a test can tell it from the others.
///
/// All of them are on, always: no setting, plan or message can take one away. The programs that are installed start shims with
/// ``Defences/all``; only the tests' own program leaves one out, to show that an attack succeeds without it.
package enum Defence: String, Hashable, Sendable, CaseIterable {
    case callFilter = "system call filter"
    case noCapabilities = "no capabilities"
    case userMapping = "user mapping"
    case noUserNamespaces = "no user namespaces of its own"
    case processNamespace = "process namespace"
    case networkNamespace = "network namespace"
    case networkFilter = "filter of its network"
    case networkRate = "bounds of its network"
    case ipcNamespace = "IPC namespace"
    case hostNameNamespace = "host name namespace"
    case groupNamespace = "control group namespace"
    case ownRoot = "root of its own"
    case readOnlyRoot = "read-only root"
    case ownDevices = "devices of its own"
    case maskedProc = "masked /proc"
    case temporarySpace = "size of /tmp and /dev/shm"
    case workSpace = "counted work directory"
    case fileSize = "file size limit"
    case openFiles = "open files limit"
    case lockedMemory = "locked memory limit"
    case messageQueues = "message queue limit"
    case pendingSignals = "pending signals limit"
    case coreSize = "core size limit"
    case processes = "process limit"
    case lowPriority = "lowest priority"
    case outputSize = "output limit"
}

/// Those that are on.
package struct Defences: Hashable, Sendable {
    package static let all = Defences(missing: [])

    private var missing: Set<Defence>

    /// All but these.
    package static func without(_ missing: Set<Defence>) -> Self { Self(missing: missing) }

    func has(_ defence: Defence) -> Bool { !missing.contains(defence) }
}
