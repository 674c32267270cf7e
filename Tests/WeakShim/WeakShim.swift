import Glibc
import Sandbox

/// The shim of a job, without some of its defences: `weak-shim DIRECTORY [DEFENCE...]`. For tests that show what each of them
/// stops; it is part of no package.
@main
enum WeakShim {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let missing = arguments.dropFirst().map { Defence(rawValue: $0) }
        guard !missing.contains(nil) else { exit(2) }
        exit(Shim.main(arguments: Array(arguments.prefix(1)), defences: .without(Set(missing.compactMap { $0 }))))
    }
}
