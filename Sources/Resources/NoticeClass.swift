/// How much warning a borrower gets before its lease is ended early, each class with its price.
///
/// Processing and bandwidth may always be throttled at once, whatever the class; the class governs the end of the lease.
/// Ordered by how much the borrower may rely on it: `elastic < standard < notice < firm`.
package enum NoticeClass: String, Codable, Sendable, CaseIterable, Comparable {
    /// May be shrunk or ended at once.
    case elastic
    /// Half a minute.
    case standard
    /// Two minutes.
    case notice
    /// Ten minutes, or the end of the term when that comes first.
    case firm

    /// The time between the announcement and the end of the lease. Ending it sooner pays for what is left of this.
    package var notice: Microseconds {
        switch self {
        case .elastic: .zero
        case .standard: .seconds(30)
        case .notice: .seconds(120)
        case .firm: .seconds(600)
        }
    }

    package static func < (a: Self, b: Self) -> Bool { a.notice < b.notice }
}
