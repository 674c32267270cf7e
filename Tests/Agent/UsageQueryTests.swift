import Accounting
import Resources
import Testing
import Wire

@testable import Agent

@Suite("Requests for history")
struct UsageQueryTests {
    private let now = Timestamp(microseconds: 1_767_225_600_000_000)

    private func query(_ change: (inout Surplus_V1_UsageRequest) -> Void) throws(FieldError) -> UsageQuery {
        try UsageQuery(.with(change), at: now)
    }

    @Test("Without anything said it is the last hour, all metrics, in sixty points")
    func defaults() throws {
        let query = try query { _ in }
        #expect(query.range == now + -.hours(1)..<now)
        #expect(query.step == .minutes(1))
        #expect(query.metrics == Metric.allCases)
        #expect(query.isUnbounded)
        #expect(try query.emptyChart().points.count == 60)
    }

    @Test("A group stands for its metrics")
    func groups() throws {
        #expect(try query { $0.metrics = ["network", "cpu"] }.metrics == [.cpu, .networkReceived, .networkSent, .load])
    }

    @Test(
        "What makes no sense, or too many points, is refused with the field",
        arguments: [
            ("from", Surplus_V1_UsageRequest.with { ($0.from, $0.until) = (5, 5) }),
            ("from", .with { $0.from = .max }), ("until", .with { $0.until = -1 }), ("from", .with { $0.from = 1 }),
            ("step_microseconds", .with { $0.stepMicroseconds = 1 }), ("step_microseconds", .with { $0.stepMicroseconds = -1 }),
            ("step_microseconds", .with { $0.stepMicroseconds = 1_500_000 }),
            (
                "step",
                .with {
                    $0.stepMicroseconds = 1_000_000
                    $0.from = 1_767_139_200_000_000
                }
            ),
            ("points", .with { $0.points = 1_000_000 }), ("points", .with { $0.points = -1 }),
            ("metrics", .with { $0.metrics = ["gpu"] }), ("metrics", .with { $0.metrics = Array(repeating: "cpu", count: 6) }),
        ])
    func refused(field: String, request: Surplus_V1_UsageRequest) throws {
        let error = #expect(throws: FieldError.self) { try UsageQuery(request, at: now).emptyChart() }
        #expect(error?.field == field)
    }

    @Test("A step too fine for the usual hour is fine enough for a job that ran for minutes")
    func shorter() throws {
        let query = try query { $0.stepMicroseconds = 1_000_000 }
        #expect(throws: FieldError.self) { try query.emptyChart() }
        #expect(try query.over(now..<now + .minutes(5)).emptyChart().points.count == 300)
    }

    @Test("What is asked of another node is the same question")
    func forwarded() throws {
        let asked = try query { ($0.from, $0.metrics, $0.points) = (now.microseconds - 7_000_000_000, ["disk"], 33) }
        let forwarded = try UsageQuery(asked.request(for: "lse_x"), at: now + .seconds(3))
        #expect(forwarded.range == asked.range)
        #expect(forwarded.step == asked.step)
        #expect(forwarded.metrics == asked.metrics)
    }

    @Test("An answer that no honest peer gives is refused")
    func hostile() {
        let figures = Surplus_V1_UsagePoint()
        let bad: [Surplus_V1_UsageReply] = [
            .with { $0.series = Array(repeating: .init(), count: 15) },
            .with { $0.series = [.with { $0.points = Array(repeating: figures, count: Chart.mostPoints + 1) }] },
            .with { $0.series = [.with { $0.metric = String(repeating: "x", count: 300) }] },
            .with { $0.incidents = Array(repeating: 1, count: Chart.mostPoints + 1) },
        ]
        for reply in bad { #expect(throws: FieldError.self) { try reply.check() } }
    }
}
