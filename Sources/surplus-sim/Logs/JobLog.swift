import Resources
import Simulation

/// What somebody once had run, as read from a log: to be run again on what owners leave.
struct JobLog {
    /// A job as it was: so many processors for so long.
    struct Entry {
        let user: UInt64
        /// In seconds since the log began.
        let submitted: Int64
        let processors: Int64
        let seconds: Int64
        let memory: Bytes
    }

    private static let mostJobs = 5_000_000

    private(set) var entries: [Entry] = []
    /// Jobs that never ran.
    private(set) var skipped = 0

    /// Reads a log in the Standard Workload Format (`*.swf`, `*.swf.gz`), or a directory of VM arrivals.
    static func read(_ path: String) throws(Misuse) -> JobLog {
        let log = path.hasSuffix(".swf") || path.hasSuffix(".swf.gz") ? try workload(path) : try VMArrivals.read(path)
        guard !log.entries.isEmpty else { throw Misuse("\(path): has no job in it that ever ran") }
        return log
    }

    mutating func add(_ entry: Entry) throws(Misuse) {
        guard entry.processors > 0, entry.seconds > 0 else {
            skipped += 1
            return
        }
        guard entries.count < Self.mostJobs else { throw Misuse("more than \(Self.mostJobs) jobs") }
        entries.append(entry)
    }

    /// The Standard Workload Format: Feitelson, Tsafrir and Krakov, "Experience with using the Parallel Workloads Archive", JPDC 2014.
    private static func workload(_ path: String) throws(Misuse) -> JobLog {
        var log = JobLog()
        for (number, text) in try TextFile.lines(of: path, comment: ";") {
            do { try log.add(entry(in: text)) } catch { throw Misuse("\(path):\(number): \(error.description)") }
        }
        return log
    }

    private static func entry(in line: Substring) throws(Misuse) -> Entry {
        let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 18 else { throw Misuse("\(fields.count) fields where the format has 18") }
        func field(_ place: Int, _ name: String) throws(Misuse) -> Int64 {
            guard let value = Double(fields[place - 1]), value.isFinite, value >= -1, value <= 1e12 else {
                throw Misuse(
                    "field \(place), \(name), is '\(fields[place - 1].prefix(32))'; write a number, or -1 for what is not known")
            }
            return Int64(value.rounded())
        }
        let (submitted, seconds) = (try field(2, "the time of submission"), try field(4, "the run time"))
        guard submitted >= 0 else { throw Misuse("field 2, the time of submission, is not known") }
        let (used, asked) = (try field(5, "the processors used"), try field(8, "the processors asked for"))
        let (memory, user) = (try field(7, "the memory used"), try field(12, "the user"))
        return Entry(
            user: UInt64(max(0, user)), submitted: submitted, processors: used > 0 ? used : asked, seconds: seconds,
            memory: Bytes(max(0, memory) * 1024))
    }

    /// The jobs of a time from the log's first on, as they are run on machines like these.
    ///
    /// A job with more processors than a machine lends is so many jobs as it takes. Every second user would like firm terms, the
    /// others take what there is.
    func jobs(for span: Microseconds, on most: Amounts) -> [FleetJob] {
        guard let first = entries.map(\.submitted).min() else { return [] }
        let widest = max(1, most.cpu.rawValue / 1000)
        var jobs: [FleetJob] = []
        for entry in entries {
            let submitted = Microseconds.seconds(entry.submitted - first)
            guard submitted < span else { continue }
            var left = entry.processors
            while left > 0 {
                let processors = min(left, widest)
                left -= processors
                let memory = max(entry.memory.rawValue * processors, Self.leastMemory.rawValue)
                jobs.append(
                    FleetJob(
                        user: entry.user, submitted: submitted,
                        amounts: Amounts(cpu: .cores(processors), memory: min(Bytes(memory), most.memory)),
                        work: CoreMicroseconds(.cores(processors), for: .seconds(entry.seconds)),
                        notice: entry.user.isMultiple(of: 2) ? .firm : .elastic))
            }
        }
        return jobs.sorted { $0.submitted < $1.submitted }
    }

    /// For jobs of which it is not known.
    private static let leastMemory = Bytes.mebibytes(256)
}
