/// What is wrong with a file, and where: `blade.yaml:12:5: unknown key 'treshold'; did you mean 'threshold'?`
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file as it was named by whoever gave it.
    package let file: String
    /// Counted from 1; `nil` when the fault is in the file as a whole.
    package let position: Position?
    /// The fault and its remedy.
    package let message: String

    package struct Position: Hashable, Sendable {
        package let line: Int
        /// In Unicode scalars, from 1.
        package let column: Int
    }

    init(file: String, position: Position? = nil, _ message: String) {
        self.file = file
        self.position = position
        self.message = message
    }

    package var description: String {
        guard let position else { return "\(file): \(message)" }
        return "\(file):\(position.line):\(position.column): \(message)"
    }
}
