import Identity
import Wire

/// The agent of another node, and who asks it.
struct RemoteAgent: Sendable {
    let endpoint: Endpoint
    private let file: String
    private let identity: UserIdentity

    /// - Parameter file: where the asker's certificate is.
    /// - Throws: ``Failure`` when the certificate cannot be used, before anybody is asked.
    init(_ endpoint: Endpoint?, identity file: String) throws(Failure) {
        self.file = file
        do {
            identity = try UserIdentity.load(file)
            try identity.check(at: Terminal.now())
        } catch {
            throw Failure(object: "", fault: "\(error)")
        }
        guard let endpoint = endpoint ?? identity.address.flatMap({ Endpoint($0) }) else {
            throw Failure(object: file, fault: "it names no agent", remedy: "say which one with --agent HOST:PORT")
        }
        self.endpoint = endpoint
    }

    var credentials: TransportCredentials {
        TransportCredentials(chain: identity.presentedChain, privateKey: identity.privateKey)
    }

    /// Checks that the other side is a node of the pool that certified the asker.
    ///
    /// - Parameter chain: DER, leaf first.
    @Sendable func verify(_ chain: [[UInt8]]) throws {
        do { _ = try identity.verifier.verify(chain, at: Terminal.now()) } catch {
            guard case .otherPool(let found, _) = error else { throw error }
            let pool = found.map { "pool \($0)" } ?? "no pool"
            throw WireError(
                "the agent there is of \(pool), the certificate in \(file) is of pool \(identity.pool): "
                    + "name the file for that pool with --identity, or another agent with --agent")
        }
    }
}
