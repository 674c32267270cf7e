import Resources

/// How a shared volume is, at a glance: healthy or not, what is at risk, what is being done about it and how long that takes.
package struct VolumeReport: Report {
    /// Room that a node gives.
    package struct Lender: Encodable, Sendable {
        let node: String
        let name: String
        let domain: String?
        /// `open`, `closed`, `leaving` or `lost`.
        let phase: String
        let reason: String?
        let sizeBytes: Int64
        let usedBytes: Int64
        let freeBytes: Int64
        let lease: String?
        let diskMicrocreditsPerGibHour: Int64?

        /// - Parameters:
        ///   - lease: under which it is borrowed; `nil` of what the home gives of its own, which costs nothing.
        ///   - price: of a GiB-hour.
        package init(
            node: String, name: String, domain: String?, phase: String, reason: String?, size: Bytes, used: Bytes, free: Bytes,
            lease: String?, price: Microcredits
        ) {
            (self.node, self.name, self.domain) = (node, name, domain)
            (self.phase, self.reason) = (phase, reason)
            (sizeBytes, usedBytes, freeBytes) = (size.rawValue, used.rawValue, free.rawValue)
            (self.lease, diskMicrocreditsPerGibHour) = (lease, lease == nil ? nil : price.rawValue)
        }
    }

    /// Of what there are fewer copies than there should be.
    package struct Risk: Encodable, Sendable {
        let lackingBlocks: UInt64
        let lackingBytes: Int64
        let singleBlocks: UInt64
        let singleBytes: Int64
        let lostBlocks: UInt64
        let lostBytes: Int64
        let damagedCopies: UInt64

        /// - Parameters:
        ///   - lacking: with fewer copies than they are to have, the others included.
        ///   - single: with one copy where there are to be more.
        ///   - lost: with none.
        ///   - damagedCopies: that were not mended yet.
        package init(
            lacking: (blocks: UInt64, bytes: Bytes), single: (blocks: UInt64, bytes: Bytes),
            lost: (blocks: UInt64, bytes: Bytes), damagedCopies: UInt64
        ) {
            (lackingBlocks, lackingBytes) = (lacking.blocks, lacking.bytes.rawValue)
            (singleBlocks, singleBytes) = (single.blocks, single.bytes.rawValue)
            (lostBlocks, lostBytes) = (lost.blocks, lost.bytes.rawValue)
            self.damagedCopies = damagedCopies
        }
    }

    /// What is being done.
    package struct Work: Encodable, Sendable {
        /// `mend`, `evacuate`, `shrink`, `scrub`, `check` or `collect`.
        let kind: String
        let node: String?
        let nodeName: String?
        let progress: VolumeProgressFigures

        package init(kind: String, node: String?, nodeName: String?, progress: VolumeProgressFigures) {
            (self.kind, self.node, self.nodeName, self.progress) = (kind, node, nodeName, progress)
        }

        var text: String { (nodeName.map { "\(kind) \($0): " } ?? "\(kind): ") + progress.text }
    }

    /// Where it is mounted.
    package struct Mount: Encodable, Sendable {
        let session: String
        let node: String
        let name: String

        package init(session: String, node: String, name: String) {
            (self.session, self.node, self.name) = (session, node, name)
        }
    }

    package let volume: VolumeFigures
    let lenders: [Lender]
    /// `nil` when its home is not heard of; so are the numbers of files.
    let risk: Risk?
    let work: [Work]
    let files: UInt64?
    let mostFiles: UInt64?
    let mounts: [Mount]
    let faults: [String]

    package init(
        volume: VolumeFigures, lenders: [Lender], risk: Risk?, work: [Work], files: UInt64?, mostFiles: UInt64?, mounts: [Mount],
        faults: [String]
    ) {
        self.volume = volume
        (self.lenders, self.risk, self.work) = (lenders, risk, work)
        (self.files, self.mostFiles) = (files, mostFiles)
        (self.mounts, self.faults) = (mounts, faults)
    }

    /// Whether nothing has to be done about it.
    package var isWell: Bool { volume.health == .healthy && faults.isEmpty }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("volume", "\(volume.name) (\(volume.volume))", .strong)
        sheet.add("health", health, volume.health.tone)
        for part in dangers { sheet.add("at risk", part.text, part.tone) }
        for work in work { sheet.add("being done", work.text) }
        for fault in faults { sheet.add("fault", fault, .bad) }
        let bar = page.isPlain ? "" : volume.bar(on: page) + " "
        sheet.add(
            "room",
            "\(bar)\(page.figure(volume.used)) of \(page.figure(volume.size)) used, \(page.figure(volume.free)) free",
            volume.free < volume.size.scaled(by: 1, over: 20) ? .warning : .plain)
        sheet.add("files", files.map { "\($0) of at most \(mostFiles ?? 0)" })
        sheet.add("copies", "\(volume.copies)")
        let backups = volume.backupNames.isEmpty ? "no backups" : "backups " + volume.backupNames.joined(separator: ", ")
        sheet.add(
            "home", "\(volume.homeName)\(volume.reachable ? "" : " (not heard of)"), epoch \(volume.epoch); \(backups)",
            volume.reachable ? .plain : .bad)
        sheet.add("mounted on", mounts.map(\.name).counts.joined(separator: ", "))
        let table = lenders.isEmpty ? "" : page.gap + self.table(on: page)
        return sheet.text(on: page) + table
    }

    private var health: String {
        switch volume.health {
        case .healthy: "healthy: every block has its \(volume.copies == 1 ? "copy" : "\(volume.copies) copies")"
        case .mending where dangers.isEmpty: "not known yet: the home looks which copies there are"
        case .mending: "mending: blocks lack copies, none is down to the last one"
        case .atRisk: "at risk: of some blocks only one copy is left"
        case .damaged: "damaged: of some blocks no good copy is left"
        case .unknown: "not known: its home \(volume.homeName) is not heard of"
        }
    }

    private var dangers: [(text: String, tone: Tone)] {
        guard let risk else { return [] }
        var parts: [(String, Tone)] = []
        func add(_ blocks: UInt64, _ bytes: Int64, _ what: String, _ tone: Tone) {
            guard blocks > 0 else { return }
            parts.append(("\(Bytes(bytes).shortText) in \(counted(Int(clamping: blocks), "block")) \(what)", tone))
        }
        add(risk.lostBlocks, risk.lostBytes, "without any copy", .bad)
        add(risk.singleBlocks, risk.singleBytes, "with one copy left", .bad)
        add(risk.lackingBlocks, risk.lackingBytes, "with fewer than \(volume.copies) copies in all", .warning)
        if risk.damagedCopies > 0 {
            let copies = counted(Int(clamping: risk.damagedCopies), "damaged copy", "damaged copies")
            parts.append(("\(copies) to be replaced", .warning))
        }
        return parts
    }

    private func table(on page: Page) -> String {
        var table = Table([
            .init("NODE"), .init("USE", .left, .picture), .init("USED", .right), .init("SIZE", .right), .init("FREE", .right),
            .init("STATE", .left, .shortened), .init("GIB-HOUR", .right, .omitted), .init("DOMAIN", .left, .omitted),
            .init("LEASE", .left, .omitted),
        ])
        for lender in lenders {
            let gauge = Gauge(owner: lender.usedBytes, guests: 0, threshold: lender.sizeBytes, capacity: lender.sizeBytes)
            let tone: Tone = lender.phase == "open" ? .good : lender.phase == "lost" ? .bad : .warning
            table.add([
                .init(lender.name, .strong), .init(gauge.text(on: page)), .init(page.figure(Bytes(lender.usedBytes))),
                .init(page.figure(Bytes(lender.sizeBytes))), .init(page.figure(Bytes(lender.freeBytes))),
                .init([lender.phase, lender.reason].compactMap(\.self).joined(separator: ": "), tone),
                .init(lender.diskMicrocreditsPerGibHour.map { page.figure(Microcredits($0)) } ?? "-"),
                .init(lender.domain ?? "-"), .init(lender.lease ?? "-", .dim),
            ])
        }
        return table.text(on: page)
    }
}

extension [String] {
    /// Each once, in order, with how often it is there: `blade1, blade2 (2 mounts)`.
    fileprivate var counts: [String] {
        var result: [(name: String, count: Int)] = []
        for name in sorted() {
            if result.last?.name == name { result[result.count - 1].count += 1 } else { result.append((name, 1)) }
        }
        return result.map { $0.count == 1 ? $0.name : "\($0.name) (\($0.count) mounts)" }
    }
}
