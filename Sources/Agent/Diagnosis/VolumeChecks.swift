import Resources

/// How the volumes are whose metadata this node keeps.
struct VolumeChecks {
    struct Seen: Sendable {
        let volume: KeptVolume
        /// What its home is called; `nil` where this node is it.
        var home: String?
        /// Whether its home is heard of, and answers for it.
        let answers: Bool
        /// What keeps it from being whole, where this node is the home.
        var faults: [String] = []
    }

    let seen: [Seen]

    static func ask(_ pool: PoolMembership) async -> VolumeChecks {
        let kept = await pool.volumes.kept()
        guard !kept.isEmpty else { return VolumeChecks(seen: []) }
        let known = Dictionary(await PoolVolumes(pool).volumes.map { ($0.kept.volume, $0) }) { first, _ in first }
        var seen: [Seen] = []
        for volume in kept.sorted(by: { $0.name < $1.name }) {
            let latest = known[volume.volume]?.kept ?? volume
            guard latest.home == pool.own else {
                let answers = known[volume.volume]?.isReachable ?? false
                seen.append(Seen(volume: latest, home: pool.name(of: latest.home), answers: answers))
                continue
            }
            // One of which this node has ceased to be the home meanwhile has no faults to tell of here.
            let faults = latest.isInCharge ? (try? await pool.volumes.condition(of: latest.volume).faults) ?? [] : []
            seen.append(Seen(volume: latest, answers: latest.isInCharge, faults: faults))
        }
        return VolumeChecks(seen: seen)
    }

    var findings: [Finding] { seen.flatMap(findings) }

    private func findings(_ seen: Seen) -> [Finding] {
        let name = seen.volume.name
        if let home = seen.home {
            guard !seen.answers else { return [] }
            return [
                .warning(
                    .volumes, name, "its home \(home) is not heard of, and nothing in it can be changed",
                    remedy: "bring \(home) back, or make this node the home: 'surplus volume takeover \(name)'")
            ]
        }
        guard seen.answers else {
            return [
                .warning(
                    .volumes, name, "this node is its home and does not answer for it: too few of its backups are heard of",
                    remedy: "bring its backups back: see 'surplus volume status \(name)' and 'surplus nodes'")
            ]
        }
        return [finding(of: seen.volume)]
            + seen.faults.map {
                .warning(.volumes, name, $0, remedy: "see 'surplus volume status \(name)'")
            }
    }

    private func finding(of volume: KeptVolume) -> Finding {
        let remedy = "bring back the nodes that are lost, or give it more room: see 'surplus volume status \(volume.name)'"
        switch volume.health {
        case .healthy: return .fine(.volumes, volume.name, "every block has all its copies")
        case .mending, nil: return .note(.volumes, volume.name, "blocks lack copies, which are being made")
        case .atRisk: return .warning(.volumes, volume.name, "of some blocks only one copy is left", remedy: remedy)
        case .damaged: return .fault(.volumes, volume.name, "of some blocks no good copy is heard of", remedy: remedy)
        }
    }
}
