import Sandbox
import Wire

/// What a job is to run, as both sides keep it.
struct JobOrder: Hashable, Codable, Sendable {
    let program: String
    let arguments: [String]
    let environment: [String: String]
    /// Names of files and directories that the program makes in its work directory.
    let outputs: [String]
    /// Whether standard input will be sent; otherwise the program reads an empty one.
    let hasInput: Bool

    init(
        program: String, arguments: [String] = [], environment: [String: String] = [:], outputs: [String] = [],
        hasInput: Bool = false
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.outputs = outputs
        self.hasInput = hasInput
    }

    init(_ wire: Surplus_V1_JobSpec, _ field: String = "spec") throws(FieldError) {
        try wire.check(field)
        self.init(
            program: wire.program, arguments: wire.arguments, environment: wire.environment, outputs: wire.outputs,
            hasInput: wire.stdinOpen)
    }

    /// The outputs that are not within another one, in order.
    var outermostOutputs: [String] {
        outputs.filter { output in !outputs.contains { $0 != output && output.hasPrefix($0 + "/") } }
            .reduce(into: []) { unique, output in if !unique.contains(output) { unique.append(output) } }
    }

    /// The environment as it is handed to the sandbox.
    var variables: [GuestSpec.Variable] {
        environment.sorted { $0.key < $1.key }.map { GuestSpec.Variable($0.key, $0.value) }
    }
}

extension Surplus_V1_JobSpec {
    init(_ order: JobOrder) {
        self = .with {
            $0.program = order.program
            $0.arguments = order.arguments
            $0.environment = order.environment
            $0.outputs = order.outputs
            $0.stdinOpen = order.hasInput
        }
    }
}
