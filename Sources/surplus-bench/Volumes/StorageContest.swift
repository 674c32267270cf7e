import Foundation

/// All contenders, one after the other on one disk.
struct StorageContest {
    let sizes: StorageSizes
    /// Where that disk is mounted.
    let disk: String
    /// The directory of Surplus's programs.
    let programs: String
    /// The scripts that set peers up; `nil` leaves one out.
    let gluster: String?
    let moosefs: String?

    func report() throws -> BenchReport {
        let archive = try Archive(in: disk, entries: sizes.entries)
        defer { try? FileManager.default.removeItem(atPath: archive.path) }
        var faults: [String] = []
        var peers: [(name: String, scores: StorageScores)] = []
        var words: [String] = []

        let bare = trial(BareDisk(on: disk), archive, &faults) { everything(&$0) }
        let whole = SurplusVolume(copies: 3, mebibytes: room, programs: programs, on: disk)
        let threeCopies = trial(whole, archive, &faults) { trial in
            everything(&trial)
            outages(&trial, of: whole)
            trial.part("an outage of 10 s") { try $0.makeWhole(whole) }
        }
        let double = SurplusVolume(copies: 2, mebibytes: room, programs: programs, on: disk)
        let twoCopies = trial(double, archive, &faults) { trial in
            trial.part("a large file") { try $0.write() }
            trial.part("evacuation") { try $0.evacuate(double) }
        }
        for (name, script) in [(VolumeGoals.gluster, gluster), ("MooseFS", moosefs)] {
            guard let script else {
                words.append("\(name): left out, it was not to be had")
                continue
            }
            let peer = ScriptedPeer(name, script: script, on: disk)
            let scores = trial(peer, archive, &faults) { trial in
                trial.part("settings") { _ in words += try peer.about().map { "\(name): \($0)" } }
                everything(&trial)
                outages(&trial, of: peer)
            }
            peers.append((name, scores))
        }
        let goals = VolumeGoals(ext4: bare, threeCopies: threeCopies, twoCopies: twoCopies, peers: peers)
        return BenchReport(
            benchmark: "volumes",
            workload: "a file of \(sizes.mebibytes) MiB, \(sizes.files) files, an archive of \(sizes.entries) entries, "
                + "\(sizes.seconds) s of small calls; all on one disk, medians of \(sizes.rounds)",
            figures: goals.figures + [
                .init(name: "parts that failed", value: Double(faults.count), unit: "", goal: 0, isUpperBound: true)
            ],
            peer: words + faults)
    }

    /// The size of the volume in MiB: the large file once, and all else beside it.
    private var room: Int { sizes.mebibytes * 5 / 4 + 250 }

    /// Makes a contender, has it do its work, and removes what it left.
    private func trial(
        _ contender: any StorageContender, _ archive: Archive, _ faults: inout [String], _ work: (inout StorageTrial) -> Void
    ) -> StorageScores {
        var trial = StorageTrial(contender, sizes, archive, disk: disk)
        defer { contender.down() }
        trial.part("start") { trial in
            try contender.up()
            work(&trial)
        }
        faults += trial.faults
        return trial.scores
    }

    private func everything(_ trial: inout StorageTrial) {
        trial.part("a large file") {
            try $0.write()
            try $0.readSequentially()
        }
        trial.part("small reads") { try $0.readAtRandom() }
        trial.part("small writes") { try $0.writeDurably() }
        trial.part("names") { try $0.handleNames() }
        trial.part("an archive") { try $0.unpack() }
    }

    private func outages(_ trial: inout StorageTrial, of contender: any SpreadContender) {
        trial.part("lost nodes") { try $0.loseNodes(of: contender) }
    }
}
