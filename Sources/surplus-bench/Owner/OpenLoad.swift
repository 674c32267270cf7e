import ArgumentParser
import CLinux
import Foundation

/// Asks a web server at a fixed rate, whether it has answered or not, and times each answer from the moment when it was to be asked:
/// so that a pause of the server counts for all who would have come meanwhile (Tene, "How NOT to Measure Latency", 2015).
struct OpenLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open-load", abstract: "Asks a web server at a fixed rate.", shouldDisplay: false)

    struct Answer: Codable {
        var asked: Int
        var answered: Int
        /// In milliseconds.
        var p50: Double
        var p99: Double
        var longest: Double
    }

    @Option(help: "The server's port on this machine.")
    var port: UInt16
    @Option(help: "Requests a second.")
    var rate: Double
    @Option(help: "For how long, in seconds.")
    var seconds: Double

    private static let mostConnections = 256

    func run() throws {
        var load = Load(port: port, start: .now, pause: .seconds(1 / rate), count: Int(rate * seconds))
        while load.turn() {}
        let times = Percentiles(load.times.isEmpty ? [.infinity] : load.times)
        let answer = Answer(
            asked: load.asked, answered: load.times.count, p50: times(0.5), p99: times(0.99), longest: times(1))
        print(String(decoding: try JSONEncoder().encode(answer), as: UTF8.self))
    }

    /// What is under way.
    private struct Load {
        let port: UInt16
        let start: ContinuousClock.Instant
        let pause: Duration
        let count: Int
        private(set) var asked = 0
        private(set) var times: [Double] = []
        /// Connections, with when their request was due; `nil` while they are idle.
        private var connections: [Int32: ContinuousClock.Instant?] = [:]
        private var idle: [Int32] = []
        private let request = HTTPConnection.request("/page.txt")
        private var buffer = [UInt8](repeating: 0, count: 1 << 16)

        init(port: UInt16, start: ContinuousClock.Instant, pause: Duration, count: Int) {
            self.port = port
            self.start = start
            self.pause = pause
            self.count = count
        }

        private var next: ContinuousClock.Instant { start + pause * asked }

        /// - Returns: whether there is anything left to do.
        mutating func turn() -> Bool {
            while asked < count, next <= .now, ask() {}
            let busy = connections.filter { $0.value != nil }.map(\.key)
            guard asked < count || !busy.isEmpty, .now < start + pause * count + .seconds(5) else { return false }
            wait(for: busy)
            return true
        }

        /// - Returns: false when there are as many connections as there may be, all of them busy.
        private mutating func ask() -> Bool {
            guard let connection = idle.popLast() ?? another() else { return false }
            connections[connection] = .some(next)
            asked += 1
            _ = write(connection, request, request.count)
            return true
        }

        private mutating func another() -> Int32? {
            guard connections.count < OpenLoad.mostConnections else { return nil }
            let descriptor = HTTPConnection.open(port)
            return descriptor < 0 ? nil : descriptor
        }

        private mutating func wait(for busy: [Int32]) {
            let left = asked < count ? max(.zero, next - .now) : .milliseconds(100)
            var polled = busy.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard surplus_poll(&polled, nfds_t(polled.count), Int(left / .nanoseconds(1))) > 0 else { return }
            for entry in polled where entry.revents != 0 { take(entry.fd) }
        }

        /// An answer of several chunks ends with an empty one.
        private mutating func take(_ connection: Int32) {
            let size = read(connection, &buffer, buffer.count)
            guard size > 0 else {
                connections[connection] = nil
                close(connection)
                return
            }
            guard buffer[..<size].suffix(5).elementsEqual("0\r\n\r\n".utf8), let due = connections[connection] ?? nil else {
                return
            }
            times.append((ContinuousClock.now - due).milliseconds)
            connections[connection] = .some(nil)
            idle.append(connection)
        }
    }
}
