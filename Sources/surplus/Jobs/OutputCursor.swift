import Wire

/// How much of the program's output has been written here, so that after a reconnection it goes on where it stopped.
struct OutputCursor {
    struct Gap: Error, Equatable {
        let stream: String
        let from: Int64
        let to: Int64
    }

    private(set) var stdout: Int64 = 0
    private(set) var stderr: Int64 = 0

    /// Advances over `data`.
    ///
    /// - Returns: the bytes of it that are new.
    /// - Throws: ``Gap`` when some before it never came.
    mutating func take(_ data: Surplus_V1_JobData) throws(Gap) -> [UInt8] {
        let isError = data.stream == .stderr
        let position = isError ? stderr : stdout
        guard data.offset <= position else {
            throw Gap(stream: isError ? "standard error" : "standard output", from: position, to: data.offset)
        }
        let known = position - data.offset
        guard known < Int64(data.bytes.count) else { return [] }
        let fresh = data.bytes.dropFirst(Int(known))
        if isError { stderr += Int64(fresh.count) } else { stdout += Int64(fresh.count) }
        return Array(fresh)
    }
}
