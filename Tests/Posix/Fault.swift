import CCalls
import Glibc

/// A system call that failed.
struct Fault: Error, CustomStringConvertible {
    let call: String
    let number: Int32

    var description: String { "\(call): \(Self.name(of: number))" }

    static func names(of numbers: Set<Int32>) -> String { numbers.map(name).sorted().joined(separator: " or ") }
    static func name(of number: Int32) -> String { calls_error_name(number).map { String(cString: $0) } ?? "\(number)" }
}

/// Something is not as a rule says.
struct Unmet: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

@discardableResult
func sys<R: SignedInteger>(_ call: @autoclosure () -> String, _ body: () -> R) throws(Fault) -> R {
    let result = body()
    guard result >= 0 else {
        let number = errno
        throw Fault(call: call(), number: number)
    }
    return result
}
