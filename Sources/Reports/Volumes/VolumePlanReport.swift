import Resources

/// Where the data of volumes would go, and whether there is room. Nothing of it was done.
package struct VolumePlanReport: Report {
    package struct Placement: Encodable, Sendable {
        let node: String
        let name: String
        let domain: String?
        let bytes: Int64
        let freeBytes: Int64
        let diskMicrocreditsPerGibHour: Int64?
        let keepsJournal: Bool

        /// - Parameters:
        ///   - bytes: that would be taken there, of those that are free.
        ///   - price: of a GiB-hour; `nil` of what the home gives of its own.
        ///   - keepsJournal: it would be the home or a backup.
        package init(
            node: String, name: String, domain: String?, bytes: Bytes, free: Bytes, price: Microcredits?, keepsJournal: Bool
        ) {
            (self.node, self.name, self.domain) = (node, name, domain)
            (self.bytes, freeBytes) = (bytes.rawValue, free.rawValue)
            (diskMicrocreditsPerGibHour, self.keepsJournal) = (price?.rawValue, keepsJournal)
        }
    }

    /// Of one volume.
    package struct Plan: Encodable, Sendable {
        let volume: String?
        let name: String
        let neededBytes: Int64
        let foundBytes: Int64
        let returnedBytes: Int64
        let placements: [Placement]
        package let refusal: RefusalFigures?

        /// - Parameters:
        ///   - volume: its id; `nil` of one that is not there yet.
        ///   - needed: on all nodes together, with all copies; `found` of that has a place.
        ///   - returned: what would be given back.
        ///   - refusal: why it would not be done.
        package init(
            volume: String?, name: String, needed: Bytes, found: Bytes, returned: Bytes, placements: [Placement],
            refusal: RefusalFigures?
        ) {
            (self.volume, self.name) = (volume, name)
            (neededBytes, foundBytes, returnedBytes) = (needed.rawValue, found.rawValue, returned.rawValue)
            (self.placements, self.refusal) = (placements, refusal)
        }
    }

    let dryRun = true
    /// The command, without its arguments.
    let command: String
    package let plans: [Plan]

    package init(command: String, plans: [Plan]) { (self.command, self.plans) = (command, plans) }

    private enum CodingKeys: CodingKey { case dryRun, command, plans }

    /// Whether all of it would be done.
    package var isPossible: Bool { plans.allSatisfy { $0.refusal == nil } }

    package func text(on page: Page) -> String {
        guard !plans.isEmpty else { return page.hint("dry run, nothing was changed: there is nothing to do") }
        let head = page.hint("dry run, nothing was changed")
        return ([head] + plans.map { text(of: $0, on: page) }).filter { !$0.isEmpty }.joined(separator: page.gap)
    }

    private func text(of plan: Plan, on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("volume", plan.name, .strong)
        let (needed, found, returned) = (Bytes(plan.neededBytes), Bytes(plan.foundBytes), Bytes(plan.returnedBytes))
        if needed > .zero || returned == .zero && plan.refusal == nil {
            sheet.add(
                "room",
                needed == .zero
                    ? "none needed: nothing has to be moved"
                    : found >= needed
                        ? "\(page.figure(needed)) needed, all of it found"
                        : "\(page.figure(needed)) needed, \(page.figure(found)) found", found >= needed ? .good : .bad)
        }
        sheet.add("given back", returned > .zero ? page.figure(returned) : nil)
        sheet.add("refused", plan.refusal?.text, .bad)
        guard !plan.placements.isEmpty else { return sheet.text(on: page) }
        var table = Table([
            .init("NODE"), .init("WOULD TAKE", .right), .init("OF FREE", .right), .init("GIB-HOUR", .right),
            .init("JOURNAL", .left), .init("DOMAIN", .left, .omitted),
        ])
        for place in plan.placements {
            table.add([
                .init(place.name, .strong), .init(page.figure(Bytes(place.bytes))), .init(page.figure(Bytes(place.freeBytes))),
                .init(place.diskMicrocreditsPerGibHour.map { page.figure(Microcredits($0)) } ?? "own"),
                .init(place.keepsJournal ? "yes" : "-"), .init(place.domain ?? "-"),
            ])
        }
        return sheet.text(on: page) + table.text(on: page)
    }
}
