import Foundation
import Resources
import Testing

@testable import Agent

@Suite("Metrics of volumes")
struct VolumeMetricsTests {
    private static func condition(_ number: UInt64, _ phases: [VolumeLender.Phase]) -> VolumeCondition {
        let node = NodeID(high: 1, low: 1)
        var risk = VolumeRisk()
        (risk.lacking.blocks, risk.single.blocks) = (3, 2)
        return VolumeCondition(
            volume: KeptVolume(
                volume: VolumeID(high: 1, low: number), name: "v\(number)", home: node, backups: [], epoch: 1, isInCharge: true,
                copies: 2, size: .gibibytes(1), used: .mebibytes(1), health: .atRisk),
            lenders: phases.map {
                VolumeLender(
                    node: node, phase: $0, size: .gibibytes(1), used: .zero, free: .zero, lease: nil, price: .zero, reason: "")
            },
            risk: risk, tasks: [], files: 7, mostFiles: 100, sessions: [], faults: [])
    }

    private static func page(_ volumes: [VolumeCondition]) -> [String] {
        var page = Exposition(.openMetrics)
        page.describe(volumes)
        return page.page.body.split(separator: "\n").map(String.init)
    }

    @Test("Each volume has its size, its use and what it lacks, under its id and its name")
    func volumes() {
        let lines = Self.page([Self.condition(1, []), Self.condition(2, [])])
        let (one, two) = (VolumeID(high: 1, low: 1), VolumeID(high: 1, low: 2))
        for line in [
            "surplus_volume_size_bytes{volume=\"\(one)\",name=\"v1\"} 1073741824",
            "surplus_volume_used_bytes{volume=\"\(two)\",name=\"v2\"} 1048576",
            "surplus_volume_files{volume=\"\(one)\",name=\"v1\"} 7",
            "surplus_volume_blocks_lacking{volume=\"\(one)\",name=\"v1\"} 3",
            "surplus_volume_blocks_single{volume=\"\(one)\",name=\"v1\"} 2",
            "surplus_volume_blocks_lost{volume=\"\(one)\",name=\"v1\"} 0",
            "# UNIT surplus_volume_size_bytes bytes",
        ] { #expect(lines.contains(line), "\(line) in \(lines)") }
    }

    @Test("Lenders are counted by what may be expected of them, none of them too")
    func lenders() {
        let lines = Self.page([Self.condition(1, [.open, .open, .lost])])
        let counts = lines.filter { $0.hasPrefix("surplus_volume_lenders{") }.map { $0.split(separator: " ").last }
        #expect(counts == ["2", "0", "0", "1"])
    }

    @Test("Where there is no volume there is nothing of volumes")
    func none() {
        #expect(!Self.page([]).contains { $0.contains("surplus_volume") })
    }
}
