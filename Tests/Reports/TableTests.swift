import Resources
import Testing

@testable import Reports

@Suite struct TableTests {
    private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    private func table(_ patience: Table.Column.Patience) -> Table {
        var table = Table([.init("NAME"), .init("SIZE", .right), .init("NOTE", .left, patience)])
        table.add(["a", "1", "a rather long remark about it"])
        table.add(["long-name", "1000", ""])
        return table
    }

    @Test("columns are aligned and lines end without spaces")
    func aligned() {
        #expect(
            lines(table(.kept).text(on: Samples.pipe)) == [
                "NAME       SIZE  NOTE",
                "a             1  a rather long remark about it",
                "long-name  1000",
            ])
    }

    @Test("a narrow page shortens the columns that may be shortened")
    func shortened() {
        let text = table(.shortened).text(on: Page(width: 30, now: Samples.now))
        #expect(lines(text)[1] == "a             1  a rather lon~")
    }

    @Test("a narrow page leaves out the columns that may be left out")
    func omitted() {
        #expect(
            lines(table(.omitted).text(on: Page(width: 30, now: Samples.now))) == [
                "NAME       SIZE", "a             1", "long-name  1000", "left out: NOTE; a wider",
                "terminal, --plain and --json",
                "have all columns",
            ])
    }

    @Test("what is left out makes room for what was shortened")
    func roomAgain() {
        var table = Table([.init("FOR", .left, .shortened), .init("SUM", .right), .init("TRANSFER", .left, .omitted)])
        table.add(["compensation paid", "1", "trf_01jd3x9k3v8q2m7r5t6w8y0z1a"])
        let text = lines(table.text(on: Page(width: 30, now: Samples.now)))
        #expect(text[1] == "compensation paid    1" && text[2].hasPrefix("left out: TRANSFER;"))
    }

    @Test("a page without a width shows everything")
    func unlimited() {
        #expect(table(.omitted).text(on: Samples.pipe).contains("about it"))
    }

    @Test("colours appear only on a page that has them and do not shift columns")
    func colours() {
        var table = Table([.init("A"), .init("B")])
        table.add([.init("x", .good), "y"])
        #expect(table.text(on: Samples.pipe) == "A  B\nx  y\n")
        #expect(
            table.text(on: Page(colour: true, now: Samples.now))
                == "\u{1B}[2mA\u{1B}[0m  \u{1B}[2mB\u{1B}[0m\n\u{1B}[32mx\u{1B}[0m  y\n")
    }

    @Test("wide characters take two columns")
    func wideCharacters() {
        var table = Table([.init("N"), .init("V")])
        table.add(["日本", "1"])
        table.add(["abc", "2"])
        #expect(lines(table.text(on: Samples.pipe)) == ["N     V", "日本  1", "abc   2"])
    }

    @Test("what a peer sends cannot move the cursor, change colours or reverse the text")
    func hostileText() {
        var table = Table([.init("N")])
        table.add([.init("evil\u{1B}[2J\u{202E}\r\n\u{9B}x")])
        let text = table.text(on: Samples.pipe)
        #expect(text == "N\nevil\\u{1b}[2J\\u{202e}\\u{d}\\u{a}\\u{9b}x\n")
        #expect(!text.unicodeScalars.contains("\u{1B}"))
    }

    @Test("every report fits a page of 40 columns")
    func fortyColumns() {
        for report in Samples.all {
            for line in lines(report.text(on: Samples.narrow)) {
                #expect(line.columns <= 40, "\(type(of: report)): \(line)")
            }
        }
    }

    @Test("at 40 columns ids are whole, so that they can be copied, and what a table must show is there")
    func nothingEssentialLost() {
        let lease = LeasesReport(leases: [Samples.lease]).text(on: Samples.narrow)
        for part in [Samples.lease.lease, "active", "from node2", "1.5 cores", "512 MiB"] {
            #expect(lease.contains(part), "\(lease)")
        }
        #expect(JobsReport(jobs: [Samples.job]).text(on: Samples.narrow).contains(Samples.job.job))
        #expect(Samples.lease.text(on: Samples.narrow).contains(Samples.lease.agreement))
        let chain = Samples.ledger.text(on: Samples.narrow).filter { $0 == "a" || $0 == "b" }
        #expect(chain.count >= 64, "a hash that is longer than a line goes on in the next")
        #expect(Samples.status.text(on: Samples.narrow).contains("memory"))
    }

    @Test("where a table does not fit, each row is a block with everything in it")
    func blocks() {
        var table = Table([.init("ID"), .init("NOTE"), .init("MORE", .left, .omitted)])
        table.add(["lse_01jd3x9k3v8q2m7r5t6w8y0z1a", "a remark", "and more"])
        #expect(
            lines(table.text(on: Page(width: 36, now: Samples.now))) == [
                "lse_01jd3x9k3v8q2m7r5t6w8y0z1a", "  note  a remark", "  more  and more",
            ])
    }

    @Test("on a plain page a row is a line, its cells behind tabs, without headings")
    func plainTable() {
        #expect(table(.omitted).text(on: Samples.plain) == "a\t1\ta rather long remark about it\nlong-name\t1000\t\n")
    }

    @Test("no report has colours, blocks, headings or rounded figures on a plain page")
    func plainReports() {
        for report in Samples.all {
            let text = report.text(on: Samples.plain)
            #expect(!text.contains("\u{1B}") && text.utf8.allSatisfy { $0 < 0x80 }, "\(type(of: report))")
            for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                #expect(line.contains("\t") || report is VersionReport || report is DryRunReport, "\(type(of: report)): \(line)")
            }
        }
        let leases = LeasesReport(leases: [Samples.lease]).text(on: Samples.plain).split(separator: "\t").map(String.init)
        #expect(leases[0] == Samples.lease.lease && leases[5] == "2026-11-21T08:02:47.000000Z")
        #expect(leases.last == "0.003472 credits\n", "to the microcredit")
        let usage = Samples.usage.text(on: Samples.plain)
        #expect(usage.hasSuffix("network_received\t0 B/s\t123456 B/s\t400000 B/s\t1234567 B/s\n"), "\(usage)")
    }

    @Test("labelled values wrap below each other")
    func sheet() {
        var sheet = Sheet()
        sheet.add("a", "one two three four five six seven eight")
        sheet.add("label", "x")
        sheet.add("gone", "")
        #expect(
            sheet.text(on: Page(width: 27, now: Samples.now))
                == "a      one two three four\n       five six seven eight\nlabel  x\n")
    }

    @Test("a bar shows owner, guests and threshold in proportion, and never nothing for something")
    func gauge() {
        let page = Samples.pipe
        #expect(Gauge(owner: 25, guests: 25, threshold: 80, capacity: 100, length: 20).text(on: page) == "#####+++++......|...")
        #expect(Gauge(owner: 1, guests: 0, threshold: 100, capacity: 1000, length: 10).text(on: page) == "#|........")
        #expect(Gauge(owner: 2000, guests: 5, threshold: 1000, capacity: 1000, length: 4).text(on: page) == "####")
        #expect(Gauge(owner: 0, guests: 0, threshold: 0, capacity: 0, length: 4).text(on: page) == "....")
    }
}
