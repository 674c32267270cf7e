internal import Resources

/// What a job may ask for at most. The sum of arguments and environment stays below what `execve` takes.
package enum JobBounds {
    package static let arguments = 4096
    package static let variables = 1024
    /// Of outputs, and of checkpoints.
    package static let outputs = 1024
    /// Arguments and environment together, in bytes.
    package static let text = 1 << 20
}

extension Surplus_V1_JobSpec {
    /// Refuses what cannot be run: sizes, counts, names of variables, paths that leave the work directory.
    package func check(_ field: String = "spec") throws(FieldError) {
        guard !program.isEmpty else { throw FieldError(field + ".program", "is missing") }
        _ = try Field.text(program, atMost: 4096, field + ".program")
        try Field.count(arguments, atMost: JobBounds.arguments, field + ".arguments")
        try Field.count(environment, atMost: JobBounds.variables, field + ".environment")
        try Field.count(outputs, atMost: JobBounds.outputs, field + ".outputs")
        try Field.count(checkpoints, atMost: JobBounds.outputs, field + ".checkpoints")
        var size = 0
        for argument in arguments { size += try Field.text(argument, atMost: 128 << 10, field + ".arguments").utf8.count + 1 }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, !name.contains("="), name.utf8.count <= 256, !name.utf8.contains(0) else {
                throw FieldError(field + ".environment", "has a variable '\(name.prefix(64))', which is no name")
            }
            size += try Field.text(value, atMost: 128 << 10, field + ".environment").utf8.count + name.utf8.count + 2
        }
        guard size <= JobBounds.text else {
            throw FieldError(field, "has \(size) bytes of arguments and environment, at most \(JobBounds.text) are allowed")
        }
        guard 0...Bounds.term.rawValue ~= timeLimitMicroseconds else {
            throw FieldError(field + ".time_limit_microseconds", "is \(timeLimitMicroseconds), which is no time to run")
        }
        if case .UNRECOGNIZED(let number) = network {
            throw FieldError(field + ".network", "is \(number), which this version does not know")
        }
        _ = try Field.text(image, atMost: 64, field + ".image")
        for (names, part) in [(outputs, ".outputs"), (checkpoints, ".checkpoints")] {
            for name in names {
                do { _ = try RelativePath(name) } catch { throw FieldError(field + part, error.description) }
            }
        }
    }
}
