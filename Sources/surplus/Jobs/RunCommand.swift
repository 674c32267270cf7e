import ArgumentParser
import Reports
import Resources
import Wire

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a program on a peer as if it ran here.",
        discussion: """
            Examples:
              surplus run -- sort < big.txt > sorted.txt
              surplus run --cpu 4 --memory 8GiB --for 1h --input src --output build.log -- make -C src -j4
              surplus run --input photos --output out.tar.xz:photos.tar.xz -- tar cJf out.tar.xz photos
              surplus run --detach -- ./simulate.sh        then: surplus job attach ID
              surplus run --retry --input render.py --checkpoint frames --output frames -- python3 render.py
              surplus run --dry-run --cpu 4 -- make        who would lend that, and for how much

            The program runs on a borrowed lease, in a sandbox, in a directory of its own that holds the inputs. It has no
            network but with --network outbound, from lenders whose policy allows that. Standard input, output and error, signals and the exit status are passed through. Ctrl-C reaches the
            program; three times within 5 s it cancels the job. When this program or the agent dies, the job goes on.

            When the owner takes the machine back the program gets SIGTERM, and a file that $SURPLUS_NOTICE names, the time of
            its notice before it is ended. With --retry it runs again elsewhere, from what it saved in --checkpoint; what it
            writes then follows what it had written.

            Exit status: the program's own; 125 when surplus failed, 126 when the program could not be run, 127 when there
            is no such program, 128+n when signal n ended it; 2 when the command line is wrong.
            """)

    @OptionGroup var wish: WishOptions

    @Option(
        help: ArgumentHelp("Run under this lease instead of a new one.", valueName: "id"), completion: .leases,
        transform: Identifiers.lease)
    var lease: String?

    @Option(
        help: ArgumentHelp(
            "Send a file or directory along, under its own name or NAME. Can be repeated.", valueName: "file[:name]"),
        completion: .file())
    var input: [String] = []

    @Option(
        help: ArgumentHelp(
            "Bring home a file or directory that the program makes. Can be repeated.", valueName: "name[:localpath]"))
    var output: [String] = []

    @OptionGroup var retrying: RetryOptions

    @Option(help: ArgumentHelp("Set an environment variable. Can be repeated.", valueName: "key=value"))
    var env: [String] = []

    @Option(
        help: ArgumentHelp(
            "How long the program may run, such as 10m: then it gets SIGTERM, and 10 s later SIGKILL. Default: as long as its "
                + "lease.", valueName: "duration"), transform: Quantities.duration)
    var timeLimit: Microseconds?

    @Option(
        help: ArgumentHelp(
            "Run it in a root that the lender's owner offers under this name. Default: among the lender's own programs.",
            valueName: "name"))
    var image: String?

    @Option(
        help: ArgumentHelp(
            "What the program may reach: none, or outbound, which only some lenders allow. Default: none.", valueName: "reach"))
    var network = Network.none

    enum Network: String, CaseIterable, ExpressibleByArgument { case none, outbound }

    @Flag(help: "Only start it: print the job's id and end.")
    var detach = false

    @Flag(help: "Give the program an empty standard input, and leave this one alone.")
    var noStdin = false

    @Flag(
        name: .shortAndLong,
        help: "No progress line, and no word when the lease is not all that was asked for, or its owner holds the program back.")
    var quiet = false

    @Flag(help: "With --detach or --dry-run: print JSON.")
    var json = false

    @OptionGroup var dryRun: DryRunOptions
    @OptionGroup var connection: AgentOptions

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The program and its arguments.", valueName: "program"))
    var command: [String] = []

    func validate() throws {
        guard let program = words.first, !program.isEmpty else {
            throw ValidationError("run: no program; write it behind --, as in 'surplus run -- sort'")
        }
        if ["--help", "-h"].contains(command.first) { throw CleanExit.helpRequest(self) }
        if program.hasPrefix("-"), command.first != "--" {
            throw ValidationError("\(program): no option of 'run'; write -- before the program")
        }
        if lease != nil, let option = wish.given.first {
            throw ValidationError("\(option): the lease given with --lease decides that; leave one of them out")
        }
        if lease != nil, retrying.retry {
            throw ValidationError("--retry: the lease given with --lease is of one node; leave one of them out")
        }
        if json, !detach, !dryRun.dryRun { throw ValidationError("--json: there is nothing to print; add --detach or --dry-run") }
        do {
            _ = try environment
            if let name = repeated(try inputs.map(\.name)) { throw Self.overlap("--input", name) }
            if let name = repeated(try outputs.map(\.name)) { throw Self.overlap("--output", name) }
            if detach, let named = try outputs.first(where: { $0.name != $0.destination }) {
                throw Failure(
                    object: "--output \(named.name):\(named.destination)", fault: "with --detach nobody waits to put it there",
                    remedy: "leave the local path out here, and say 'surplus job wait JOB --to DIR' afterwards")
            }
        } catch let failure as Failure {
            throw ValidationError(failure.description)
        }
    }

    private static func overlap(_ option: String, _ name: String) -> Failure {
        Failure(
            object: option, fault: "'\(name)' is given twice, or lies within another",
            remedy: "give each once, apart from the others")
    }

    func run() async throws {
        do { if dryRun.dryRun { return try await preview() } } catch let failure as Failure { throw failure.ofRun }
        let console = Console(quiet: quiet)
        let session = JobSession(agent: connection.agent, console: console, outputs: .exactly(try outputs))
        let submission = JobSubmission(submit: try message, inputs: try inputs)
        let agent = connection.agent
        let (detach, json, forwardsInput) = (detach, json, !noStdin)
        let status: Int32
        do {
            status = try await session.obeyingSignals {
                let job = try await submission.send(to: agent, console: console)
                guard !detach else { return try Self.report(job, json: json) }
                let input = JobInputQueue(start: 0)
                if forwardsInput { StandardInput.forward(to: input) }
                return try await session.attend(job.job, input: input)
            }
        } catch let failure as Failure { throw failure.ofRun }
        throw ExitCode(status)
    }

    /// What the program would run on.
    private func preview() async throws {
        let command = words.map(\.quoted).joined(separator: " ")
        let report: DryRunReport
        if let lease {
            let info = try await connection.agent.ask { try await $0.getLease(.with { $0.lease = lease }, options: $1) }
            report = DryRunReport(
                command: "run", summary: "'\(command)' would run under the lease \(lease)",
                effects: [.init(info.peerName, "run it", terms: TermFigures(info.terms))])
        } else {
            var request = wish.request
            request.forJob = !retrying.retry
            let preview = try await LeasePreview.ask(connection.agent, request)
            report = preview.report(command: "run", purpose: "to run '\(command)'")
            guard preview.isPossible else {
                try show(report)
                throw ExitCode(Outcome.surplusFailed)
            }
        }
        try show(report)
    }

    private func show(_ report: DryRunReport) throws {
        try Terminal.print(json ? try report.json() : report.text(on: Terminal.page(plain: false, colour: .auto)))
    }

    private static func report(_ job: Surplus_V1_JobInfo, json: Bool) throws -> Int32 {
        try Terminal.print(json ? try JobReport(job).json() : job.job + "\n")
        if Terminal.isTerminal(2) { Terminal.note("get it back with 'surplus job attach \(job.job)'") }
        return 0
    }
}

