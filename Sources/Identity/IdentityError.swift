/// Why something about certificates, keys, tokens or members could not be done: the object, the fault, the remedy.
package struct IdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// Whether somebody named what is not there, or cannot be meant: the same would be answered whenever it is asked again.
    package let isUsage: Bool

    package init(_ description: String, isUsage: Bool = false) {
        self.description = description
        self.isUsage = isUsage
    }
}
