import Resources
import Sandbox
import Wire

/// What a job is to run, as both sides keep it.
struct JobOrder: Hashable, Codable, Sendable {
    let program: String
    let arguments: [String]
    let environment: [String: String]
    /// Names of files and directories that the program makes in its work directory.
    let outputs: [String]
    /// Names of those that it goes on from when it is started again.
    let checkpoints: [String]
    /// Whether standard input will be sent; otherwise the program reads an empty one.
    let hasInput: Bool
    /// How long it may run; `nil` for as long as its lease.
    let timeLimit: Microseconds?
    /// The name of a root that the lender's owner offers; `nil` for the lender's own programs.
    let image: String?
    /// Whether it may reach what the lender's policy lets it reach beyond the lender; otherwise nothing.
    let hasNetwork: Bool

    init(
        program: String, arguments: [String] = [], environment: [String: String] = [:], outputs: [String] = [],
        checkpoints: [String] = [], hasInput: Bool = false, timeLimit: Microseconds? = nil,
        image: String? = nil, hasNetwork: Bool = false
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.outputs = outputs
        self.checkpoints = checkpoints
        self.hasInput = hasInput
        self.timeLimit = timeLimit
        self.image = image
        self.hasNetwork = hasNetwork
    }

    init(_ wire: Surplus_V1_JobSpec, _ field: String = "spec") throws(FieldError) {
        try wire.check(field)
        self.init(
            program: wire.program, arguments: wire.arguments, environment: wire.environment, outputs: wire.outputs,
            checkpoints: wire.checkpoints, hasInput: wire.stdinOpen,
            timeLimit: wire.timeLimitMicroseconds == 0 ? nil : Microseconds(wire.timeLimitMicroseconds),
            image: wire.image.isEmpty ? nil : wire.image, hasNetwork: wire.network == .outbound)
    }

    /// What is fetched of it after an end: of one that did not come to its own, also what it could go on from.
    func yield(of end: JobEnd?) -> [String] { end?.isEarly == true ? outputs + checkpoints : outputs }

    /// Those that are not within another one, in order.
    static func outermost(_ names: [String]) -> [String] {
        names.filter { name in !names.contains { $0 != name && name.hasPrefix($0 + "/") } }
            .reduce(into: []) { unique, name in if !unique.contains(name) { unique.append(name) } }
    }

    /// The environment as it is handed to the sandbox.
    var variables: [GuestSpec.Variable] {
        environment.sorted { $0.key < $1.key }.map { GuestSpec.Variable($0.key, $0.value) }
    }
}

extension JobOrder {
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        program = try fields.decode(String.self, forKey: .program)
        arguments = try fields.decode([String].self, forKey: .arguments)
        environment = try fields.decode([String: String].self, forKey: .environment)
        outputs = try fields.decode([String].self, forKey: .outputs)
        // records from before there were any
        checkpoints = try fields.decodeIfPresent([String].self, forKey: .checkpoints) ?? []
        hasInput = try fields.decode(Bool.self, forKey: .hasInput)
        timeLimit = try fields.decodeIfPresent(Microseconds.self, forKey: .timeLimit)
        image = try fields.decodeIfPresent(String.self, forKey: .image)
        hasNetwork = try fields.decodeIfPresent(Bool.self, forKey: .hasNetwork) ?? false
    }
}

extension Surplus_V1_JobSpec {
    init(_ order: JobOrder) {
        self = .with {
            $0.program = order.program
            $0.arguments = order.arguments
            $0.environment = order.environment
            $0.outputs = order.outputs
            $0.checkpoints = order.checkpoints
            $0.stdinOpen = order.hasInput
            $0.timeLimitMicroseconds = order.timeLimit?.rawValue ?? 0
            $0.image = order.image ?? ""
            $0.network = order.hasNetwork ? .outbound : .none
        }
    }
}
