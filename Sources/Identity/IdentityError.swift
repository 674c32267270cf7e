/// Why something about certificates, keys, tokens or members could not be done: the object, the fault, the remedy.
package struct IdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
