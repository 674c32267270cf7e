import ArgumentParser
import Reports

/// In which form a report is written.
struct OutputOptions: ParsableArguments {
    enum Colour: String, CaseIterable, ExpressibleByArgument { case auto, always, never }

    @Flag(help: "Write JSON, for scripts.")
    var json = false

    @Flag(help: "Write a record a line with tabs between its fields, for grep and cut: no headings, nothing shortened.")
    var plain = false

    @Option(help: ArgumentHelp("When to use colours.", valueName: "when"))
    var color = Colour.auto

    /// Writes `report` to standard output.
    func show(_ report: some Report) throws {
        try Terminal.print(json ? try report.json() : report.text(on: Terminal.page(plain: plain, colour: color)))
    }

    /// Writes the next of a stream of reports: JSON Lines, or a line of text.
    func showNext(_ report: some Report) throws {
        try Terminal.print(json ? try report.json(compact: true) : report.text(on: Terminal.page(plain: plain, colour: color)))
    }
}
