extension Task where Success == Never, Failure == Never {
    /// Sleeps, between two rounds of something that goes on until it is cancelled.
    ///
    /// - Returns: whether it slept to the end; `false` when the task is cancelled, which is all that can keep it from that.
    @discardableResult
    static func rest(for duration: Duration) async -> Bool { (try? await sleep(for: duration)) != nil }
}
