import Foundation
import FrameKit
import Frames
import NIOCore
import Resources
import Synchronization
import VolumeKit
import VolumeService
import VolumeStore
import Volumes

/// A volume's home on its files, on loopback.
struct ServedHome: Sendable {
    static let volume = VolumeID(high: 7, low: 7)

    let service: HomeService
    let served: ServedFrames
    /// Why the home ended by itself.
    let ended: AsyncStream<VolumeStoreError>

    /// Makes the files of a volume.
    static func create(_ directory: String, capacity: UInt64 = 1 << 30) throws {
        try VolumeDatabase.create(
            directory: directory, volume: volume, capacity: capacity, inodeLimit: 1_000_000, owner: geteuid(), group: getegid(),
            permissions: 0o755, at: FileTime(rawValue: 1))
    }

    /// Serves what is in a directory while the body runs.
    @discardableResult
    static func serving<Value: Sendable>(
        _ directory: String, of peers: FramePeers? = nil, _ options: HomeService.Options = .patient,
        rule: @escaping VolumeRule = { _, _, _ in nil }, onLeft: @escaping @Sendable (NodeID) -> Void = { _ in },
        _ body: (ServedHome) async throws -> Value
    ) async throws -> Value {
        let (ended, noting) = AsyncStream.makeStream(of: VolumeStoreError.self)
        let service = try HomeService(
            directory: directory, volume: volume, options: options, rule: rule, clock: { .ofSystem },
            onEnd: { noting.yield($0) }, onLeft: onLeft)
        defer { service.stop() }
        return try await ServedFrames.serving([service.server], of: peers) { served in
            try await body(ServedHome(service: service, served: served, ended: ended))
        }
    }

    /// Asks as a node over a connection of its own while the body runs.
    @discardableResult
    func asking<Value: Sendable>(
        as client: FramePeer, session: SessionID, _ body: (HomeAsker) async throws -> Value
    ) async throws -> Value {
        try await served.calling(as: client, .single) { pool in
            try await body(HomeAsker(pool: pool, node: client.node, session: session))
        }
    }
}

/// Asks a home for a session.
struct HomeAsker: Sendable {
    let pool: FramePool
    let node: NodeID
    let session: SessionID
    var volume = ServedHome.volume

    func ask(_ request: HomeRequest) async throws -> HomeAnswer {
        let message = HomeMessage(request, of: session, volume: volume)
        let frame = try await pool.call(
            FrameMessage(code: request.code, body: ByteBuffer(bytes: message.encoded)), within: .seconds(60))
        return try HomeAnswer(code: frame.code, encoded: Array(buffer: frame.body))
    }

    /// Makes a file or directory.
    func make(
        _ name: String, _ kind: FileKind = .regular, in directory: InodeNumber = .root, slot: UInt16 = 0, number: UInt64
    ) async throws -> HomeAnswer {
        let new = NewInode(
            parent: directory, name: try FileName(name), number: InodeNumber(rawValue: 0), kind: kind, permissions: 0o644,
            owner: 0,
            group: 0)
        return try await ask(.change(.make(new), slot: slot, number: number))
    }

    /// Names in a directory.
    func names(in directory: InodeNumber = .root) async throws -> [String] {
        var names: [String] = []
        while true {
            let last = try names.last.map { try FileName($0) }
            guard case .entries(let entries, let isEnd, _) = try await ask(.list(directory, after: last, limit: 1000)) else {
                return names
            }
            names += entries.map(\.name.description)
            if isEnd { return names }
        }
    }
}

extension HomeAnswer {
    var record: Record? { if case .changed(_, let record, _, _) = self { record } else { nil } }
    var identity: HomeIdentity? { if case .began(let identity, _) = self { identity } else { nil } }
}

extension HomeService.Options {
    /// Whose sessions are not lost when a test is held up.
    static var patient: Self {
        var options = Self()
        options.home.sessionTerm = .minutes(10)
        return options
    }
}
