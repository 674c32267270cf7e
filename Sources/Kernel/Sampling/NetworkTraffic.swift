import Resources

/// What went over the machine's interfaces since they were made.
package struct NetworkTraffic: Hashable, Sendable {
    package var received: Bytes
    package var sent: Bytes

    /// From `/proc/net/dev`, without loopback; `nil` when that is not understood.
    init?(_ text: String) {
        received = .zero
        sent = .zero
        // two lines of headings
        for line in text.split(separator: "\n").dropFirst(2) {
            guard let colon = line.lastIndex(of: ":") else { return nil }
            let name = line[..<colon].drop { $0 == " " }
            let fields = line[line.index(after: colon)...].split(separator: " ")
            guard fields.count >= 9, let inward = Int64(fields[0]), let outward = Int64(fields[8]) else { return nil }
            if name == "lo" { continue }
            received += Bytes(inward)
            sent += Bytes(outward)
        }
    }
}
