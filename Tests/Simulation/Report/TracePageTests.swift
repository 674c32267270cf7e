import Foundation
import Policy
import Resources
import Simulation
import Testing

@testable import surplus_sim

@Suite("The page of a trace")
struct TracePageTests {
    private func page(_ machines: [[BasisPoints?]], data: [String] = ["trace.csv"], fleet: FleetReport? = nil) -> TracePage {
        var replay = LendingReplay(threshold: .percent(65), appetite: Appetite(takenBack: .percent(1)))
        replay.otherAppetites = TraceDetails.appetites.filter { $0 != replay.appetite.takenBack }
        let report = replay.run(UsageTrace(machines: machines))
        let details = TraceDetails(report, replay)
        let said = TraceReport(report, replay, machines, details: details)
        return TracePage(report: said, details: details, data: data, term: 1, fleet: fleet)
    }

    /// Two machines, one of which jumps now and then, with a gap.
    private var machines: [[BasisPoints?]] {
        let calm = (0..<120).map { BasisPoints(Int64(1500 + $0 % 7 * 100)) as BasisPoints? }
        var wild = (0..<120).map { BasisPoints($0.isMultiple(of: 17) ? 8000 : 2000) as BasisPoints? }
        wild[40] = nil
        return [calm, wild]
    }

    @Test("A page is well-formed, has every plot with its numbers, and names for all of them")
    func whole() throws {
        let parsed = try #require(ParsedMarkup(page(machines).html))
        #expect(parsed.all("svg").count == 4 && parsed.all("details").count == 4)
        #expect(parsed.texts("h2").count == 4 && !parsed.texts("h2").contains("Credits among nodes"))
        let ids = parsed.elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        #expect(parsed.texts("th").contains("firm, appetite 0.25%") && parsed.texts("text").contains("1% (chosen)"))
        for svg in parsed.all("svg") {
            let named = (svg.attributes["aria-labelledby"] ?? "").split(separator: " ").map(String.init)
            #expect(named.count == 2 && named.allSatisfy(ids.contains))
        }
    }

    @Test("Nothing is fetched from elsewhere or executed")
    func alone() throws {
        let html = page(machines).html
        let parsed = try #require(ParsedMarkup(html))
        #expect(parsed.all("script").isEmpty && parsed.all("link").isEmpty && parsed.all("img").isEmpty)
        #expect(parsed.elements.allSatisfy { $0.attributes["src"] == nil && $0.attributes["href"] == nil })
        #expect(!html.contains("url(") && !html.contains("@import"))
    }

    @Test("The same trace is the same bytes")
    func repeatable() { #expect(page(machines).html == page(machines).html) }

    @Test("What comes from outside is escaped")
    func escaping() throws {
        let parsed = try #require(ParsedMarkup(page(machines, data: ["<b>&\u{7}.csv"]).html))
        #expect(parsed.all("b").isEmpty)
        #expect(parsed.texts("p").contains { $0.contains("<b>&\u{FFFD}.csv") })
    }

    @Test("Without a sample that is judged there are sentences in place of plots")
    func empty() throws {
        let parsed = try #require(ParsedMarkup(page([[.percent(10)]]).html))
        #expect(parsed.all("svg").isEmpty)
        #expect(parsed.all("p").count { $0.attributes["class"] == "nothing" } == 4)
    }

    @Test("Where nothing had to be taken back a sentence says so")
    func calm() throws {
        let parsed = try #require(ParsedMarkup(page([Array(repeating: .percent(20), count: 60)]).html))
        #expect(parsed.texts("p").contains { $0.hasPrefix("Owner and loan never passed the threshold") })
        #expect(parsed.all("svg").count == 3)
    }

    @Test("Where jobs were run there are sections on what they used, and on the credits that nodes earned")
    func jobs() throws {
        let job = FleetJob(
            user: 0, submitted: .zero, amounts: Amounts(cpu: .cores(1), memory: .mebibytes(64)),
            work: CoreMicroseconds(.cores(1), for: .minutes(10)), notice: .standard)
        let capacity = Amounts(cpu: .cores(4), memory: .gibibytes(4))
        let policy = LendingPolicy(
            name: "fleet", cpu: ResourceRule(threshold: .percent(65), share: .percent(65), price: .credits(1)),
            memory: ResourceRule(threshold: .percent(90), share: .percent(90), price: .zero))
        let owners = machines.map { Array($0.prefix(12)) }
        let report = FleetReplay.run(
            FleetScenario(owners: UsageTrace(machines: owners), capacity: capacity, policy: policy, jobs: [job]))
        #expect(report.finished == 1)
        let parsed = try #require(ParsedMarkup(page(machines, fleet: report).html))
        #expect(parsed.texts("h2").suffix(2) == ["Jobs on what is lent", "Credits among nodes"])
    }

    @Test("What is drawn is in JSON where a page is made, and otherwise is not")
    func json() throws {
        struct Document: Decodable {
            struct Stretch: Decodable { let fromMinutes, toMinutes: Int }
            struct Choice: Decodable { let appetitePercent, lentPercent, takenBackPercent: Double }
            let series: [Stretch]?
            let curve: [Choice]?
        }
        func read(_ said: TraceReport) throws -> Document {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Document.self, from: Data(try Console.json(said).utf8))
        }
        let document = try read(page(machines).report)
        #expect(document.series?.count == 108 && document.series?.first?.fromMinutes == 60)
        #expect(document.curve?.map(\.appetitePercent) == [0.25, 0.5, 1, 1.5, 2, 3, 5])
        let replay = LendingReplay(threshold: .percent(65), appetite: Appetite(takenBack: .percent(1)))
        let plain = TraceReport(replay.run(UsageTrace(machines: machines)), replay, machines)
        #expect(try read(plain).series == nil)
        #expect(!(try Console.json(plain)).contains("machines_taken_back"))
    }

    @Test("Over time the means are those of the whole, and firm loans lie between owners and the bound")
    func series() {
        let page = page(machines)
        let samples = page.details.series.reduce(0) { $0 + $1.samples }
        let used = page.details.series.reduce(0.0) { $0 + $1.ownersPercent * Double($1.samples) } / Double(samples)
        #expect(samples == page.report.samples && abs(used - page.report.ownersPercent) < 1e-9)
        for stretch in page.details.series {
            #expect(stretch.ownersPercent <= stretch.withFirmPercent && stretch.withFirmPercent <= stretch.foresightPercent)
        }
        #expect(page.details.machinesTakenBack.reduce(0) { $0 + $1.lastSampleMachines } == 2)
        #expect(page.details.overshoots.last.map { $0.lastSampleSamples > 0 } == true)
    }
}
