import Resources
import Testing

@testable import Reports

@Suite("Disk in reports")
struct DiskReportTests {
    private static let terms = TermFigures(
        amounts: Amounts(disk: .gibibytes(20)), prices: Prices(cpu: .zero, memory: .zero, disk: 5000), term: .hours(12),
        notice: .standard)

    private static func lease(_ terms: TermFigures, usage: Usage) -> LeaseReport {
        var lease = Samples.lease
        (lease.terms, lease.usage) = (terms, UsageFigures(usage))
        return lease
    }

    @Test("A lease of disk says what of it was lent, at which price, and how much that came to")
    func lease() {
        let text = Self.lease(Self.terms, usage: Usage(disk: MiBSeconds(20 * 1024 * 3600))).text(on: Samples.wide)
        #expect(text.contains("20 GiB of disk\n") && text.contains("0.005 credits a GiB-hour of disk\n"))
        #expect(text.contains("20 GiB-h of disk\n") && !text.contains("core-hour"))
    }

    @Test("Lists have a column of disk only where there is some")
    func lists() {
        let disk = Self.lease(Self.terms, usage: .zero)
        let (both, plain) = (LeasesReport(leases: [Samples.lease, disk]), LeasesReport(leases: [Samples.lease]))
        let head = both.text(on: Samples.wide).split(separator: "\n")[0]
        #expect(head.contains("MEMORY    DISK  ENDS") && !plain.text(on: Samples.wide).contains("DISK"))
        let offers = OffersReport(offers: [
            .init(node: "nde_1", name: "node2", terms: Self.terms, limitsEnforced: true, refusal: nil, error: nil)
        ])
        #expect(offers.text(on: Samples.wide).contains("node2  20 GiB  0.005 credits   12 h  standard"))
    }

    @Test("JSON has figures of disk only where there is some")
    func json() throws {
        let (disk, plain) = (Self.lease(Self.terms, usage: Usage(disk: 7)), Samples.lease)
        let text = try disk.json(compact: true)
        for field in ["\"disk_bytes\":21474836480", "\"disk_microcredits_per_gib_hour\":5000", "\"disk_mib_seconds\":7"] {
            #expect(text.contains(field), "\(field)")
        }
        #expect(!(try plain.json(compact: true)).contains("disk"))
    }

    @Test("What was traded of disk is a column, a resource, and a part of what was paid")
    func trade() {
        let entry = TradeReport.Entry(
            at: Samples.now, lease: "lse_1", peer: "nde_1", peerName: "node1", isLent: true,
            used: Usage(disk: MiBSeconds(1024 * 3600)), paid: .init(disk: 5000), compensation: .zero, disputed: .init(),
            inKind: .init(deferred: Usage(disk: MiBSeconds(2 * 1024 * 3600))))
        func report(_ by: TradeReport.Grouping) -> TradeReport {
            TradeReport(nodeName: "n", since: nil, until: nil, by: [by], entries: [entry], holders: [], utcOffset: .zero)
        }
        let text = report(.resource).text(on: Samples.wide)
        #expect(text.contains("DISK GIB-H  OWED DISK GIB-H\n"))
        #expect(text.contains("\ndisk ") && text.contains("1.000000         2.000000\n"))
        #expect(report(.peer).changeMicrocredits == 5000)
        #expect(report(.peer).changeInKind.usage == Usage(disk: MiBSeconds(2 * 1024 * 3600)))
    }

    @Test("What is owed in disk has a column of its own")
    func obligations() {
        let disk = ObligationReport(
            obligation: "obl_1", peer: "nde_1", peerName: "node1", owedToUs: true, lease: "lse_1",
            due: (Samples.time(.hours(1)), Samples.time(.hours(2))), left: Usage(disk: MiBSeconds(1024 * 3600)),
            accrued: Usage(disk: MiBSeconds(1024 * 3600)),
            discharged: .init(redeemed: .zero, converted: .zero, cancelled: .zero, offset: .zero),
            standing: .init(isAccruing: false, wasRefused: false, proposal: "", settledAt: nil), premium: .zero, worth: 5000)
        let text = ObligationsReport([disk]).text(on: Samples.wide)
        #expect(text.contains("DISK LEFT") && text.contains("1 GiB-h"))
        #expect(disk.text(on: Samples.wide).contains("1 GiB-h of disk (0.005 credits)"))
        let plain = ObligationsReport([Samples.obligation(owedToUs: true, coreSeconds: 5, days: 1)])
        #expect(!plain.text(on: Samples.wide).contains("DISK"))
    }

    @Test("The status of a node has a row of disk where it has room for it")
    func status() {
        var status = Samples.status
        #expect(!status.text(on: Samples.wide).contains("disk"))
        status.capacity = AmountFigures(Amounts(cpu: 2000, memory: .gibibytes(8), disk: .gibibytes(100)))
        #expect(status.text(on: Samples.wide).contains("\ndisk "))
    }
}
