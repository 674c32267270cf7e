import Foundation
import Resources
import Simulation
import Testing

@testable import surplus_sim

@Suite("Logs of jobs and outages")
struct LogTests {
    private func files(_ texts: [String: String], _ body: (String) throws -> Void) throws {
        let directory = NSTemporaryDirectory() + "/surplus-log-\(UUID())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for (name, text) in texts {
            try text.write(toFile: directory + "/" + name, atomically: false, encoding: .utf8)
            guard name.hasSuffix(".gz") else { continue }
            try FileManager.default.moveItem(atPath: directory + "/" + name, toPath: directory + "/" + name.dropLast(3))
            let process = try Process.run(URL(fileURLWithPath: "/usr/bin/gzip"), arguments: [directory + "/" + name.dropLast(3)])
            process.waitUntilExit()
        }
        try body(directory)
    }

    private let most = Amounts(cpu: .cores(4), memory: .gibibytes(16))

    private func line(_ number: Int, at time: Int, lasting seconds: Int, on processors: Int, user: Int) -> String {
        "\(number) \(time) -1 \(seconds) \(processors) -1 -1 -1 -1 -1 -1 \(user) 1 -1 -1 1 -1 -1\n"
    }

    @Test("A job of more processors than a machine has is as many as it takes; what never ran or comes too late is left out")
    func workload() throws {
        let text =
            "; a comment\n" + line(1, at: 100, lasting: 60, on: 10, user: 3) + line(2, at: 160, lasting: 30, on: 1, user: 2)
            + line(3, at: 170, lasting: -1, on: 1, user: 2) + line(4, at: 9000, lasting: 5, on: 1, user: 2)
        try files(["log.swf": text]) { directory in
            let log = try JobLog.read(directory + "/log.swf")
            #expect(log.entries.count == 3 && log.skipped == 1)
            let jobs = log.jobs(for: .hours(1), on: most)
            #expect(jobs.map(\.amounts.cpu) == [.cores(4), .cores(4), .cores(2), .cores(1)])
            #expect(jobs.map(\.submitted) == [.zero, .zero, .zero, .seconds(60)])
            #expect(jobs[2].work == CoreMicroseconds(.cores(2), for: .seconds(60)))
            #expect(jobs[0].notice == .elastic && jobs[3].notice == .firm)
        }
    }

    @Test(
        "What is no job is one error with its place",
        arguments: [
            ("1 2 3\n", ":1: 3 fields where the format has 18"),
            ("; x\n1 0 -1 x 1 -1 -1 -1 -1 -1 -1 1 1 -1 -1 1 -1 -1\n", ":2: field 4"),
            ("1 -1 -1 5 1 -1 -1 -1 -1 -1 -1 1 1 -1 -1 1 -1 -1\n", ":1: field 2"), ("; nothing\n", "has no job"),
        ])
    func nonsense(text: String, fault: String) throws {
        try files(["log.swf": text]) { directory in
            let error = try #require(throws: Misuse.self) { try JobLog.read(directory + "/log.swf") }
            #expect(error.description.hasPrefix(directory) && error.description.contains(fault), "\(error)")
        }
    }

    @Test("Requests for virtual machines have a tenant for each batch, and last as long as the middle of their class")
    func arrivals() throws {
        let all = [
            "flav_map.txt": "1,2 a\n2,14 b\n", "v1.interval_map.txt": "0 0\n300 1\n600 2\n",
            "v1.dev.txt.gz": "1000 a,b,|,a,|,\n1300 b,|,\n", "v1.dev.c2100000.txt.gz": "1000 U1,U0,|,C2,|,\n1300 U1,|,\n",
        ]
        try files(all) { directory in
            let jobs = try JobLog.read(directory).jobs(for: .hours(1), on: most)
            #expect(jobs.map(\.user) == [0, 0, 1, 2] && jobs.map(\.submitted) == [.zero, .zero, .zero, .seconds(300)])
            #expect(jobs[0].work == CoreMicroseconds(.cores(1), for: .seconds(450)))
            #expect(jobs[1].work == CoreMicroseconds(.cores(2), for: .seconds(150)))
            #expect(jobs[1].amounts == Amounts(cpu: .cores(2), memory: .gibibytes(14)))
        }
        var broken = all
        broken["v1.dev.c2100000.txt.gz"] = "1000 U1,U9,|,C2,|,\n1300 U1,|,\n"
        try files(broken) { directory in
            let error = try #require(throws: Misuse.self) { try JobLog.read(directory) }
            #expect(error.description.contains(":1: 'U9' is no lifetime"), "\(error)")
        }
    }

    @Test("Each machine has what one node had in one stretch of the log; the system with the most outages is taken")
    func outages() throws {
        let head = "system,nodes_in_system,procs_per_node,node,start_local,end_local,cause\n"
        let text =
            head + "2,3,1,0,2000-01-01T00:00,2000-01-01T02:00,x\n" + "2,3,1,2,2000-01-02T01:00,2000-01-03T05:00,x\n"
            + "7,1,1,0,2001-01-01T00:00,2001-01-01T02:00,x\n"
        try files(["outages.csv": text]) { directory in
            let log = try OutageLog.read(directory + "/outages.csv")
            let found = log.outages(machines: 6, for: .days(1))
            #expect(
                found == [
                    Outage(machine: 0, from: .zero, until: .hours(2)), Outage(machine: 5, from: .hours(1), until: .days(1)),
                ])
            #expect(log.outages(machines: 3, for: .days(1)).count == 1)
        }
        for (text, fault) in [
            ("", "is empty"), ("a,b\n", "has no column 'system'"), (head + "2,3\n", ":2: 2 cells"),
            (head + "2,3,1,0,x,y,z\n", ":2: write numbers"),
        ] {
            try files(["outages.csv": text]) { directory in
                let error = try #require(throws: Misuse.self) { try OutageLog.read(directory + "/outages.csv") }
                #expect(error.description.contains(fault), "\(error)")
            }
        }
    }
}
