import Reports
import Resources
import Wire

extension VolumeFigures {
    init(_ message: Surplus_V1_VolumeInfo) {
        self.init(
            volume: message.volume, name: message.name, home: (message.home, message.homeName),
            backups: zip(message.backups, message.backupNames).map { ($0, $1) }, isReachable: message.reachable,
            epoch: message.epoch, copies: Int(message.copies), size: Bytes(message.sizeBytes), used: Bytes(message.usedBytes),
            health: Health(message.health))
    }
}

extension VolumeFigures.Health {
    fileprivate init(_ message: Surplus_V1_VolumeHealth) {
        switch message {
        case .healthy: self = .healthy
        case .mending: self = .mending
        case .atRisk: self = .atRisk
        case .damaged: self = .damaged
        case .unspecified, .UNRECOGNIZED: self = .unknown
        }
    }
}

extension VolumesReport {
    init(_ message: Surplus_V1_ListVolumesReply) {
        self.init(volumes: message.volumes.map(VolumeFigures.init), unheard: message.unheard)
    }
}

extension VolumeReport {
    init(_ message: Surplus_V1_VolumeStatus) {
        let isKnown = message.hasRisk
        self.init(
            volume: VolumeFigures(message.volume), lenders: message.lenders.map(Lender.init),
            risk: isKnown ? Risk(message.risk) : nil,
            work: message.tasks.map {
                Work(
                    kind: $0.kind, node: $0.node.nonEmpty, nodeName: $0.nodeName.nonEmpty,
                    progress: VolumeProgressFigures($0.progress))
            },
            files: isKnown ? message.files : nil, mostFiles: isKnown ? message.mostFiles : nil,
            mounts: message.sessions.map { Mount(session: $0.session, node: $0.node, name: $0.name) }, faults: message.faults)
    }
}

extension VolumeReport.Lender {
    fileprivate init(_ message: Surplus_V1_VolumeLender) {
        self.init(
            node: message.node, name: message.name, domain: message.domain.nonEmpty, phase: message.phase,
            reason: message.reason.nonEmpty, size: Bytes(message.sizeBytes), used: Bytes(message.usedBytes),
            free: Bytes(message.freeBytes), lease: message.lease.nonEmpty, price: Microcredits(message.diskPerGibHour))
    }
}

extension VolumeReport.Risk {
    fileprivate init(_ message: Surplus_V1_VolumeRisk) {
        self.init(
            lacking: (message.lackingBlocks, Bytes(message.lackingBytes)),
            single: (message.singleBlocks, Bytes(message.singleBytes)), lost: (message.lostBlocks, Bytes(message.lostBytes)),
            damagedCopies: message.damagedCopies)
    }
}

extension VolumeProgressFigures {
    init(_ message: Surplus_V1_VolumeProgress) {
        self.init(
            step: message.step, doneBlocks: message.doneBlocks, totalBlocks: message.totalBlocks, done: Bytes(message.doneBytes),
            total: Bytes(message.totalBytes),
            timeLeft: message.timeLeftMicroseconds > 0 ? Microseconds(message.timeLeftMicroseconds) : nil)
    }
}

extension VolumePlanReport.Plan {
    init(_ message: Surplus_V1_VolumePlan) {
        self.init(
            volume: message.volume.nonEmpty, name: message.name, needed: Bytes(message.neededBytes),
            found: Bytes(message.foundBytes), returned: Bytes(message.returnedBytes),
            placements: message.placements.map {
                .init(
                    node: $0.node, name: $0.name, domain: $0.domain.nonEmpty, bytes: Bytes($0.bytes), free: Bytes($0.freeBytes),
                    price: $0.borrowed ? Microcredits($0.diskPerGibHour) : nil, keepsJournal: $0.keepsJournal)
            },
            refusal: message.hasRefusal ? RefusalFigures(message.refusal) : nil)
    }
}

extension VolumeWorkReport.Outcome {
    init(_ step: Surplus_V1_VolumeStep, _ message: Surplus_V1_VolumeOutcome) {
        self.init(
            volume: step.volume, name: step.name, size: Bytes(message.sizeBytes),
            done: message.hasProgress ? VolumeProgressFigures(message.progress) : nil,
            findings: message.findings.map { .init(subject: $0.subject, fault: $0.fault, mended: $0.mended) },
            findingsLeftOut: message.findingsLeftOut, remarks: message.remarks,
            refusal: message.hasRefusal ? RefusalFigures(message.refusal) : nil)
    }
}
