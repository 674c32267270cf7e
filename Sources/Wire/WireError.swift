/// Why something on the wire could not be done: the object, the fault, the remedy.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// The other side may well be there, but this user may not talk to it.
    package let isDenied: Bool

    package init(_ description: String, isDenied: Bool = false) {
        self.description = description
        self.isDenied = isDenied
    }
}
