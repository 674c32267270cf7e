import ArgumentParser
import Reports

/// In which form a report is written.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Write JSON, for scripts.")
    var json = false

    @Flag(help: "Write text without colours, and without shortening it to the terminal's width.")
    var plain = false

    /// Writes `report` to standard output.
    func show(_ report: some Report) throws {
        try Terminal.print(json ? try report.json() : report.text(on: Terminal.page(plain: plain)))
    }

    /// Writes the next of a stream of reports: JSON Lines, or a line of text.
    func showNext(_ report: some Report) throws {
        try Terminal.print(json ? try report.json(compact: true) : report.text(on: Terminal.page(plain: plain)))
    }
}
