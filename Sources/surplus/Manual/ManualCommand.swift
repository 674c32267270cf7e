import ArgumentParser
import FoundationEssentials
import Glibc

struct Manual: ParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument { case mdoc, markdown }

    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Write the manual pages, one for each command.",
        discussion: """
            Examples:
              surplus manual --out /usr/local/share/man/man1     then: man surplus, man surplus-run
              surplus manual --out . && man ./surplus-lease-request.1
              surplus manual --format markdown --out Docs        one page about every command, Docs/commands.md

            The pages say what --help says; that of mount.surplus, which mount(8) calls, is among them. Their date is today's, or that of SOURCE_DATE_EPOCH.
            """)

    @Option(
        help: ArgumentHelp("The directory for the pages; it is made if need be.", valueName: "dir"), completion: .directory)
    var out: String

    @Option(help: ArgumentHelp("What is written: a page for man each, or one in Markdown.", valueName: "format"))
    var format = Format.mdoc

    func run() throws {
        let tree = try CommandTree.load()
        try OutputPlacement.makeParents(of: out + "/page")
        guard format == .mdoc else {
            return try TextFile.write(CommandReference(tree).text, to: "\(out)/\(CommandReference.fileName)")
        }
        let day = ManualDay.current
        for command in tree.withDescendants {
            try TextFile.write(ManualPage(command, day: day).text, to: "\(out)/\(command.pageName).1")
        }
        try TextFile.write(MountPage(day: day).text, to: "\(out)/\(MountPage.fileName)")
    }
}

/// The day that pages are of, as mdoc(7) writes it.
enum ManualDay {
    static var current: String {
        var seconds = Terminal.variable("SOURCE_DATE_EPOCH").flatMap { time_t($0) } ?? time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
            "December",
        ]
        return "\(months[Int(parts.tm_mon)]) \(parts.tm_mday), \(parts.tm_year + 1900)"
    }
}
