import Foundation
import Resources
import Simulation

/// When machines of a computing centre were down: a file of comma-separated values whose first line names the columns, among them
/// `system`, `nodes_in_system`, `node`, `start_local` and `end_local`.
struct OutageLog {
    private struct Row {
        let node: Int
        /// In minutes.
        let from: Int64
        let until: Int64
    }

    private var rows: [Row] = []
    private var nodes = 0

    /// Reads the system with the most outages.
    static func read(_ path: String) throws(Misuse) -> OutageLog {
        let lines = try TextFile.lines(of: path, comment: "#")
        guard let head = lines.first else { throw Misuse("\(path): is empty") }
        let names = head.text.split(separator: ",", omittingEmptySubsequences: false)
        var places: [Int] = []
        for name in ["system", "nodes_in_system", "node", "start_local", "end_local"] {
            guard let place = names.firstIndex(of: Substring(name)) else {
                throw Misuse("\(path):\(head.number): has no column '\(name)'")
            }
            places.append(place)
        }
        var systems: [String: OutageLog] = [:]
        for (number, text) in lines.dropFirst() {
            let cells = text.split(separator: ",", omittingEmptySubsequences: false)
            guard cells.count == names.count else {
                throw Misuse("\(path):\(number): \(cells.count) cells where the first line names \(names.count)")
            }
            guard let nodes = Int(cells[places[1]]), let node = Int(cells[places[2]]), node >= 0, node < 1 << 20,
                let from = minutes(cells[places[3]]), let until = minutes(cells[places[4]]), until >= from
            else {
                throw Misuse("\(path):\(number): write numbers, and times as 2001-12-31T23:59, the end not before the start")
            }
            var log = systems[String(cells[places[0]])] ?? OutageLog()
            log.rows.append(Row(node: node, from: from, until: until))
            log.nodes = max(log.nodes, nodes, node + 1)
            systems[String(cells[places[0]])] = log
        }
        let largest = systems.sorted { ($1.value.rows.count, $0.key) < ($0.value.rows.count, $1.key) }.first
        guard let largest else { throw Misuse("\(path): has no outage in it") }
        return largest.value
    }

    /// The outages of so many machines in a time: each has what one node of the system had in one stretch of the log, the first so
    /// many machines in its first stretch, and so on.
    func outages(machines: Int, for span: Microseconds) -> [Outage] {
        let minute = Microseconds.minutes(1).rawValue
        guard let first = rows.map(\.from).min(), span.rawValue >= minute else { return [] }
        let length = span.rawValue / minute
        var found: [Outage] = []
        for row in rows {
            let stretch = (row.from - first) / length
            let machine = Int(stretch) * nodes + row.node
            guard machine < machines else { continue }
            let from = (row.from - first) % length
            found.append(
                Outage(
                    machine: machine, from: .minutes(from),
                    until: .minutes(max(from + 1, min(length, from + row.until - row.from)))))
        }
        return found.sorted { ($0.from, $0.machine) < ($1.from, $1.machine) }
    }

    /// Minutes since some beginning, of a time such as `2001-12-31T23:59`.
    private static func minutes(_ text: Substring) -> Int64? {
        let parts = text.split(whereSeparator: { "-T:".contains($0) }).compactMap { Int64($0) }
        guard parts.count == 5, (1...12).contains(parts[1]), (1...31).contains(parts[2]), (0...24).contains(parts[3]),
            (0...59).contains(parts[4]), (1900...2200).contains(parts[0])
        else { return nil }
        var components = DateComponents()
        (components.year, components.month, components.day) = (Int(parts[0]), Int(parts[1]), Int(parts[2]))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        guard let date = calendar.date(from: components) else { return nil }
        return Int64(date.timeIntervalSince1970) / 60 + parts[3] * 60 + parts[4]
    }
}
