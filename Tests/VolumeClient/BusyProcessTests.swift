import Foundation
import Glibc
import Synchronization
import Testing
import VolumeClient
import VolumeKit

@Suite("A mount in a busy process", .serialized, .timeLimit(.minutes(3)))
struct BusyProcessTests {
    /// Computes on all threads on which tasks run, while the body runs on one of its own.
    private func whileComputing(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await onThread {
            let isOver = Flag()
            defer { isOver.value.store(true, ordering: .relaxed) }
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
                Task.detached { while !isOver.value.load(ordering: .relaxed) {} }
            }
            try body()
        }
    }

    private final class Flag: Sendable {
        let value = Atomic(false)
    }

    @Test("what others have written is handed over, however much the process computes otherwise")
    func handover() async throws {
        try await ServedVolume.serving { served in
            var link = HomeLink.Options()
            link.patience = .seconds(10)
            let (one, two) = (try served.mount(link: link), try served.mount(link: link))
            try await whileComputing {
                for turn in 0..<5 {
                    let (writer, reader) = turn.isMultiple(of: 2) ? (one, two) : (two, one)
                    try OpenFile(writer.path + "/f", O_RDWR | O_CREAT | O_TRUNC).write("turn \(turn)")
                    #expect(try text(reader.path + "/f") == "turn \(turn)")
                }
            }
        }
    }
}
