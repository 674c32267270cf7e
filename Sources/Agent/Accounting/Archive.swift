import Accounting
import Glibc
import HistoryStore
import Logging
import Resources

/// The history on disk, whatever happens to it: a file that is damaged is set aside and a new one begun, one that cannot be
/// written is tried again. Not for use by two at a time; every method may block.
struct Archive {
    private static let tidyInterval = Microseconds.minutes(1)

    let path: String
    let limit: Bytes
    let log: Logger
    private var store: HistoryStore?
    private var retention: Retention?
    private var tidied: Instant?
    /// Why it is not written at the moment; `nil` when it is.
    private(set) var fault: HistoryStoreError?
    /// How often it could not be written, since the start.
    private(set) var failures: Int64 = 0

    init(path: String, limit: Bytes, log: Logger) {
        self.path = path
        self.limit = limit
        self.log = log
    }

    /// Opens the file unless it is open.
    ///
    /// - Returns: the intervals that were open when it was last written; empty when it was open already.
    mutating func open(at now: Moment) -> [(subject: Subject, cascade: Cascade)] {
        guard store == nil else { return [] }
        for _ in 0..<2 {
            do throws(HistoryStoreError) {
                let opened = try HistoryStore(path: path, limit: limit)
                let intervals = try opened.openIntervals()
                retention = Retention(newest: try opened.newest(), at: now)
                store = opened
                recover()
                return intervals
            } catch {
                fail(error)
                guard error.isLasting else { return [] }
            }
        }
        return []
    }

    /// Writes a batch, then removes what is kept no longer.
    ///
    /// - Returns: whether the batch is on disk.
    mutating func write(_ batch: HistoryBatch, at now: Moment) -> Bool {
        guard let store else { return false }
        do throws(HistoryStoreError) {
            try store.write(batch)
            recover()
        } catch {
            fail(error)
            if case .full = error { tidy(at: now) }
            return false
        }
        if tidied.map({ now.instant - $0 >= Self.tidyInterval }) ?? true { tidy(at: now) }
        return true
    }

    private mutating func tidy(at now: Moment) {
        tidied = now.instant
        guard let time = retention?.time(at: now) else { return }
        do throws(HistoryStoreError) { try store?.tidy(at: time) } catch { fail(error) }
    }

    /// Looks into the file.
    ///
    /// - Returns: `nil` when there is none now.
    mutating func read<Value>(_ body: (HistoryStore) throws(HistoryStoreError) -> Value) -> Value? {
        guard let store else { return nil }
        do throws(HistoryStoreError) { return try body(store) } catch {
            fail(error)
            return nil
        }
    }

    mutating func close() {
        store?.close()
        store = nil
    }

    /// What it takes on disk.
    var size: Bytes { store?.size ?? .zero }

    // MARK: What goes wrong

    private mutating func recover() {
        if fault != nil { log.notice("the history is written again", metadata: ["file": "\(path)"]) }
        fault = nil
    }

    private mutating func fail(_ error: HistoryStoreError) {
        failures += 1
        if fault != error { log.error("\(error)", metadata: ["then": "\(remedy(error))"]) }
        fault = error
        if error.isLasting { setAside() }
    }

    private func remedy(_ error: HistoryStoreError) -> String {
        error.isLasting ? "it is set aside as \(path).damaged and a new one begun" : "it is tried again"
    }

    /// Moves the file away, in place of one that was before, so that no more than one is kept.
    private mutating func setAside() {
        close()
        for suffix in ["", "-wal", "-shm"] {
            guard rename(path + suffix, path + ".damaged" + suffix) != 0, errno == ENOENT else { continue }
            unlink(path + ".damaged" + suffix)
        }
    }
}
