/// How much of everything the benchmark of volumes does.
struct StorageSizes {
    /// The size of the large file, in MiB.
    var mebibytes: Int
    /// Files that are created, looked at, renamed and removed.
    var files: Int
    /// Entries of the archive that is unpacked.
    var entries: Int
    /// How long small reads and writes go on, in seconds.
    var seconds: Double
    /// How often what is short is done; the median counts.
    var rounds: Int
}
