import Glibc
import Resources

/// The program's input on its way: what clients sent and the program has not read yet. Positions count from the start of the
/// whole input, so that it does not matter which client sends it or how often.
struct InputFeed {
    /// How much may wait here.
    static let capacity = 1 << 20

    /// So much was taken.
    private(set) var accepted: Int64 = 0
    private(set) var hasEnded = false
    private var waiting: [UInt8] = []
    private var start = 0
    /// Nobody will read any more: what comes is thrown away.
    private(set) var isClosed: Bool

    /// - Parameter isOpen: Whether the program has an input at all.
    init(isOpen: Bool) { isClosed = !isOpen }

    /// How much waits for the program.
    var backlog: Int { waiting.count - start }

    /// Nothing beyond this position is taken now. It only grows.
    var limit: Int64 { accepted - Int64(backlog) + Int64(Self.capacity) }

    /// Everything that will ever come was passed on.
    var isDone: Bool { hasEnded && backlog == 0 }

    /// Takes input; what was taken before is skipped.
    ///
    /// - Throws: `Malformed` when it leaves a gap, is more than there is room for, or follows the end.
    mutating func take(_ bytes: [UInt8], at position: Int64) throws(CanonicalReader.Malformed) {
        let end = position + Int64(bytes.count)
        guard position <= accepted else { throw .init(description: "input at \(position) where \(accepted) is next") }
        guard end <= limit else { throw .init(description: "input up to \(end) where there is room up to \(limit)") }
        guard end > accepted else { return }
        guard !hasEnded else { throw .init(description: "input up to \(end) beyond its end at \(accepted)") }
        if !isClosed { waiting += bytes.suffix(Int(end - accepted)) }
        accepted = end
    }

    mutating func end(at position: Int64) throws(CanonicalReader.Malformed) {
        guard position == accepted else { throw .init(description: "the end of input at \(position) where \(accepted) is next") }
        hasEnded = true
    }

    /// Passes on what the program takes now.
    mutating func flush(to pipe: Int32) {
        do {
            while backlog > 0 {
                let written = try Descriptor.write(waiting[start...], to: pipe, of: "the program's input")
                if written == 0 { return compact() }
                start += written
            }
            compact()
        } catch {
            close()
        }
    }

    private mutating func close() {
        isClosed = true
        waiting = []
        start = 0
    }

    private mutating func compact() {
        guard start == waiting.count || start > Self.capacity / 2 else { return }
        waiting.removeFirst(start)
        start = 0
    }
}
