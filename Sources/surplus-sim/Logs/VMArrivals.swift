import Resources

/// Reads requests for virtual machines: a directory with `v1.dev.txt.gz`, their flavours by the time of asking, and beside it their
/// lifetimes, what the flavours are, and what the lifetimes mean. A batch is what one tenant asked for together.
enum VMArrivals {
    static func read(_ directory: String) throws(Misuse) -> JobLog {
        let flavours = try map("\(directory)/flav_map.txt")
        let bounds = try lifetimes("\(directory)/v1.interval_map.txt")
        let (asked, lived) = ("\(directory)/v1.dev.txt.gz", "\(directory)/v1.dev.c2100000.txt.gz")
        let (requests, ends) = (try TextFile.lines(of: asked, comment: "#"), try TextFile.lines(of: lived, comment: "#"))
        guard requests.count == ends.count else {
            throw Misuse("\(lived): has \(ends.count) lines where \(asked) has \(requests.count)")
        }
        var log = JobLog()
        var tenant: UInt64 = 0
        for (request, end) in zip(requests, ends) {
            let (time, symbols) = try row(request, asked)
            let lifetimes = try row(end, lived).symbols
            guard symbols.count == lifetimes.count else {
                throw Misuse("\(lived):\(end.number): has \(lifetimes.count) entries where \(asked) has \(symbols.count)")
            }
            for (symbol, lifetime) in zip(symbols, lifetimes) {
                guard symbol != "|" else {
                    tenant += 1
                    continue
                }
                guard let flavour = flavours[String(symbol)] else {
                    throw Misuse("\(asked):\(request.number): '\(symbol.prefix(8))' is no flavour of flav_map.txt")
                }
                guard let seconds = Int(lifetime.dropFirst()).flatMap({ bounds[$0] }) else {
                    throw Misuse("\(lived):\(end.number): '\(lifetime.prefix(8))' is no lifetime of v1.interval_map.txt")
                }
                try log.add(
                    JobLog.Entry(
                        user: tenant, submitted: time, processors: flavour.processors, seconds: seconds,
                        memory: Bytes(flavour.memory.rawValue / flavour.processors)))
            }
        }
        return log
    }

    private static func row(
        _ line: (number: Int, text: Substring), _ path: String
    ) throws(Misuse) -> (time: Int64, symbols: [Substring]) {
        let parts = line.text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int64(parts[0]), time >= 0 else {
            throw Misuse("\(path):\(line.number): a line should have a time in seconds, a space, and symbols")
        }
        return (time, parts[1].split(separator: ","))
    }

    private static func map(_ path: String) throws(Misuse) -> [String: (processors: Int64, memory: Bytes)] {
        var flavours: [String: (processors: Int64, memory: Bytes)] = [:]
        for (number, text) in try TextFile.lines(of: path, comment: "#") {
            let parts = text.split(whereSeparator: { $0 == " " || $0 == "," })
            guard parts.count == 3, let processors = Int64(parts[0]), processors > 0, processors <= 1024,
                let size = Double(parts[1]),
                size > 0, size <= 65_536
            else {
                throw Misuse("\(path):\(number): a line should have processors, a comma, memory in GB, a space, and a symbol")
            }
            flavours[String(parts[2])] = (processors, .mebibytes(Int64(size * 1024)))
        }
        return flavours
    }

    /// What each class of lifetime comes to: the middle between its bound and the next.
    private static func lifetimes(_ path: String) throws(Misuse) -> [Int: Int64] {
        var bounds: [(number: Int, seconds: Int64)] = []
        for (number, text) in try TextFile.lines(of: path, comment: "#") {
            let parts = text.split(separator: " ")
            guard parts.count == 2, let seconds = Int64(parts[0]), seconds >= 0, seconds < 1 << 40, let place = Int(parts[1])
            else {
                throw Misuse("\(path):\(number): a line should have seconds, a space, and the number of a class")
            }
            bounds.append((place, seconds))
        }
        bounds.sort { $0.number < $1.number }
        var middles: [Int: Int64] = [:]
        for (index, bound) in bounds.enumerated() {
            let next = index + 1 < bounds.count ? bounds[index + 1].seconds : bound.seconds
            middles[bound.number] = max(1, (bound.seconds + next) / 2)
        }
        return middles
    }
}
