import Reports
import Resources

/// One of each report, with the values that a test looks for.
enum Samples {
    /// 2026-11-21 07:58:17 UTC.
    static let now = Timestamp(microseconds: 1_795_247_897_000_000)
    static let wide = Page(width: 120, now: now)
    static let narrow = Page(width: 40, now: now)
    static let pipe = Page(now: now)
    static let plain = Page(isPlain: true, now: now)

    static func time(_ offset: Microseconds) -> CivilTime { CivilTime(now + offset) }

    static let terms = TermFigures(
        amounts: Amounts(cpu: 1500, memory: .mebibytes(512)), prices: Prices(cpu: 1_000_000, memory: 200_000),
        term: .minutes(15), notice: .standard)

    static let status = StatusReport(
        node: "nde_1", pool: "pol_1", poolName: "lab", name: "node1", version: "0.1.0", address: "127.0.0.1:7801",
        startedAt: time(-.minutes(5)), dataDirectory: "/var/lib/surplus", policy: "blade",
        capacity: Amounts(cpu: 2000, memory: .gibibytes(8)), threshold: Amounts(cpu: 1600, memory: .gibibytes(6)),
        ownerUsage: Amounts(cpu: 400, memory: .gibibytes(1)), guestUsage: Amounts(cpu: 800, memory: .mebibytes(512)),
        committed: Amounts(cpu: 1000, memory: .gibibytes(1)), offered: Amounts(cpu: 200, memory: .gibibytes(4)),
        limitsEnforced: true, enforcement: "cgroup v1", throttling: false, heldBack: [], faults: [],
        peers: .init(reachable: 2, known: 3),
        leases: .init(lent: 1, borrowed: 0), jobsRunning: 1, certificateExpiresAt: time(.hours(23)))

    static let node = NodesReport.Node(
        node: "nde_01jd3x9k3v8q2m7r5t6w8y0z1a", name: "node1", address: "127.0.0.1:7801", roles: ["issuer"], status: "active",
        reachable: true, lastSeenAt: time(-.seconds(4)), isSelf: false, version: "0.1.0")

    static let offers = OffersReport(offers: [
        .init(node: "nde_1", name: "node2", terms: terms, limitsEnforced: true, refusal: nil, error: nil),
        .init(
            node: "nde_2", name: "node3", terms: nil, limitsEnforced: true,
            refusal: RefusalFigures(
                term: "cpu", reason: "nothing is free above the threshold of 80%", retryable: true, retryAfter: .seconds(30)),
            error: nil),
        .init(node: "nde_3", name: "node4", terms: nil, limitsEnforced: false, refusal: nil, error: "connection refused"),
    ])

    static let lease = LeaseReport(
        lease: "lse_01jd3x9k3v8q2m7r5t6w8y0z1a", agreement: "agr_01jd3x9k3v8q2m7r5t6w8y0z1a", peer: "nde_2", peerName: "node2",
        role: "borrower", user: "ann", state: "active", reason: nil, terms: terms, grantedAt: time(-.seconds(10)),
        endsAt: time(.minutes(4) + .seconds(30)), ceiling: Amounts(cpu: 1500, memory: .mebibytes(512)), throttled: false,
        usage: Usage(cpu: 12_500_000, memory: 3072), charged: 3472, reserved: 250_000,
        jobs: ["job_01jd3x9k3v8q2m7r5t6w8y0z1a"])

    static let job = JobReport(
        job: "job_01jd3x9k3v8q2m7r5t6w8y0z1a", lease: "lse_1", lender: "nde_2", lenderName: "node2", borrower: "nde_1",
        user: "ann",
        program: "xz", arguments: ["-9", "my file"], environment: ["XZ_OPT": "-T1"], outputs: ["out.xz"], state: "finished",
        exitCode: 0, exitSignal: nil, notStarted: nil, failure: nil, submittedAt: time(-.seconds(20)),
        startedAt: time(-.seconds(19)), finishedAt: time(-.seconds(5)), usage: Usage(cpu: 12_500_000, memory: 3072),
        charged: 3472, limitsEnforced: true, hosted: false, outputsReady: true, outputsFetched: false, missingOutputs: [])

