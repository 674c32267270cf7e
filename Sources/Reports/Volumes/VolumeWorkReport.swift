import Resources

/// What came of work on volumes.
package struct VolumeWorkReport: Report {
    package struct Finding: Encodable, Sendable {
        let subject: String
        let fault: String
        let mended: Bool

        package init(subject: String, fault: String, mended: Bool) {
            (self.subject, self.fault, self.mended) = (subject, fault, mended)
        }
    }

    /// Of one volume.
    package struct Outcome: Encodable, Sendable {
        let volume: String
        let name: String
        let sizeBytes: Int64
        let done: VolumeProgressFigures?
        let findings: [Finding]
        let findingsLeftOut: UInt64
        let remarks: [String]
        package let refusal: RefusalFigures?

        /// - Parameters:
        ///   - size: of the volume now.
        ///   - done: all that was done; `nil` where it was refused.
        ///   - remarks: what to know of it besides.
        package init(
            volume: String, name: String, size: Bytes, done: VolumeProgressFigures?, findings: [Finding], findingsLeftOut: UInt64,
            remarks: [String], refusal: RefusalFigures?
        ) {
            (self.volume, self.name, sizeBytes, self.done) = (volume, name, size.rawValue, done)
            (self.findings, self.findingsLeftOut) = (findings, findingsLeftOut)
            (self.remarks, self.refusal) = (remarks, refusal)
        }
    }

    /// The command, without its arguments.
    let command: String
    package let outcomes: [Outcome]

    package init(command: String, outcomes: [Outcome]) { (self.command, self.outcomes) = (command, outcomes) }

    /// Whether all was done, and nothing is wrong any more.
    package var isWell: Bool {
        outcomes.allSatisfy { $0.refusal == nil && $0.findingsLeftOut == 0 && $0.findings.allSatisfy(\.mended) }
    }

    package func text(on page: Page) -> String {
        guard !outcomes.isEmpty else { return page.hint("there was nothing to do") }
        return outcomes.map { text(of: $0, on: page) }.joined(separator: page.gap)
    }

    /// What was done to copies of blocks.
    private var deed: String {
        switch command {
        case "volume check": "compared"
        case "volume scrub": "read"
        default: "moved"
        }
    }

    private var isLooking: Bool { deed != "moved" }

    private func text(of done: VolumeProgressFigures, on page: Page) -> String {
        "\(done.doneBlocks) \(done.doneBlocks == 1 ? "copy" : "copies") of blocks, \(page.figure(Bytes(done.doneBytes)))"
    }

    private func text(of outcome: Outcome, on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("volume", outcome.name, .strong)
        sheet.add("refused", outcome.refusal?.text, .bad)
        if let done = outcome.done {
            sheet.add("size", page.figure(Bytes(outcome.sizeBytes)))
            sheet.add(deed, isLooking || done.doneBlocks > 0 ? text(of: done, on: page) : nil)
            let count = UInt64(outcome.findings.count) + outcome.findingsLeftOut
            let open = outcome.findings.count { !$0.mended } + Int(clamping: outcome.findingsLeftOut)
            let text = count == 0 ? "nothing wrong" : "\(counted(Int(clamping: count), "fault")), \(open) not mended"
            let tone: Tone = open > 0 ? .bad : count > 0 ? .warning : .good
            sheet.add("found", isLooking || count > 0 ? text : nil, tone)
            for remark in outcome.remarks { sheet.add("now", remark) }
        }
        guard !outcome.findings.isEmpty else { return sheet.text(on: page) }
        var table = Table([.init("WHAT"), .init("FAULT", .left, .shortened), .init("NOW")])
        for finding in outcome.findings {
            table.add([
                .init(finding.subject), .init(finding.fault),
                finding.mended ? .init("mended", .good) : .init("not mended", .bad),
            ])
        }
        let more = outcome.findingsLeftOut > 0 ? page.hint("and \(outcome.findingsLeftOut) more") : ""
        return sheet.text(on: page) + table.text(on: page) + more
    }
}

/// What was deleted with a volume.
package struct VolumeRemovalReport: Report {
    let volume: String
    let name: String
    let freedBytes: Int64
    /// Nodes that delete what they have later, by name.
    let unheard: [String]

    package init(volume: String, name: String, freed: Bytes, unheard: [String]) {
        (self.volume, self.name, freedBytes, self.unheard) = (volume, name, freed.rawValue, unheard)
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("deleted", "\(name) (\(volume))")
        sheet.add("freed", page.figure(Bytes(freedBytes)))
        sheet.add("later", unheard.isEmpty ? nil : "\(unheard.joined(separator: ", ")), once heard of again", .warning)
        return sheet.text(on: page)
    }
}
