import Policy
import Resources
import ShippedPolicies

/// A policy as its owner wrote it down.
package struct PolicyFile: Hashable, Sendable {
    package let policy: LendingPolicy
    /// What is allowed but probably not meant, each with its place in the file.
    package let notes: [String]
    /// The files it was read from.
    package let source: PolicySource

    /// Reads a policy file and the files it includes, whose paths start at the directory of the file that names them.
    package static func load(path: String) throws(ConfigurationError) -> PolicyFile {
        try PolicyFile(named: path) { name throws(ConfigurationError) in try SourceFile.read(name) }
    }

    /// The policy that comes with the program under that name.
    package static func shipped(_ policy: ShippedPolicy) throws(ConfigurationError) -> PolicyFile {
        try PolicyFile(bytes: policy.bytes, file: policy.rawValue)
    }

    /// A policy without includes other than shipped ones.
    ///
    /// - Parameter file: the name that errors mention.
    package init(bytes: [UInt8], file: String) throws(ConfigurationError) {
        try self.init(source: PolicySource(files: [.init(name: file, bytes: bytes)]))
    }

    /// Reads a policy from files that were read before, elsewhere perhaps.
    package init(source: PolicySource) throws(ConfigurationError) {
        guard let main = source.files.first else { throw ConfigurationError(file: "policy", "has no file") }
        try self.init(named: main.name) { name throws(ConfigurationError) in
            guard let bytes = source.bytes(of: name) else {
                throw ConfigurationError(file: name, "is included but was not sent along")
            }
            return bytes
        }
    }

    private init(
        named main: String, read: (String) throws(ConfigurationError) -> [UInt8]
    ) throws(ConfigurationError) {
        var reader = PolicyReader()
        try reader.read(main, with: read)
        policy = try reader.draft.finish()
        notes = reader.draft.notes
        source = reader.source
    }
}