    static let credits = CreditsReport(
        sums: BalanceSums([("spent", -3472)]), pendingIncoming: 0, pendingOutgoing: 250_000,
        lines: [
            .init(
                peer: "nde_2", peerName: "node2", balance: -3472, pendingOwedToUs: 0, pendingWeOwe: 250_000,
                limitGranted: .credits(10),
                limitReceived: .credits(10), disputed: 0)
        ])

    /// Core seconds in kind with node2, due from now to so many days ahead.
    static func obligation(owedToUs: Bool, coreSeconds: Int64, days: Int64) -> ObligationReport {
        ObligationReport(
            obligation: "obl_01jd3x9k3v8q2m7r5t6w8y0z1a", peer: "nde_2", peerName: "node2", owedToUs: owedToUs,
            lease: "lse_01jd3x9k3v8q2m7r5t6w8y0z1a", due: (time(.zero), time(.days(days))),
            left: Usage(cpu: CoreMicroseconds(coreSeconds * 1_000_000), memory: .zero),
            accrued: Usage(cpu: CoreMicroseconds(coreSeconds * 1_000_000), memory: .zero),
            discharged: .init(redeemed: .zero, converted: .zero, cancelled: .zero, offset: .zero),
            standing: .init(isAccruing: false, wasRefused: false, proposal: "", settledAt: nil), premium: .zero, worth: 1_500_000)
    }

    /// A credit that node2 has billed and this node does not accept, or the other way round.
    static func dispute(billedByUs: Bool, reason: String = "2 credits billed, 1 credit plausible") -> DisputeReport {
        DisputeReport(
            dispute: "dsp_01jd3x9k3v8q2m7r5t6w8y0z1a", cause: "receipt", receipt: "rct_01jd3x9k3v8q2m7r5t6w8y0z1a",
            lease: "lse_01jd3x9k3v8q2m7r5t6w8y0z1a", reason: reason,
            parties: .init(peer: "nde_2", peerName: "node2", isOpenedByUs: !billedByUs, isBilledByUs: billedByUs),
            amounts: .init(
                all: Charge(credits: 1_000_000), left: Charge(credits: 750_000), worth: 750_000, accepted: 250_000, withdrawn: 0),
            standing: .init(
                state: "open", openedAt: time(-.minutes(2)), resolvedAt: nil, waiting: "",
                next: billedByUs ? "withdraw" : "accept"),
            lender: .init(LenderEvidence(usage: Usage(cpu: 7_200_000_000), elapsed: .hours(1), throttled: .zero)),
            borrower: .init(
                BorrowerEvidence(plausible: Usage(cpu: 3_600_000_000), elapsed: .hours(1), counted: 3_500_000_000)))
    }

    static let ledger = LedgerReport(
        ok: true, fault: nil, transfers: 4, receipts: 2, checkpoints: 1, segments: 1,
        chainHead: String(repeating: "ab", count: 32))

    static let event = EventReport(
        sequence: 7, at: time(-.seconds(2)), kind: "guest.throttled", subjects: ["lse_1"], message: "ceiling lowered",
        details: ["owner_usage": "900 mcore", "MixedCase": "kept"])

    static let explanation = ExplanationReport(id: "lse_1", kind: "lease", summary: "lent to node2", events: [event])

    private static func view(_ state: String) -> ExplanationReport.LeaseView {
        .init(
            lease: "lse_1", role: "lender", state: state, terms: terms, amounts: Amounts(cpu: 1500), endsAt: time(.minutes(4)),
            renewals: 0, charged: 3472, disputed: 0)
    }

    static let story = ExplanationReport(
        id: "lse_1", kind: "lease", summary: "lent to node2",
        events: [
            EventReport(
                sequence: 7, at: time(-.seconds(2)), kind: "lease.granted", subjects: ["lse_1"], message: "lent", details: [:]),
            EventReport(
                sequence: 9, at: time(-.seconds(1)), kind: "lease.active", subjects: ["lse_1"], message: "borrowed", details: [:],
                side: "nde_2"),
        ],
        sides: [
            .init(
                node: "nde_1", name: "node1", isSelf: true, error: nil, clockOffset: .zero, roundTrip: .zero, shortened: false,
                leases: [view("active")]),
            .init(
                node: "nde_2", name: "node2", isSelf: false, error: nil, clockOffset: .milliseconds(3),
                roundTrip: .milliseconds(1),
                shortened: true, leases: [view("settled")]),
            .init(
                node: "nde_3", name: "node3", isSelf: false, error: "it is away", clockOffset: .zero, roundTrip: .zero,
                shortened: false, leases: []),
        ], differences: ["lse_1: it is open here, settled on node2"])

