import ArgumentParser

/// Who borrows from whom, by which program.
struct BorrowerOptions: ParsableArguments {
    @Option(help: "The surplus program.")
    var program: String
    @Option(help: "The borrowing agent's socket.")
    var socket: String
    @Option(help: "The node to run on.")
    var on: String

    /// `surplus` with these words, as a user of the borrower.
    func surplus(_ words: [String]) -> Clients { Clients(command: [program] + words, environment: ["SURPLUS_SOCKET": socket]) }
}
