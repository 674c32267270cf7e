import Glibc

/// What this process has taken so far.
struct Effort {
    /// Of processors.
    let seconds: Double
    /// In MiB.
    let peakMemory: Double

    static func now() -> Effort {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return Effort(seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), peakMemory: Double(usage.ru_maxrss) / 1024)
    }

    /// The processing since then; the memory is that of all the time.
    func since(_ earlier: Effort) -> Effort { Effort(seconds: seconds - earlier.seconds, peakMemory: peakMemory) }
}
