import CLinux
import CSeccomp
import Glibc
import Kernel

/// What guests may ask of the kernel, as a program that the kernel runs before every system call of theirs.
///
/// Of the calls that there are, those are made which ordinary programs need, much as container runtimes have it. Those that are
/// known and dangerous fail with `EPERM`. All others fail with `ENOSYS`, as on a kernel that is older than they are: C libraries
/// try new calls first and then fall back. Calls by the conventions of another processor (32-bit ones on a 64-bit machine) end
/// the process, for their numbers mean other calls.
package final class CallFilter {
    private let context: scmp_filter_ctx

    /// - Parameter unlisted: What becomes of calls that no rule names.
    private init(unlisted: UInt32) throws(KernelError) {
        guard let context = seccomp_init(unlisted) else { throw KernelError("begin a system call filter", ENOMEM) }
        self.context = context
        // SCMP_ACT_KILL_PROCESS is unsigned and beyond what Swift imports of an attribute's macros
        try Self.check(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, 0x8000_0000))
        // few comparisons, however many calls there are
        try Self.check(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2))
    }

    deinit { seccomp_release(context) }

    /// The programs, to be installed all: the kernel heeds the strictest.
    package static func programs() throws(KernelError) -> [[UInt8]] {
        // making them takes more memory than all the rest of a shim
        defer { malloc_trim(0) }
        return [try listed().program(), try terminals().program()]
    }

    /// The list of calls.
    private static func listed() throws(KernelError) -> CallFilter {
        let filter = try CallFilter(unlisted: surplus_refusal(ENOSYS))
        for name in SystemCalls.allowed { try filter.add(name, allow) }
        for name in SystemCalls.refused { try filter.add(name, surplus_refusal(EPERM)) }
        try filter.addClone()
        try filter.addSockets()
        // what programs ask for: Linux, its 32-bit form, an old version's number, and what it is now; not fixed addresses
        for persona: UInt64 in [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff] {
            try filter.add("personality", allow, argument(0, SCMP_CMP_EQ, persona))
        }
        return filter
    }

    /// Keystrokes must not be pushed into a terminal. The kernel looks at the lower half of the number only, which the list above
    /// cannot say of a call that it allows otherwise.
    private static func terminals() throws(KernelError) -> CallFilter {
        let filter = try CallFilter(unlisted: allow)
        for request in [TIOCSTI, TIOCLINUX] {
            try filter.add("ioctl", surplus_refusal(EPERM), argument(1, SCMP_CMP_MASKED_EQ, 0xffff_ffff, UInt64(request)))
        }
        return filter
    }

    /// Processes and threads, but no namespaces. What `clone3` is asked for lies in memory, where no filter can look.
    private func addClone() throws(KernelError) {
        let namespaces = NewNamespace.allCases.map(\.rawValue)
        try add("clone", Self.allow, Self.argument(0, SCMP_CMP_MASKED_EQ, namespaces.reduce(0, |), 0))
        for namespace in namespaces {
            try add("clone", surplus_refusal(EPERM), Self.argument(0, SCMP_CMP_MASKED_EQ, namespace, namespace))
        }
    }

    /// Sockets of the machine itself and of IP, and asking for the routes, as the C library does; no other family has a use.
    private func addSockets() throws(KernelError) {
        let (netlink, route): (UInt64, UInt64) = (16, 0)
        for family in [AF_UNIX, AF_INET, AF_INET6] {
            try add("socket", Self.allow, Self.argument(0, SCMP_CMP_EQ, UInt64(family)))
        }
        try add(
            "socket", Self.allow, Self.argument(0, SCMP_CMP_EQ, netlink), Self.argument(2, SCMP_CMP_EQ, route))
        try add(
            "socket", surplus_refusal(EPROTONOSUPPORT), Self.argument(0, SCMP_CMP_EQ, netlink),
            Self.argument(2, SCMP_CMP_NE, route))
        let known = [UInt64(AF_UNIX), UInt64(AF_INET), UInt64(AF_INET6), netlink]
        for family in 0..<netlink where !known.contains(family) {
            try add("socket", surplus_refusal(EAFNOSUPPORT), Self.argument(0, SCMP_CMP_EQ, family))
        }
        try add("socket", surplus_refusal(EAFNOSUPPORT), Self.argument(0, SCMP_CMP_GT, netlink))
    }

    private static let allow: UInt32 = 0x7fff_0000  // SCMP_ACT_ALLOW

    private static func argument(_ index: UInt32, _ comparison: scmp_compare, _ a: UInt64, _ b: UInt64 = 0) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: index, op: comparison, datum_a: a, datum_b: b)
    }

    /// A rule for one call, if all `conditions` hold. A call that this processor or this version of the library does not know
    /// needs none.
    private func add(_ name: String, _ action: UInt32, _ conditions: scmp_arg_cmp...) throws(KernelError) {
        let number = seccomp_syscall_resolve_name(name)
        guard number >= 0 else { return }
        try Self.check(seccomp_rule_add_array(context, action, number, UInt32(conditions.count), conditions))
    }

    /// As the kernel takes it.
    private func program() throws(KernelError) -> [UInt8] {
        let file = try Descriptor.memory(holding: [], called: "a system call filter")
        defer { close(file) }
        try Self.check(seccomp_export_bpf(context, file))
        lseek(file, 0, SEEK_SET)
        return try Descriptor.read(file, atMost: Self.largest, of: "a system call filter") ?? []
    }

    /// 4096 instructions of 8 bytes are the most that the kernel takes.
    static let largest = 4096 * 8

    private static func check(_ result: Int32) throws(KernelError) {
        guard result == 0 else { throw KernelError("make a system call filter", -result) }
    }
}

/// The flags of clone(2) that ask for a namespace, as `CLONE_NEWNS`; of linux/sched.h, which Swift does not import.
private enum NewNamespace: UInt64, CaseIterable {
    case mounts = 0x2_0000
    case groups = 0x200_0000
    case hostNames = 0x400_0000
    case messages = 0x800_0000
    case users = 0x1000_0000
    case processes = 0x2000_0000
    case networks = 0x4000_0000
}
