import ArgumentParser
import Identity
import Reports
import Resources
import Wire

struct PoolUserAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Give a new user a certificate, and a role in the pool.",
        discussion: """
            Examples:
              surplus pool user add anna --role borrower --out anna.pem
              surplus pool user add audit --role viewer --valid 7d --out audit.pem

            The file has the user's key, made here: it is readable by you alone, and nobody else has the key. The user keeps it
            as ~/.config/surplus/identity.pem, or names it with --identity. Ask a node that can issue certificates.
            """)

    @Argument(help: ArgumentHelp("What the user is called in the pool; never used again.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("viewer, borrower or operator.", valueName: "role"), transform: Role.ofPool)
    var role: Role

    @OptionGroup var certificate: CertificateOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        do { _ = try Names.user(name) } catch { throw ValidationError("\(error)") }
    }

    func run() async throws {
        let report = try await certificate.obtain { [name, role, connection, certificate] request in
            try await connection.agent.ask(within: .seconds(60)) {
                try await $0.addUser(
                    .with {
                        $0.name = name
                        $0.role = role.rawValue
                        $0.validMicroseconds = certificate.valid?.rawValue ?? 0
                        $0.certificateRequest = .init(request)
                    }, options: $1)
            }
        }
        try output.show(report)
    }
}

struct PoolUserRenew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Give a user another certificate. Those before are no longer good, on every node.",
        discussion: """
            Examples:
              surplus pool user renew anna --out anna-2.pem
            """)

    @Argument(help: ArgumentHelp("The name or id.", valueName: "user"))
    var user: String

    @OptionGroup var certificate: CertificateOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = try await certificate.obtain { [user, connection, certificate] request in
            try await connection.agent.ask(within: .seconds(60)) {
                try await $0.renewUser(
                    .with {
                        $0.user = user
                        $0.validMicroseconds = certificate.valid?.rawValue ?? 0
                        $0.certificateRequest = .init(request)
                    }, options: $1)
            }
        }
        try output.show(report)
    }
}

/// For how long a user is certified, and where the key and certificate go.
struct CertificateOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A new file for the key and the certificate.", valueName: "file"))
    var out: String

    @Option(
        help: ArgumentHelp("For how long it is good, up to 180d. Default: 90d.", valueName: "duration"),
        transform: Quantities.duration)
    var valid: Microseconds?

    func validate() throws {
        guard let valid, !CertificateProfile.userLifetimes.contains(valid) else { return }
        let (shortest, longest) = (CertificateProfile.userLifetimes.lowerBound, CertificateProfile.userLifetimes.upperBound)
        throw ValidationError("--valid: \(valid.text) is out of range; write \(shortest.text) to \(longest.text)")
    }

    /// Makes a key, has it certified by `ask`, which is given the request (DER), and writes both to the file.
    func obtain(
        _ ask: @Sendable ([UInt8]) async throws -> Surplus_V1_UserCertificate
    ) async throws -> UserCertificateReport {
        // The file first: a certificate that cannot be kept is not made.
        let file = try SecretFile(creating: out)
        do {
            let key = UserKey()
            let reply = try await ask(try key.request().bytes)
            let identity = try UserIdentity(
                key: key, chain: reply.chain.map(Array.init), root: Array(reply.root), address: reply.address)
            try file.write(identity.text)
            return UserCertificateReport(
                user: .init(reply.user), file: out, address: reply.address, told: Int(reply.told),
                unreachable: Int(reply.unreachable))
        } catch {
            file.remove()
            guard let fault = error as? IdentityError else { throw error }
            throw Failure(object: "", fault: "\(fault)")
        }
    }
}
