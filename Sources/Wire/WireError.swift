/// Why something on the wire could not be done: the object, the fault, the remedy.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
