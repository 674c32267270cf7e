import Glibc
import Resources

/// What the processes of a group have used and hold.
package struct GroupUsage: Hashable, Sendable {
    /// Processing since the group was made; only grows while it exists.
    package var cpu: CoreMicroseconds
    /// Memory held now, without file pages that the kernel can take back at any time.
    package var memory: Bytes

    package init(cpu: CoreMicroseconds = .zero, memory: Bytes = .zero) {
        self.cpu = cpu
        self.memory = memory
    }
}

/// How guests are held apart, limited and measured: control groups of either version, or plain processes where there is no
/// privilege for them.
///
/// A group is named by its path below the group that all guests of all agents on the machine share, such as
/// `node1/lse_.../job_...`. A limit on a group holds for all groups below it together.
package protocol GuestGroups: Sendable {
    /// `"cgroup v2"`, `"cgroup v1"` or `"processes"`.
    var kind: String { get }
    /// Whether the kernel holds groups to the limits that are set; if not, whoever set them has to look.
    var holdsLimits: Bool { get }
    /// Where the shared group is, for a record that finds it again.
    var places: [String] { get }

    /// Makes a group and those above it; harmless when they are there.
    func make(_ group: String) throws(KernelError)
    /// Gives all guests together the lowest weight against everything else on the machine, and no more than half of the processes
    /// that there can be on it.
    func yieldToOwner() throws(KernelError)
    /// How much of the guests' processing a group gets, relative to its siblings.
    func setWeight(_ weight: Millicores, of group: String) throws(KernelError)
    func setCeiling(_ ceiling: Millicores, of group: String) throws(KernelError)
    /// - Throws: ``KernelError`` with `EBUSY` when more is held already and cannot be taken back.
    func setMemoryLimit(_ limit: Bytes, of group: String) throws(KernelError)
    func setProcessLimit(_ limit: Int, of group: String) throws(KernelError)
    /// Slows the group down where it wants more memory than so much, without killing it; `nil` lets go. Nothing where the kernel
    /// cannot.
    func setMemoryBrake(_ brake: Bytes?, of group: String) throws(KernelError)
    /// Lets the group read and write so many bytes a second on each disk of the machine; `nil` lets go. Nothing where the kernel
    /// cannot.
    func setDiskLimit(_ limit: Bytes?, of group: String) throws(KernelError)

    /// The files into which a process writes `0` to enter the group.
    func entrances(to group: String) -> [String]
    /// Puts a process into the group.
    func add(_ process: pid_t, to group: String) throws(KernelError)
    /// Says whose descendants the group consists of, where groups are no kernel objects.
    func add(shim process: pid_t, to group: String)
    /// The processes in the group and below.
    func processes(in group: String) throws(KernelError) -> [pid_t]
    /// The names of the groups directly below.
    func subgroups(of group: String) throws(KernelError) -> [String]

    func usage(of group: String) throws(KernelError) -> GroupUsage
    /// How long it was held back at its ceiling, summed over processors; zero where that is not measured.
    func throttling(of group: String) throws(KernelError) -> Microseconds
    /// What it did besides; nothing of what the kernel does not measure.
    func activity(of group: String) -> GroupActivity
    /// What it read from and wrote to disks since it was made; `nil` where the kernel does not count that for groups.
    func diskTraffic(of group: String) -> Bytes?
    /// How long tasks of any guest waited for a resource, as ``Machine/pressure(of:)`` names them; `nil` where the kernel does not
    /// tell.
    func pressureOfAllGuests(_ resource: String) -> Microseconds?
    /// How long tasks of each group beside the guests waited for a resource, by the group's path: the machine is all of these, the
    /// guests, and what is in no group. Empty where the kernel does not tell.
    func pressureBesideGuests(_ resource: String) -> [String: Microseconds]
    /// Says that a process that was added to the group has ended, having used so much with all its descendants. For groups that
    /// the kernel does not count for; it keeps what was seen before if that is more.
    func settle(_ process: pid_t, used: CoreMicroseconds, in group: String)
    /// What the guests of all agents on this machine use together.
    func usageOfAllGuests() throws(KernelError) -> GroupUsage
    /// What a group outside uses that is named by its path below the mount points; `nil` when there is none.
    func usage(ofOwner path: String) throws(KernelError) -> GroupUsage?
    /// Processing done by the whole machine, where the groups know it more exactly than `/proc/stat`.
    func usageOfMachine() -> CoreMicroseconds?

    /// Stops or continues everything in the group.
    func setFrozen(_ isFrozen: Bool, _ group: String) throws(KernelError)
    /// Sends SIGKILL to everything in the group, in a way that no amount of forking outruns.
    ///
    /// - Returns: whether it is empty. If not, what was killed is not gone yet: call again a little later.
    func kill(_ group: String) throws(KernelError) -> Bool
    /// Removes the group and those below it; harmless when they are gone. All must be empty.
    func remove(_ group: String) throws(KernelError)
    /// Removes the shared group itself, unless guests of other wardens are in it.
    func removeShared()
}
