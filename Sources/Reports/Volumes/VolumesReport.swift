import Resources

/// The shared volumes of the pool.
package struct VolumesReport: Report {
    let volumes: [VolumeFigures]
    /// Members that could not be asked, by name.
    let unheard: [String]

    package init(volumes: [VolumeFigures], unheard: [String]) { (self.volumes, self.unheard) = (volumes, unheard) }

    package func text(on page: Page) -> String {
        guard !volumes.isEmpty else {
            return page.hint("no shared volumes: 'surplus volume create NAME --size SIZE' makes one") + remark(on: page)
        }
        var table = Table([
            .init("NAME"), .init("HEALTH"), .init("USE", .left, .picture), .init("USED", .right), .init("SIZE", .right),
            .init("COPIES", .right), .init("HOME", .left, .shortened), .init("ID", .left, .omitted),
        ])
        for volume in volumes {
            table.add([
                .init(volume.name, .strong), .init(volume.health.text, volume.health.tone), .init(volume.bar(on: page)),
                .init(page.figure(volume.used)), .init(page.figure(volume.size)), .init("\(volume.copies)"),
                .init(volume.homeName, volume.reachable ? .plain : .warning), .init(volume.volume, .dim),
            ])
        }
        return table.text(on: page) + remark(on: page)
    }

    private func remark(on page: Page) -> String {
        guard !unheard.isEmpty else { return "" }
        return page.hint(
            "not heard of: \(unheard.map(\.printable).joined(separator: ", ")); volumes that only they keep are missing here")
    }
}
