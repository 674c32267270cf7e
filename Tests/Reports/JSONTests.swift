import Foundation
import Resources
import Testing

@testable import Reports

@Suite struct JSONTests {
    private func object(_ report: any Report) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
    }

    @Test("every report is one object that states its schema")
    func schema() throws {
        for report in Samples.all { #expect(try object(report)["schema"] as? Int == 1, "\(type(of: report))") }
    }

    @Test("names are in snake case and none starts in capitals")
    func names() throws {
        func check(_ value: Any, _ path: String) {
            if let object = value as? [String: Any] {
                for (key, value) in object where !path.hasSuffix("environment") && !path.hasSuffix("details") {
                    #expect(key.allSatisfy { $0.isLowercase || $0 == "_" || $0.isNumber }, "\(path).\(key)")
                    check(value, "\(path).\(key)")
                }
            }
            for element in value as? [Any] ?? [] { check(element, path) }
        }
        for report in Samples.all { check(try object(report), "\(type(of: report))") }
    }

    @Test("a lease says its amounts, prices and charges with their units, and its end in UTC")
    func lease() throws {
        let expected = """
            {"agreement":"agr_01jd3x9k3v8q2m7r5t6w8y0z1a","ceiling":{"cpu_millicores":1500,"memory_bytes":536870912},\
            "charged_microcredits":3472,"compensation_microcredits":0,"ends_at":"2026-11-21T08:02:47.000000Z","granted_at":"2026-11-21T07:58:07.000000Z",\
            "jobs":["job_01jd3x9k3v8q2m7r5t6w8y0z1a"],"lease":"lse_01jd3x9k3v8q2m7r5t6w8y0z1a","peer":"nde_2","peer_name":"node2",\
            "reserved_microcredits":250000,"role":"borrower","schema":1,"state":"active","terms":{"amounts":{"cpu_millicores":1500,\
            "memory_bytes":536870912},"notice":"standard","prices":{"cpu_microcredits_per_core_hour":1000000,\
            "memory_microcredits_per_gib_hour":200000},"term_microseconds":900000000},"throttled":false,\
            "usage":{"cpu_core_microseconds":12500000,"memory_mib_seconds":3072},"user":"ann"}

            """
        #expect(try Samples.lease.json(compact: true) == expected)
    }

    @Test("names that people chose, such as environment variables, are left as they are")
    func chosenNames() throws {
        #expect(try object(Samples.job)["environment"] as? [String: String] == ["XZ_OPT": "-T1"])
        #expect(try object(Samples.event)["details"] as? [String: String] == ["owner_usage": "900 mcore", "MixedCase": "kept"])
    }

    @Test("the pool to try out lists name, pid, address and data directory of each node")
    func dev() throws {
        let nodes = try #require(try object(Samples.dev)["nodes"] as? [[String: Any]])
        #expect(nodes.first?["name"] as? String == "node1")
        #expect(nodes.first?["pid"] as? Int == 4242)
        #expect(nodes.first?["address"] as? String == "127.0.0.1:7801")
        #expect(nodes.first?["data_directory"] as? String == "/tmp/d/node1/data")
    }

    @Test("a stream has one object a line")
    func lines() throws {
        let line = try Samples.event.json(compact: true)
        #expect(line.hasSuffix("}\n"))
        #expect(line.filter { $0 == "\n" }.count == 1)
    }
}
