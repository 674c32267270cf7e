package import GRPCCore

/// A message with a field whose value is not acceptable. Handlers may throw it as it is: the caller sees
/// `invalid argument`.
package struct FieldError: Error, Hashable, Sendable, CustomStringConvertible, RPCErrorConvertible {
    /// The field's path, as in the `.proto` file: `terms.amounts.cpu_millicores`; without its unit, as
    /// `step`, where people write the value and the fault says it with one.
    package let field: String
    /// What is wrong with it: `is -5, must be 0 to 1000000000`.
    package let fault: String

    package init(_ field: String, _ fault: String) {
        self.field = field
        self.fault = fault
    }

    package var description: String { "\(field) \(fault)" }
    package var rpcErrorCode: RPCError.Code { .invalidArgument }
    package var rpcErrorMessage: String { description }
}

/// Checks of single values that come from outside.
package enum Field {
    /// `value` when it is in `range`.
    package static func integer(_ value: Int64, in range: ClosedRange<Int64>, _ field: String) throws(FieldError) -> Int64 {
        guard range.contains(value) else {
            throw FieldError(field, "is \(value), must be \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// `text` when it has at most `limit` bytes and no NUL.
    package static func text(_ text: String, atMost limit: Int, _ field: String) throws(FieldError) -> String {
        guard text.utf8.count <= limit else {
            throw FieldError(field, "has \(text.utf8.count) bytes, at most \(limit) are allowed")
        }
        guard !text.utf8.contains(0) else { throw FieldError(field, "contains a NUL byte") }
        return text
    }

    /// The number of `items` when it is at most `limit`.
    package static func count(_ items: some Collection, atMost limit: Int, _ field: String) throws(FieldError) {
        guard items.count <= limit else { throw FieldError(field, "has \(items.count) entries, at most \(limit) are allowed") }
    }
}
