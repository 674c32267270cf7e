import ArgumentParser
import Foundation

/// Shared volumes beside ext4, GlusterFS and MooseFS on the same disk.
struct VolumesBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volumes",
        abstract:
            "Shared volumes beside ext4, GlusterFS and MooseFS: large files, small reads and writes, names, nodes that are lost.",
        discussion: "As root: it mounts file systems, and has the kernel drop its caches. Takes about 15 minutes.")

    @OptionGroup var programs: ProgramOptions
    @Option(help: "A directory of an empty disk on which all contenders store, one after the other; 20 GiB with the usual sizes.")
    var disk: String
    @Option(help: "The script that sets GlusterFS up; it is left out otherwise.")
    var gluster: String?
    @Option(help: "The script that sets MooseFS up; it is left out otherwise.")
    var moosefs: String?
    @Option(help: "The size of the large file, in MiB.")
    var mebibytes = 1024
    @Option(help: "Files that are created, looked at, renamed and removed.")
    var files = 5000
    @Option(help: "Entries of the archive that is unpacked.")
    var entries = 2000
    @Option(help: "How long small reads and writes go on, in seconds.")
    var seconds = 5.0
    @Option(help: "How often what is short is done; the median counts.")
    var rounds = 3
    @Flag(help: "Print JSON.")
    var json = false

    private var sizes: StorageSizes {
        StorageSizes(mebibytes: mebibytes, files: files, entries: entries, seconds: seconds, rounds: rounds)
    }

    func run() throws {
        let report = try StorageContest(
            sizes: sizes, disk: URL(fileURLWithPath: disk).path, programs: programs.programs, gluster: gluster, moosefs: moosefs
        ).report()
        print(json ? try report.json : report.table)
    }
}
