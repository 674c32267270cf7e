import Resources
import VolumeService

// Of the disk that a node lends, and of the volumes whose home it is.

extension PoolMembership {
    /// Of so many volumes there are series of their own, the first by id; all are counted.
    private static let mostVolumes = 64

    func describeVolumes(in page: inout Exposition) async {
        // Of storage that cannot be used nothing is lent, and nothing shown.
        if let lent = storage.flatMap({ try? $0.storage.get() })?.report { page.describe(lent) }
        let kept = await volumes.kept()
        page.begin("surplus_volumes", .gauge, "Volumes of which this node keeps the metadata, by its role.")
        page.add(Int64(kept.count { $0.isInCharge }), ["role": "home"])
        page.add(Int64(kept.count { !$0.isInCharge }), ["role": "backup"])
        var conditions: [VolumeCondition] = []
        for one in kept.filter(\.isInCharge).prefix(Self.mostVolumes) {
            // A page without it says that it is not known.
            if let condition = try? await volumes.condition(of: one.volume) { conditions.append(condition) }
        }
        page.describe(conditions)
    }
}

extension Exposition {
    mutating func describe(_ lent: LendingReport) {
        put("surplus_storage_room_bytes", .gauge, unit: "bytes", "What may be lent of this node's disk.", lent.room.rawValue)
        put("surplus_storage_lent_bytes", .gauge, unit: "bytes", "What of it is set aside.", lent.setAside.rawValue)
        let (live, dead) = lent.volumes.reduce((Bytes.zero, Bytes.zero)) { ($0.0 + $1.live, $0.1 + $1.dead) }
        put("surplus_storage_used_bytes", .gauge, unit: "bytes", "What blocks take of it.", live.rawValue)
        put(
            "surplus_storage_dead_bytes", .gauge, unit: "bytes", "What deleted blocks take that are not won back yet.",
            dead.rawValue)
        put(
            "surplus_storage_blocks_damaged", .gauge, "Blocks that are not what was stored, and were not replaced yet.",
            Int64(lent.volumes.reduce(0) { $0 + $1.damaged }))
    }

    mutating func describe(_ volumes: [VolumeCondition]) {
        guard !volumes.isEmpty else { return }
        family("surplus_volume_size_bytes", unit: "bytes", "What the content of a volume can have.", volumes) {
            $0.volume.size.rawValue
        }
        family("surplus_volume_used_bytes", unit: "bytes", "What it has.", volumes) { $0.volume.used.rawValue }
        family("surplus_volume_files", "Files and directories of a volume.", volumes) { Int64(clamping: $0.files) }
        family("surplus_volume_sessions", "Mounts of a volume.", volumes) { Int64($0.sessions.count) }
        family("surplus_volume_blocks_lacking", "Blocks with fewer copies than they are to have.", volumes) {
            Int64(clamping: $0.risk.lacking.blocks)
        }
        family("surplus_volume_blocks_single", "Those of which one copy is left.", volumes) {
            Int64(clamping: $0.risk.single.blocks)
        }
        family("surplus_volume_blocks_lost", "Those of which no good copy is heard of.", volumes) {
            Int64(clamping: $0.risk.lost.blocks)
        }
        begin("surplus_volume_lenders", .gauge, "Nodes that give room to a volume, by what may be expected of them.")
        for volume in volumes {
            for phase in VolumeLender.Phase.allCases {
                add(
                    Int64(volume.lenders.count { $0.phase == phase }),
                    ["volume": volume.volume.volume.description, "name": volume.volume.name, "phase": phase.rawValue])
            }
        }
    }

    private mutating func family(
        _ name: String, unit: String? = nil, _ help: String, _ volumes: [VolumeCondition], _ value: (VolumeCondition) -> Int64
    ) {
        begin(name, .gauge, unit: unit, help)
        for volume in volumes {
            add(value(volume), ["volume": volume.volume.volume.description, "name": volume.volume.name])
        }
    }
}
