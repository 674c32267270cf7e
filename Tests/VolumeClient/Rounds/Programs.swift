import Foundation
import FrameKit
import Glibc
import Synchronization

/// Programs that work on a mount at the same time, whenever they are let.
final class Programs: Sendable {
    private let all: [Program]
    private let mount: String
    private let hasFailed = Atomic(false)
    private let isOver = Atomic(true)

    /// Makes a directory for each. Blocks.
    init(_ all: [Program], on mount: String) throws {
        (self.all, self.mount) = (all, mount)
        for program in all { try sys { mkdir(mount + "/" + program.name, 0o755) } }
    }

    /// Has them work while something happens.
    ///
    /// - Throws: ``Program/Failure``, before what is thrown by the body.
    func work(while body: () async throws -> Void) async throws {
        isOver.store(false, ordering: .relaxed)
        try await withThrowingTaskGroup { group in
            for program in all { group.addTask { try await self.work(program) } }
            let result = await Result { () async throws in try await body() }
            isOver.store(true, ordering: .relaxed)
            try await group.waitForAll()
            try result.get()
        }
    }

    private func work(_ program: Program) async throws {
        do {
            try await onThread { try program.work(on: self.mount) { self.isOver.load(ordering: .relaxed) } }
        } catch {
            hasFailed.store(true, ordering: .relaxed)
            throw error
        }
    }

    /// Waits until each has done more, or one has failed, which ``work(while:)`` says.
    func progress(by count: Int) async throws {
        let wanted = all.map { $0.steps + count }
        try await comes("every program has gone on") {
            hasFailed.load(ordering: .relaxed) || zip(all, wanted).allSatisfy { $0.steps >= $1 }
        }
    }

    /// Looks whether all is on a mount as they have written it.
    ///
    /// - Throws: ``Program/Failure``.
    func check(on mount: String) async throws {
        try await withThrowingTaskGroup { group in
            for program in all { group.addTask { try await onThread { try program.check(on: mount) } } }
            try await group.waitForAll()
        }
    }
}