extension Failure {
    /// With the status of a program that surplus could not run, where it is not the command line that is wrong.
    fileprivate var ofRun: Failure {
        status < Outcome.surplusFailed && status != Invocation.usageStatus ? exiting(with: Outcome.surplusFailed) : self
    }
}

// What the command line means.
extension Run {
    private var words: [String] { command.first == "--" ? Array(command.dropFirst()) : command }
    private var inputs: [InputArgument] { get throws { try input.map { text throws in try InputArgument(text) } } }
    private var outputs: [OutputArgument] { get throws { try output.map { text throws in try OutputArgument(text) } } }

    private var environment: [String: String] {
        get throws {
            var result: [String: String] = [:]
            for entry in env {
                guard let equals = entry.firstIndex(of: "="), equals != entry.startIndex else {
                    throw Failure(object: "--env \(entry)", fault: "no variable is set", remedy: "write KEY=VALUE")
                }
                result[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
            }
            return result
        }
    }

    /// A name that is there twice, or within another one.
    private func repeated(_ names: [String]) -> String? {
        let sorted = names.map { $0 + "/" }.sorted()
        return zip(sorted, sorted.dropFirst()).first { $1.hasPrefix($0) }.map { String($1.dropLast()) }
    }

    private var message: Surplus_V1_SubmitJob {
        get throws {
            let (environment, outputs) = (try environment, try outputs.map(\.name))
            return .with {
                $0.spec = .with {
                    $0.program = words[0]
                    $0.arguments = Array(words.dropFirst())
                    $0.environment = environment
                    $0.outputs = outputs
                    $0.checkpoints = retrying.checkpoints
                    $0.stdinOpen = !noStdin && !detach
                    $0.timeLimitMicroseconds = timeLimit?.rawValue ?? 0
                    $0.image = image ?? ""
                    $0.network = network == .outbound ? .outbound : .none
                }
                $0.request = wish.request
                $0.lease = lease ?? ""
                $0.retry = retrying.message
            }
        }
    }
}
