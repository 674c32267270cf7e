import Resources
import Testing

@testable import Reports

@Suite("Reports of volumes")
struct VolumeReportTests {
    private static func volume(_ health: VolumeFigures.Health, used: Bytes = .gibibytes(36)) -> VolumeFigures {
        VolumeFigures(
            volume: "vol_1", name: "media", home: ("nde_1", "blade1"), backups: [("nde_2", "blade2")],
            isReachable: health != .unknown, epoch: 3, copies: 2, size: .gibibytes(100), used: used, health: health)
    }

    private static func report(
        _ health: VolumeFigures.Health, used: Bytes = .gibibytes(36), risk: VolumeReport.Risk? = none, faults: [String] = []
    ) -> VolumeReport {
        VolumeReport(
            volume: volume(health, used: used), lenders: [], risk: risk, work: [], files: risk == nil ? nil : 7,
            mostFiles: risk == nil ? nil : 1000, mounts: [], faults: faults)
    }

    private static let none = VolumeReport.Risk(lacking: (0, .zero), single: (0, .zero), lost: (0, .zero), damagedCopies: 0)

    @Test("A healthy volume is told in a few lines, none of which is about danger")
    func healthy() {
        let text = Self.report(.healthy).text(on: Samples.wide)
        #expect(text.contains("healthy: every block has its 2 copies") && !text.contains("at risk"))
        #expect(text.contains("#######............. 36 GiB of 100 GiB used, 64 GiB free"), "\(text)")
        #expect(Self.report(.healthy).isWell && !Self.report(.healthy, faults: ["no room"]).isWell)
    }

    @Test("What is lost comes before what may be")
    func danger() throws {
        let risk = VolumeReport.Risk(
            lacking: (9, .mebibytes(36)), single: (3, .mebibytes(12)), lost: (1, .mebibytes(4)), damagedCopies: 2)
        let text = Self.report(.damaged, risk: risk).text(on: Samples.wide)
        let places = try ["4 MiB in 1 block without any copy", "12 MiB in 3 blocks", "36 MiB in 9 blocks", "2 damaged copies"].map
        {
            try #require(text.firstRange(of: $0), "\($0) in \(text)").lowerBound
        }
        #expect(places == places.sorted())
    }

    @Test("Of a volume whose home is not heard of nothing is made up")
    func unknown() throws {
        let report = Self.report(.unknown, risk: nil)
        let text = report.text(on: Samples.wide)
        #expect(text.contains("not known: its home blade1 is not heard of") && !text.contains("files"))
        let json = try report.json(compact: true)
        #expect(!json.contains("\"risk\"") && !json.contains("\"files\"") && json.contains("\"health\":\"unknown\""))
    }

    @Test("Progress is a share, what that is of, and how long the rest takes where it is known")
    func progress() {
        func text(_ done: Bytes, _ total: Bytes, _ left: Microseconds?) -> String {
            VolumeProgressFigures(step: "copying", doneBlocks: 1, totalBlocks: 4, done: done, total: total, timeLeft: left).text
        }
        #expect(text(.mebibytes(1), .mebibytes(4), .minutes(3)) == "copying: 25%, 1 MiB of 4 MiB, about 3 min left")
        #expect(text(.mebibytes(5), .mebibytes(4), nil) == "copying: 100%, 5 MiB of 4 MiB")
        #expect(text(.zero, .zero, nil) == "copying: 1 of 4")
    }

    @Test("A list on a plain page has a line for each volume, with exact figures")
    func plain() {
        let report = VolumesReport(volumes: [Self.volume(.atRisk, used: Bytes(1025))], unheard: ["blade3"])
        #expect(report.text(on: Samples.plain) == "media\tat risk\t1025 B\t100 GiB\t2\tblade1\tvol_1\n")
        #expect(report.text(on: Samples.wide).contains("not heard of: blade3"))
    }

    @Test("What a node is called cannot move the cursor")
    func printable() {
        let report = VolumesReport(volumes: [], unheard: ["a\u{1B}[2J"])
        #expect(!report.text(on: Samples.wide).contains("\u{1B}"))
    }

    @Test("Work is well when nothing is left to mend")
    func work() {
        func outcome(_ mended: [Bool], leftOut: UInt64 = 0, of command: String = "volume scrub") -> VolumeWorkReport {
            let findings = mended.map { VolumeWorkReport.Finding(subject: "blk_1", fault: "damaged", mended: $0) }
            let done = VolumeProgressFigures(
                step: "reading", doneBlocks: 2, totalBlocks: 2, done: .mebibytes(8), total: .mebibytes(8), timeLeft: nil)
            return VolumeWorkReport(
                command: command,
                outcomes: [
                    .init(
                        volume: "vol_1", name: "media", size: .gibibytes(1), done: done, findings: findings,
                        findingsLeftOut: leftOut, remarks: [], refusal: nil)
                ])
        }
        #expect(outcome([]).isWell && outcome([true]).isWell)
        #expect(!outcome([true, false]).isWell && !outcome([], leftOut: 1).isWell)
        #expect(outcome([true, false]).text(on: Samples.wide).contains("2 faults, 1 not mended"))
        func text(_ command: String) -> String { outcome([], of: command).text(on: Samples.wide) }
        #expect(text("volume scrub").contains(/read +2 copies of blocks, 8 MiB\nfound +nothing wrong/))
        #expect(text("volume check").contains(/compared +2 copies of blocks/))
        #expect(text("volume evacuate").contains(/moved +2 copies/) && !text("volume evacuate").contains("found"))
    }
}
