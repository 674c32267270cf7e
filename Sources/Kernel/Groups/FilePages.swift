import Synchronization

/// How much of what groups hold is file pages that the kernel can take back at any time.
///
/// The kernel adds that up over all processors and groups below each time it is asked, which is most of what measuring a guest
/// costs; and it changes slowly. So it is asked again only when what a group holds has moved by ``noticeable``, and each
/// ``longest``th time.
final class FilePages: Sendable {
    private struct Known {
        let held: Int64
        let pages: Int64
        var uses = 1
    }

    /// In bytes.
    static let noticeable: Int64 = 1 << 20
    static let longest = 5

    private let known = Mutex<[String: Known]>([:])

    /// - Parameters:
    ///   - directory: The group's.
    ///   - held: What it holds in all, in bytes.
    ///   - read: Asks the kernel.
    /// - Returns: bytes, at most `held`.
    func ofGroup(_ directory: String, holding held: Int64, _ read: () throws(KernelError) -> Int64) throws(KernelError) -> Int64 {
        let remembered = known.withLock { known -> Int64? in
            guard let last = known[directory], last.uses < Self.longest, abs(held - last.held) < Self.noticeable else {
                return nil
            }
            known[directory]?.uses += 1
            return last.pages
        }
        if let remembered { return min(remembered, held) }
        let pages = try read()
        known.withLock { $0[directory] = Known(held: held, pages: pages) }
        return min(pages, held)
    }

    /// Forgets a group that is gone, and those below it.
    func forget(_ directory: String) {
        known.withLock { known in known = known.filter { $0.key != directory && !$0.key.hasPrefix(directory + "/") } }
    }
}
