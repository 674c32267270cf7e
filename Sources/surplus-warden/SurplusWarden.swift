import Glibc
import Kernel
import Resources
import Sandbox
import Warden

@main
enum SurplusWarden {
    static func main() {
        let arguments: WardenArguments
        do {
            arguments = try WardenArguments(Array(CommandLine.arguments.dropFirst()))
        } catch {
            say("surplus-warden: \(error)\nTry surplus-warden --help\n", to: STDERR_FILENO)
            exit(2)
        }
        exit(run(arguments))
    }

    private static func run(_ arguments: WardenArguments) -> Int32 {
        do throws(KernelError) {
            switch arguments {
            case .shim(let rest): return Shim.main(arguments: rest)
            case .serve(let configuration): try WardenService(configuration).run()
            case .clean(let configuration): try Cleaner(configuration).run()
            case .help: say(WardenArguments.usage, to: STDOUT_FILENO)
            case .version: say("surplus-warden \(Software.version)\n", to: STDOUT_FILENO)
            }
            return 0
        } catch {
            say("surplus-warden: \(error)\n", to: STDERR_FILENO)
            return 1
        }
    }

    private static func say(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = write(descriptor, bytes, bytes.count)
    }
}
