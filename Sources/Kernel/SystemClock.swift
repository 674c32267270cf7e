import CLinux
import Glibc
import Resources

/// The machine's clocks: CLOCK_BOOTTIME, which nobody can set and which counts while the machine sleeps, and UTC.
package struct SystemClock: Sendable {
    /// The boot that is running.
    package let boot: BootID

    /// - Throws: ``KernelError`` when `/proc` does not tell the boot's id.
    package init(kernel: any KernelCalls = LinuxKernel()) throws(KernelError) {
        let text = try kernel.read("/proc/sys/kernel/random/boot_id")
        boot = BootID(text.split(separator: "\n").first.map(String.init) ?? "")
    }

    /// Both clocks, read together.
    package func now() -> Moment { Moment(boot: boot, instant: Self.instant(), utc: Self.utc()) }

    /// Time since boot.
    package static func instant() -> Instant { Instant(microseconds: microseconds(of: CLOCK_BOOTTIME)) }

    /// Time since boot without what the machine has slept, as service managers count it (CLOCK_MONOTONIC).
    package static func monotonic() -> Microseconds { Microseconds(microseconds(of: CLOCK_MONOTONIC)) }

    /// Civil time.
    package static func utc() -> Timestamp { Timestamp(microseconds: microseconds(of: CLOCK_REALTIME)) }

    /// Whether something, such as an NTP daemon, keeps civil time in step with others; `nil` when neither the kernel tells, which a
    /// confined process may not ask, nor a file of systemd-timesyncd, which is there once that has set the clock.
    package static func isSynchronised() -> Bool? {
        let status = surplus_clock_is_synchronised()
        guard status < 0 else { return status == 1 }
        return access("/run/systemd/timesync/synchronized", F_OK) == 0 ? true : nil
    }

    private static func microseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)  // cannot fail: these clocks exist since Linux 2.6.39
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
