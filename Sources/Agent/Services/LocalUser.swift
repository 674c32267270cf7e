import Glibc
import Wire

extension LocalCaller {
    /// Root and the user that runs the agent own the node.
    var isOwner: Bool { uid == 0 || uid == geteuid() }

    /// The user's name, or its number where there is none.
    var name: String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return String(uid)
        }
        return String(cString: name)
    }
}
