import Foundation

/// Everything that one contender is put through.
struct StorageTrial {
    let contender: any StorageContender
    let sizes: StorageSizes
    let archive: Archive
    let cold: ColdStart
    private let bytes = RandomBytes(seed: 1)
    private(set) var scores = StorageScores()
    /// What could not be done, in words.
    private(set) var faults: [String] = []

    init(_ contender: any StorageContender, _ sizes: StorageSizes, _ archive: Archive, disk: String) {
        self.contender = contender
        self.sizes = sizes
        self.archive = archive
        cold = ColdStart(contender: contender, disk: disk)
    }

    private var large: String { contender.place + "/large" }
    private var sequential: SequentialWork { SequentialWork(path: large, mebibytes: sizes.mebibytes, bytes: bytes) }

    /// Does one part, and says so on standard error; what goes wrong in it leaves the others alone.
    mutating func part(_ name: String, _ work: (inout StorageTrial) throws -> Void) {
        FileHandle.standardError.write(Data("\(contender.name): \(name)\n".utf8))
        do { try work(&self) } catch { faults.append("\(contender.name), \(name): \(error)") }
    }

    mutating func write() throws {
        scores[.write] = try median {
            unlink(large)
            try contender.awaitRoom(mebibytes: sizes.mebibytes)
            return try sequential.write()
        }
    }

    mutating func readSequentially() throws {
        var warm: [Double] = []
        scores[.coldRead] = try median {
            try cold()
            let rate = try sequential.read()
            warm.append(try sequential.read())
            return rate
        }
        scores[.warmRead] = Percentiles(warm)(0.5)
    }

    mutating func readAtRandom() throws {
        let work = SmallWork(seconds: sizes.seconds)
        for (kind, jobs) in [(StorageScores.Kind.randomRead, 1), (.randomReads, 8)] {
            try cold()
            scores[kind] = try work.reads(of: large, mebibytes: sizes.mebibytes, jobs: jobs)
        }
    }

    mutating func writeDurably() throws {
        let work = SmallWork(seconds: sizes.seconds)
        let path = contender.place + "/small"
        scores[.durableAppend] = try work.appends(to: path, bytes)
        unlink(path)
        scores[.durableWrite] = try work.overwrites(of: large, mebibytes: sizes.mebibytes, bytes)
    }

    mutating func handleNames() throws {
        let work = NameWork(directory: contender.place + "/names", files: sizes.files)
        scores[.create] = try work.create()
        try cold()
        scores[.coldStat] = try work.stat()
        scores[.warmStat] = try median { try work.stat() }
        scores[.rename] = try work.rename()
        scores[.unlink] = try work.unlink()
    }

    mutating func unpack() throws {
        var round = 0
        scores[.unpack] = try median {
            round += 1
            return try archive.unpack(into: "\(contender.place)/unpacked-\(round)", cold)
        }
    }

    /// Loses a node of content in two ways, and gets it back.
    mutating func loseNodes(of contender: any SpreadContender) throws {
        let watch = StallWatch(reading: large, mebibytes: sizes.mebibytes)
        defer { scores[.faults] = Double(watch.end()) }
        let calm = 3.0
        let upset = 8.0
        scores[.undisturbed] = try watch.longestGap(for: calm)
        let killed = try contender.process(of: 2)
        scores[.killed] = try watch.longestGap(for: upset) { kill(killed, SIGKILL) }
        scores[.killedReturns] = try watch.longestGap(for: upset) { try contender.revive() }
        try contender.awaitWhole(within: 120)
        let silent = try contender.process(of: 3)
        defer { kill(silent, SIGCONT) }
        scores[.silent] = try watch.longestGap(for: upset) { kill(silent, SIGSTOP) }
        scores[.silentReturns] = try watch.longestGap(for: upset) { kill(silent, SIGCONT) }
        try contender.awaitWhole(within: 120)
    }

    /// How long it takes until what was written during an outage has all its copies, from the moment that the node is started again.
    mutating func makeWhole(_ volume: SurplusVolume) throws {
        let outage = 10.0
        let killed = try volume.process(of: 2)
        let end = Date(timeIntervalSinceNow: outage)
        kill(killed, SIGKILL)
        try writeFiles(1000, into: contender.place + "/outage")
        Thread.sleep(until: end)
        guard try !volume.status.isWhole else { throw StorageFault("nobody noticed that a node is lost") }
        scores[.redundancy] = try secondsTaken {
            try volume.revive()
            try volume.awaitWhole(within: 300)
        }
    }

    mutating func evacuate(_ volume: SurplusVolume) throws {
        try volume.awaitWhole(within: 120)
        var used = 0
        let took = try secondsTaken { used = try volume.evacuate(3) }
        scores[.evacuation] = Double(used) / Double(PlainFile.chunk) / took
    }

    /// Small files, of 16 KiB each.
    private func writeFiles(_ count: Int, into directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        for index in 0..<count {
            let file = try PlainFile("\(directory)/file-\(index)", O_WRONLY | O_CREAT | O_EXCL)
            try file.write(bytes.next(16 << 10), at: 0)
        }
    }

    private func median(_ work: () throws -> Double) rethrows -> Double {
        Percentiles(try (0..<sizes.rounds).map { _ in try work() })(0.5)
    }
}
