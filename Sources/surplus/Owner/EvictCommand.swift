import ArgumentParser
import Reports
import Resources
import Sandbox

/// Ends all guests through the warden itself, so that an owner needs no agent for that.
struct Evict: AsyncParsableCommand {
    private static let defaultSocket = "/run/surplus/warden.sock"

    static let configuration = CommandConfiguration(
        commandName: "evict",
        abstract: "As the owner, end every guest at once, even when the agent does not answer.",
        discussion: """
            Examples:
              surplus evict --dry-run      what would end
              surplus evict --yes

            The warden is asked, without the agent: for root, or the agent's user. Every lease that is lent ends with what runs
            under it, without notice; an agent that is back tells the borrowers and pays for the notice. It may also lend again:
            'surplus pause --now' prevents that, and is the way to go while the agent answers.
            """)

    @Option(
        help: ArgumentHelp(
            "The warden's Unix socket.", discussion: "Default: $SURPLUS_WARDEN, else \(defaultSocket).", valueName: "path"))
    var warden: String?

    @OptionGroup var caution: CautionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try caution.confirm("Everything that is lent ends at once, with what runs under it.")
        let socket = warden ?? Terminal.variable("SURPLUS_WARDEN") ?? Self.defaultSocket
        let client = WardenClient(socket: socket, release: Software.version)
        var evicted: [EvictionReport.Lease] = []
        do {
            for lease in try await client.inventory().leases {
                let meter = caution.dryRun ? lease.meter : try await client.evictLease(lease.lease) ?? lease.meter
                evicted.append(.init(lease: lease.lease.description, using: lease.using, consumed: meter.measured))
            }
        } catch let error as WardenUnreachable {
            throw Failure(
                object: "", fault: error.description, remedy: error.isDenied ? "ask as root" : nil, isDenied: error.isDenied)
        } catch let fault as WardenFault {
            throw Failure(object: socket, fault: "after \(evicted.count) leases: \(fault)", remedy: "ask again, and see its log")
        }
        try output.show(EvictionReport(dryRun: caution.dryRun, leases: evicted))
    }
}
