/// What one contender has done of each kind.
struct StorageScores {
    /// A kind of work, or of an outage.
    enum Kind: String, CaseIterable {
        case write = "sequential write and fsync"
        case coldRead = "sequential read, cold"
        case warmRead = "sequential read, warm"
        case randomRead = "4 KiB random read, cold, 1 job"
        case randomReads = "4 KiB random read, cold, 8 jobs"
        case durableAppend = "4 KiB append and fsync"
        case durableWrite = "4 KiB overwrite at random and fsync"
        case create
        case coldStat = "stat, cold"
        case warmStat = "stat, warm"
        case rename, unlink
        case unpack = "untar and sync"
        case undisturbed = "longest gap, nothing happens"
        case killed = "longest gap, kill -9 of a data node"
        case killedReturns = "longest gap, it returns"
        case silent = "longest gap, silent loss of a data node"
        case silentReturns = "longest gap, it goes on"
        case faults = "calls that failed meanwhile"
        case redundancy = "full redundancy after an outage of 10 s"
        case evacuation

        var unit: String {
            switch self {
            case .write, .coldRead, .warmRead, .evacuation: "MiB/s"
            case .randomRead, .randomReads, .durableAppend, .durableWrite, .coldStat, .warmStat, .create, .rename, .unlink: "/s"
            case .unpack: "entries/s"
            case .undisturbed, .killed, .killedReturns, .silent, .silentReturns, .redundancy: "s"
            case .faults: ""
            }
        }
    }

    private var values: [Kind: Double] = [:]

    subscript(kind: Kind) -> Double? {
        get { values[kind] }
        set { values[kind] = newValue }
    }
}
