import Foundation
import Glibc
import Resources
import Testing
import VolumeClient
import VolumeKit

@Suite("What a mount keeps", .serialized, .timeLimit(.minutes(3)))
struct ForgettingTests {
    @Test("it is bounded, what is forgotten is given back, and all is there when it is asked for again")
    func bounded() async throws {
        try await ServedVolume.serving { served in
            let (mounted, other) = (try served.mount(mostFiles: 64), try served.mount())
            let names = (0..<4).flatMap { directory in (0..<100).map { "d\(directory)/f\($0)" } }
            for directory in 0..<4 { try sys { mkdir(mounted.path + "/d\(directory)", 0o755) } }
            for name in names { try OpenFile(mounted.path + "/" + name, O_RDWR | O_CREAT).write("old \(name)") }
            let open = try OpenFile(mounted.path + "/d0/f0", O_RDWR)
            for name in names { #expect(try text(mounted.path + "/" + name) == "old \(name)") }
            while mounted.system.keptCount > 80 { _ = try text(mounted.path + "/d1/f1") }
            let notices = mounted.noticeCount
            for name in names { try OpenFile(other.path + "/" + name, O_RDWR).write("new \(name)") }
            // Some may be on their way back still, more of them on a busy machine; it would be all of them otherwise.
            #expect(mounted.noticeCount - notices <= names.count * 3 / 4, "nobody is asked for what was given back")
            for name in names { #expect(try text(mounted.path + "/" + name) == "new \(name)") }
            #expect(try open.text() == "new d0/f0")
        }
    }
}
