internal import Glibc
internal import Synchronization
internal import Volumes

/// The time at the home of a volume, of which all times of files are, as far as a client can tell: what is written here gets its
/// time before the home is told of it.
///
/// It is as far ahead of this machine's clock since boot as an answer has shown it to be at most; it does not go back.
final class HomeClock: Sendable {
    /// Nanoseconds; `nil` before anything was heard.
    private let ahead = Mutex<Int64?>(nil)

    /// The home has just put this time to a record, or some time ago.
    func hear(_ time: FileTime) {
        let ahead = time.rawValue - Self.read(CLOCK_BOOTTIME)
        self.ahead.withLock { $0 = max($0 ?? ahead, ahead) }
    }

    /// By this machine's clock as long as nothing was heard.
    var now: FileTime {
        ahead.withLock { $0 }.map { FileTime(rawValue: Self.read(CLOCK_BOOTTIME) + $0) } ?? .now
    }

    fileprivate static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension FileTime {
    /// By this machine's clock.
    static var now: FileTime { FileTime(rawValue: HomeClock.read(CLOCK_REALTIME)) }
}
