import Glibc
import Resources

/// The owner's wall clock, by the machine's time zone.
package enum WallClock {
    /// Day of the week (1 is Monday, 7 Sunday) and minute of the day (0 to 1439) at `time`.
    package static func reading(at time: Timestamp) -> (weekday: Int, minute: Int) {
        // A changed time zone counts at once.
        tzset()
        var seconds = time_t(time.microseconds / 1_000_000)
        var civil = tm()
        localtime_r(&seconds, &civil)
        return (civil.tm_wday == 0 ? 7 : Int(civil.tm_wday), Int(civil.tm_hour) * 60 + Int(civil.tm_min))
    }
}
