/// A page that stands on its own: nothing of it is fetched from elsewhere, and nothing in it is executed.
struct ReportPage {
    let title: String
    /// What it is about, in a few sentences.
    let lead: [String]
    var sections: [ReportSection]

    /// The whole file. The same page is the same bytes.
    var html: String {
        let head = Markup(
            "head", [:],
            [
                .lines([
                    Markup("meta", ["charset": "utf-8"]),
                    Markup("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                    Markup("meta", ["name": "color-scheme", "content": "light dark"]),
                    // Holds browsers to it that the page stands on its own.
                    Markup(
                        "meta",
                        ["http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"]),
                    Markup("title", text: title), Markup("style", text: ReportStyle.css),
                ])
            ])
        let opening = [Markup("h1", text: title)] + lead.map { Markup("p", text: $0) }
        let body = Markup("body", [:], [Markup("main", [:], [.lines(opening + sections.map(\.markup))])])
        let page = Markup("html", ["lang": "en", "xmlns": "http://www.w3.org/1999/xhtml"], [.lines([head, body])])
        return "<!DOCTYPE html>\n\(page.xml)\n"
    }
}

/// A part of a page under a heading of its own.
struct ReportSection {
    let title: String
    /// What is to be seen in it, and how it is to be read.
    var words: [String] = []
    var figures: [ReportFigure]

    fileprivate var markup: Markup {
        let heading = [Markup("h2", text: title)] + words.map { Markup("p", text: $0) }
        return Markup("section", [:], [.lines(heading + figures.map(\.markup))])
    }
}

/// A plot with its numbers, either alone, or a sentence where there are neither.
struct ReportFigure {
    let caption: String
    var plot: Markup?
    var table: ReportTable?
    /// Said in place of a plot that there is not.
    var nothing = "There is nothing to draw."
    var isPlotted = true

    fileprivate var markup: Markup {
        var parts = [Markup("figcaption", text: caption)]
        if let plot {
            parts.append(Markup("div", ["class": "plot"], [plot]))
        } else if isPlotted {
            parts.append(Markup("p", ["class": "nothing"], text: nothing))
        }
        if let table, !table.rows.isEmpty { parts.append(isPlotted ? table.folded : table.markup(caption: caption)) }
        return Markup("figure", [:], [.lines(parts)])
    }
}
