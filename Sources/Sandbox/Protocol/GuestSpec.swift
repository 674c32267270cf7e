import Resources

/// A program to run for a borrower.
package struct GuestSpec: Hashable, Sendable {
    /// One setting of the program's environment.
    package struct Variable: Hashable, Sendable {
        package var name: String
        package var value: String
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var job: JobID
    package var lease: LeaseID
    /// A name that is looked up in the sandbox's PATH, or a path inside it.
    package var program: String
    package var arguments: [String]
    package var environment: [Variable]
    /// Whether anybody will send standard input; otherwise the program reads an empty one.
    package var hasInput: Bool
    /// How much the program may write to each of its two outputs before it is stopped.
    package var outputLimit: Bytes
    /// How many processes and threads it may have at once.
    package var processLimit: Int
    package static let usualProcessLimit = 4096
    /// How long it may run before it is asked to end, and ended. Since version 3 of forms; `nil` for as long as its lease.
    package var timeLimit: Microseconds?
    /// The name of a root that the machine's owner offers, to see that in place of the machine's programs. Since version 3 of
    /// forms.
    package var image: String?
    /// What it may reach beyond the machine; `nil` for nothing. Since version 4 of forms.
    package var network: OutboundNetwork?

    package init(
        job: JobID, lease: LeaseID, program: String, arguments: [String] = [], environment: [Variable] = [],
        hasInput: Bool = false, outputLimit: Bytes = .gibibytes(1), processLimit: Int = usualProcessLimit,
        timeLimit: Microseconds? = nil, image: String? = nil, network: OutboundNetwork? = nil
    ) {
        self.job = job
        self.lease = lease
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.hasInput = hasInput
        self.outputLimit = outputLimit
        self.processLimit = processLimit
        self.timeLimit = timeLimit
        self.image = image
        self.network = network
    }

    // bubblewrap takes 9000 words in all, of which each variable is three and the sandbox some 150
    package static let mostArguments = 5000
    package static let mostVariables = 1024
}

extension GuestSpec: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(job)
        writer.write(lease)
        writer.write(program)
        writer.write(arguments)
        writer.write(environment)
        writer.write(hasInput)
        writer.write(outputLimit)
        writer.write(Int64(processLimit))
        guard writer.version >= 3 else { return }
        writer.write(timeLimit)
        writer.write(image)
        guard writer.version >= 4 else { return }
        writer.write(network)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        job = try reader.identifier()
        lease = try reader.identifier()
        program = try reader.string(atMost: 4096)
        arguments = try reader.list(atMost: Self.mostArguments)
        environment = try reader.list(atMost: Self.mostVariables)
        hasInput = try reader.bool()
        outputLimit = try reader.quantity(atMost: .gibibytes(1024))
        processLimit = try reader.number(in: 1...1_000_000)
        timeLimit = reader.version >= 3 ? try reader.optionalQuantity(atMost: Bounds.term) : nil
        image = reader.version >= 3 ? try reader.optional() : nil
        network = reader.version >= 4 ? try reader.optional() : nil
        guard (image?.utf8.count ?? 1) <= 64 else { throw .init(description: "an image with a name that is too long") }
        guard timeLimit != .zero else { throw .init(description: "a job without any time to run") }
        guard !program.isEmpty else { throw .init(description: "a job without a program") }
        for text in [program] + arguments where text.utf8.contains(0) {
            throw .init(description: "an argument that contains a zero byte")
        }
    }
}

extension GuestSpec.Variable: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(name)
        writer.write(value)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        name = try reader.string(atMost: 256)
        value = try String(from: &reader)
        guard !name.isEmpty, !name.contains("="), !name.utf8.contains(0), !value.utf8.contains(0) else {
            throw .init(description: "an environment variable named '\(name)'")
        }
    }
}