    static let refused = RefusedLeaseReport(
        refusal: RefusalFigures(term: "cpu", reason: "node2: 0.5 cores of cpu can be lent now", retryable: true, retryAfter: nil),
        alternatives: [
            .init(
                kind: "less", node: "nde_2", nodeName: "node2", terms: terms, nodes: nil,
                command: "surplus lease request --cpu 1.5 --memory 512MiB --on node2"),
            .init(
                kind: "later", node: "nde_2", nodeName: "node2",
                terms: TermFigures(
                    amounts: Amounts(cpu: 4000), prices: Prices(cpu: 1_000_000, memory: 0), term: .minutes(15), notice: .standard,
                    start: time(.minutes(12))), nodes: nil,
                command: "surplus lease request --cpu 4 --start 2026-11-21T08:10:17Z --on node2"),
            .init(
                kind: "less", node: nil, nodeName: nil, terms: terms, nodes: 2,
                command: "surplus lease request --cpu 1.5 --memory 512MiB --nodes 2"),
        ])

    static let dev = DevReport(nodes: [
        .init(
            name: "node1", pid: 4242, wardenPid: 4241, address: "127.0.0.1:7801", dataDirectory: "/tmp/d/node1/data",
            socket: "/tmp/d/node1/run/agent.sock")
    ])

    static let pause = PauseReport(
        pause: PauseFigures(by: "ann", since: time(-.minutes(5)), until: time(.hours(2))), wasPaused: false, dryRun: true,
        leases: [lease])

    static let doctor = DoctorReport(findings: [
        .init(area: "kernel", name: "control groups", severity: "fine", finding: "cgroup v2 with cpu and memory", remedy: nil),
        .init(
            area: "kernel", name: "user namespaces", severity: "warning",
            finding: "users cannot make any; only a warden that runs as root can run guests",
            remedy: "sysctl -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1"),
        .init(area: "disk", name: "ledger", severity: "fault", finding: "it is damaged", remedy: "restore it"),
    ])

    static let usage = UsageReport(
        target: "node1", kind: "node", node: "node1", from: now + -.hours(1), until: now, step: .minutes(1),
        interval: .seconds(1),
        series: [
            .init(
                metric: "network_received", unit: "bytes_per_second",
                total: .init(samples: 3600, min: 0, mean: 123_456, p50: 1000, p95: 400_000, p99: 500_000, max: 1_234_567),
                points: [
                    .init(
                        at: time(-.minutes(30)),
                        figures: .init(samples: 60, min: 0, mean: 123_456, p50: 1000, p95: 400_000, p99: 500_000, max: 1_234_567))
                ])
        ], unmeasured: ["memory_pressure"], incidents: [now + -.minutes(30)])

    static let all: [any Report] = [
        usage, status, NodesReport(nodes: [node]), offers, lease, LeasesReport(leases: [lease]), job, JobsReport(jobs: [job]),
        credits,
        ledger, explanation, story, refused, dev, PoolReport(pool: "pol_1", poolName: "lab", node: "nde_1", name: "node1"),
        TokenReport(token: "tok_1", file: "token", address: "127.0.0.1:7801", expiresAt: time(.minutes(15))),
        RevocationReport(node: node, told: 2, unreachable: 1), VersionReport(version: "0.1.0"), pause,
        ReclaimReport(leases: [lease], dryRun: true), doctor,
        EvictionReport(
            dryRun: true,
            leases: [
                .init(
                    lease: "lse_01jd3x9k3v8q2m7r5t6w8y0z1a", using: Amounts(cpu: 1500, memory: .mebibytes(512)),
                    consumed: Usage(cpu: CoreMicroseconds(90_000_000)))
            ]),
        LogReport(
            sequence: 7, at: time(-.seconds(2)), level: "warning",
            message: "the clock of a peer differs, by more than is good for certificates", fields: ["peer": "node2"], missed: 3),
        DryRunReport(
            command: "lease request", summary: "1.5 cores and 512 MiB would be borrowed from node2 for 15 min",
            effects: [
                .init("node2", "be asked first and lend it", terms: terms, ceiling: 250_000), .init("node3", "not lend it: cpu"),
            ]),
    ]
}
