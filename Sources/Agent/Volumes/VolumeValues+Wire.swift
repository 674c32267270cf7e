import Resources
import Wire

// Volumes as messages, with the names of nodes beside their ids.

extension PoolMembership {
    func info(_ known: KnownVolume) -> Surplus_V1_VolumeInfo {
        let kept = known.kept
        return .with {
            ($0.volume, $0.name) = (kept.volume.description, kept.name)
            ($0.home, $0.homeName) = (kept.home.description, name(of: kept.home))
            ($0.reachable, $0.epoch) = (known.isReachable, kept.epoch)
            ($0.backups, $0.backupNames) = (kept.backups.map(\.description), kept.backups.map(name(of:)))
            ($0.copies, $0.sizeBytes, $0.usedBytes) = (UInt32(kept.copies), kept.size.rawValue, kept.used.rawValue)
            // What was known of it before its home was lost is not how it is.
            $0.health = Surplus_V1_VolumeHealth(known.isReachable ? kept.health : nil)
        }
    }

    func message(_ condition: VolumeCondition) -> Surplus_V1_VolumeStatus {
        var kept = condition.volume
        kept.health = condition.risk.health
        return .with {
            $0.volume = info(KnownVolume(kept: kept, isReachable: kept.isInCharge))
            $0.lenders = condition.lenders.map(message)
            $0.risk = Surplus_V1_VolumeRisk(condition.risk)
            $0.tasks = condition.tasks.map(message)
            ($0.files, $0.mostFiles) = (condition.files, condition.mostFiles)
            $0.sessions = condition.sessions.map { session in
                .with {
                    ($0.session, $0.node) = (session.session.description, session.node.description)
                    $0.name = name(of: session.node)
                }
            }
            $0.faults = condition.faults
        }
    }

    private func message(_ lender: VolumeLender) -> Surplus_V1_VolumeLender {
        .with {
            ($0.node, $0.name, $0.domain) = (lender.node.description, name(of: lender.node), lender.domain ?? "")
            ($0.phase, $0.reason) = (lender.phase.rawValue, lender.reason)
            ($0.sizeBytes, $0.usedBytes, $0.freeBytes) = (lender.size.rawValue, lender.used.rawValue, lender.free.rawValue)
            ($0.lease, $0.diskPerGibHour) = (lender.lease?.description ?? "", lender.price.rawValue)
        }
    }

    private func message(_ task: VolumeTask) -> Surplus_V1_VolumeTask {
        .with {
            $0.kind = task.kind.rawValue
            ($0.node, $0.nodeName) = (task.node?.description ?? "", task.node.map(name(of:)) ?? "")
            $0.progress = Surplus_V1_VolumeProgress(task.progress)
        }
    }

    func message(_ plan: VolumePlan, _ name: String, _ volume: VolumeID? = nil) -> Surplus_V1_VolumePlan {
        .with {
            ($0.name, $0.volume) = (name, volume?.description ?? "")
            $0.placements = plan.placements.map(message)
            ($0.neededBytes, $0.foundBytes) = (plan.needed.rawValue, plan.found.rawValue)
            $0.returnedBytes = plan.returned.rawValue
            if let refusal = plan.refusal { $0.refusal = Surplus_V1_Refusal(refusal) }
        }
    }

    private func message(_ placement: VolumePlan.Placement) -> Surplus_V1_VolumePlacement {
        .with {
            ($0.node, $0.name, $0.domain) = (placement.node.description, name(of: placement.node), placement.domain ?? "")
            ($0.bytes, $0.freeBytes) = (placement.bytes.rawValue, placement.free.rawValue)
            ($0.borrowed, $0.diskPerGibHour) = (placement.price != nil, placement.price?.rawValue ?? 0)
            $0.keepsJournal = placement.keepsJournal
        }
    }
}

extension Surplus_V1_VolumeRisk {
    init(_ risk: VolumeRisk) {
        self = .with {
            ($0.lackingBlocks, $0.lackingBytes) = (risk.lacking.blocks, risk.lacking.bytes.rawValue)
            ($0.singleBlocks, $0.singleBytes) = (risk.single.blocks, risk.single.bytes.rawValue)
            ($0.lostBlocks, $0.lostBytes) = (risk.lost.blocks, risk.lost.bytes.rawValue)
            $0.damagedCopies = risk.damagedCopies
        }
    }
}

extension Surplus_V1_VolumeProgress {
    init(_ progress: VolumeProgress) {
        self = .with {
            $0.step = progress.step
            ($0.doneBlocks, $0.totalBlocks) = (progress.doneBlocks, progress.totalBlocks)
            ($0.doneBytes, $0.totalBytes) = (progress.done.rawValue, progress.total.rawValue)
            $0.timeLeftMicroseconds = progress.timeLeft?.rawValue ?? 0
        }
    }
}

extension Surplus_V1_VolumeOutcome {
    /// The most findings that are told one by one.
    private static let mostFindings = 1000

    init(_ outcome: VolumeOutcome) {
        let findings = outcome.findings.prefix(Self.mostFindings)
        self = .with {
            $0.progress = Surplus_V1_VolumeProgress(outcome.progress)
            $0.findings = findings.map { finding in
                .with { ($0.subject, $0.fault, $0.mended) = (finding.subject, finding.fault, finding.isMended) }
            }
            $0.findingsLeftOut = outcome.otherFindings + UInt64(outcome.findings.count - findings.count)
            $0.sizeBytes = outcome.size.rawValue
            $0.remarks = outcome.remarks
        }
    }
}
