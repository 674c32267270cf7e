import Foundation
import Glibc
import VolumeKit

/// A part of a served volume in a process of its own, for tests that kill it: `volume-process home|homes|mount|store PLAN`, with a plan
/// in JSON. It ends with the process that started it.
@main
enum VolumeProcess {
    static func main() async throws {
        let parent = getppid()
        guard CommandLine.arguments.count == 3 else { exit(2) }
        let plan = Data(CommandLine.arguments[2].utf8)
        switch CommandLine.arguments[1] {
        case "home": try await JSONDecoder().decode(HomeProcess.self, from: plan).run { getppid() == parent }
        case "homes": try await JSONDecoder().decode(HomesPlan.self, from: plan).run { getppid() == parent }
        case "store": try await JSONDecoder().decode(StoreProcess.self, from: plan).run { getppid() == parent }
        case "mount": try JSONDecoder().decode(MountPlan.self, from: plan).run { getppid() == parent }
        default: exit(2)
        }
    }
}
