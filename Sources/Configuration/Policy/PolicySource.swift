/// A policy file and all that it includes, as they were written, so that they can be sent and kept together.
package struct PolicySource: Hashable, Codable, Sendable {
    /// The most files one policy is made of.
    package static let mostFiles = 64

    package struct File: Hashable, Codable, Sendable {
        /// The path it was read from, or the name of a shipped policy, which has neither point nor slash.
        package let name: String
        package let bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// The policy itself first, the others in the order in which they were first included.
    package private(set) var files: [File]

    package init(files: [File] = []) { self.files = files }

    func bytes(of name: String) -> [UInt8]? { files.first { $0.name == name }?.bytes }

    mutating func add(_ name: String, _ bytes: [UInt8]) {
        guard self.bytes(of: name) == nil else { return }
        files.append(File(name: name, bytes: bytes))
    }

    var size: Int { files.reduce(0) { $0 + $1.bytes.count } }
}
