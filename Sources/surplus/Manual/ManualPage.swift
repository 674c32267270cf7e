import Resources

/// The manual page of one command in mdoc(7), which both groff and mandoc read.
struct ManualPage {
    private let command: CommandTree
    private let day: String
    private let guide: Guide

    /// - Parameter day: as mdoc writes it, such as `November 21, 2026`.
    init(_ command: CommandTree, day: String) {
        self.command = command
        self.day = day
        guide = Guide(command.discussion ?? "")
    }

    var text: String {
        var page = Roff()
        page.macro("Dd", raw: day)
        page.macro("Dt", raw: "\(command.pageName.uppercased()) 1")
        page.macro("Os", "Surplus", Software.version)
        page.macro("Sh", raw: "NAME")
        page.macro("Nm", command.pageName)
        page.macro("Nd", (command.abstract ?? "").withoutStop.lowercasedFirst)
        synopsis(&page)
        description(&page)
        list(&page, "ENVIRONMENT", "Ev", Guide.environment)
        list(&page, "FILES", "Pa", Guide.files)
        page.macro("Sh", raw: "EXIT STATUS")
        if let exitStatus = guide.exitStatus { page.prose(exitStatus) } else { items(&page, "Li", Guide.exitStatuses) }
        if !guide.examples.isEmpty {
            page.macro("Sh", raw: "EXAMPLES")
            page.literal(guide.examples)
        }
        seeAlso(&page)
        return page.text
    }

    private func synopsis(_ page: inout Roff) {
        page.macro("Sh", raw: "SYNOPSIS")
        page.macro("Nm", command.path.joined(separator: " "))
        for argument in command.shownArguments {
            var words: [Roff.Word] = []
            if let name = argument.preferredName { words.append(.flag(name.text)) }
            if let value = argument.value { words.append(.argument(value)) }
            if argument.isRepeating { words.append(.text("...")) }
            page.words(argument.isOptional ? "Op" : nil, words)
        }
        if !command.children.isEmpty { page.words(command.standsAlone ? "Op" : nil, [.argument("command"), .text("...")]) }
    }

    private func description(_ page: inout Roff) {
        page.macro("Sh", raw: "DESCRIPTION")
        page.prose(command.abstract ?? "")
        for paragraph in guide.paragraphs {
            page.macro("Pp")
            page.prose(paragraph)
        }
        guard !command.shownArguments.isEmpty || !command.children.isEmpty else { return }
        page.macro("Bl", raw: "-tag -width Ds")
        for argument in command.shownArguments {
            var words: [Roff.Word] = []
            for (number, name) in (argument.names ?? []).enumerated() {
                if number > 0 { words.append(.text(",")) }
                words.append(.flag(name.text))
            }
            if let value = argument.value { words.append(.argument(value)) }
            page.words("It", words)
            page.prose(argument.story)
        }
        for child in command.children {
            page.words("It", [.command(child.commandName)])
            page.prose("\(child.abstract ?? "") See \(child.pageName)(1).")
        }
        page.macro("El")
    }

    private func list(_ page: inout Roff, _ title: String, _ macro: String, _ entries: [(String, String)]) {
        page.macro("Sh", raw: title)
        items(&page, macro, entries)
    }

    private func items(_ page: inout Roff, _ macro: String, _ entries: [(String, String)]) {
        page.macro("Bl", raw: "-tag -width Ds")
        for (name, meaning) in entries {
            page.macro("It \(macro)", name)
            page.prose(meaning)
        }
        page.macro("El")
    }

    private func seeAlso(_ page: inout Roff) {
        let parent = command.path.dropLast().joined(separator: "-")
        let pages = ([parent].filter { !$0.isEmpty } + command.children.map(\.pageName)).sorted()
        guard !pages.isEmpty else { return }
        page.macro("Sh", raw: "SEE ALSO")
        for (number, name) in pages.enumerated() {
            page.macro("Xr", raw: Roff.escaped(name) + " 1" + (number == pages.count - 1 ? "" : " ,"))
        }
    }
}

extension String {
    fileprivate var withoutStop: String { hasSuffix(".") ? String(dropLast()) : self }
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
