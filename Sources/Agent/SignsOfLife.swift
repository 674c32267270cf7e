/// Tells the service manager that the agent is alive, each time that everything it lives by has answered: the agent itself, the
/// node's decisions under their lock, and the ledger's writer. While one of them hangs nothing is told, until the manager starts
/// the agent anew.
struct SignsOfLife: Sendable {
    let house: Household
    /// The decisions that are made at present; `nil` outside any pool.
    let engine: @Sendable () async -> Engine?

    /// - Parameter interval: As the manager wants it.
    func run(every interval: Duration) async {
        while await Task.rest(for: interval) {
            await engine()?.read { _ in }
            // one that says that it cannot write, as on a full disk, is alive: a new start would mend nothing
            _ = try? await house.store.commit([])
            house.manager.alive()
            house.manager.status(house.summary)
        }
    }
}
