import Foundation
import Resources
import Volumes

@testable import VolumeStore

final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/surplus-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

let volumeID = VolumeID(high: 7, low: .max)

func node(_ number: UInt64) -> NodeID { NodeID(high: 0, low: number) }
/// Of a generation that does not come to an end.
func block(_ number: UInt64) -> BlockID { BlockID(high: (1 << 40) + (number >> 3), low: .max - number) }
func session(_ number: UInt64) -> SessionID { SessionID(high: 0, low: number) }

/// What all volumes of these tests begin with.
enum Beginning {
    static let capacity: UInt64 = 1 << 20
    static let time = FileTime(rawValue: -5)
    static let traits = VolumeTraits(name: "déjà", copies: 3, key: Array(0..<32))

    static func found(in state: inout some VolumeState) {
        Volume.found(
            in: &state, traits, capacity: capacity, inodeLimit: 60, owner: 1, group: .max, permissions: 0o1777, at: time)
    }

    static var memory: Volume<MemoryState> {
        var state = MemoryState()
        found(in: &state)
        return Volume(state)
    }

    static func create(_ directory: String) throws {
        try VolumeDatabase.create(
            directory: directory, volume: volumeID, traits, capacity: capacity, inodeLimit: 60, owner: 1, group: .max,
            permissions: 0o1777, at: time)
    }

    static func create(state path: String) throws {
        try SQLiteState.create(path: path, volume: volumeID) { found(in: &$0) }
    }
}

/// All that a state has.
struct Content: Equatable {
    var header: VolumeHeader
    var inodes: [Inode] = []
    var targets: [[UInt8]?] = []
    var entries: [[DirectoryEntry]] = []
    var attributes: [[[UInt8]]] = []
    var extents: [[Extent]] = []
    var blocks: [Block] = []
    var placed: [[Block]] = []
    var dead: [Block] = []
    var orphans: [InodeNumber] = []
    var sessions: [Session] = []
    var answers: [SlotAnswer?] = []

    init(_ state: some VolumeState) {
        header = state.header
        inodes = state.inodes(after: nil, limit: .max)
        for inode in inodes {
            targets.append(state.target(of: inode.number))
            entries.append(state.entries(in: inode.number, after: nil, limit: .max))
            let names = state.attributeNames(of: inode.number)
            attributes.append(names.flatMap { [$0, state.attribute($0, of: inode.number) ?? []] })
            extents.append(state.extents(of: inode.number, in: 0..<UInt64.max, limit: .max))
        }
        blocks = state.blocks(after: nil, limit: .max)
        placed = (0..<4).map { state.blocks(on: node($0), after: nil, limit: .max) }
        dead = state.deadBlocks(after: nil, limit: .max)
        orphans = state.orphans(after: nil, limit: .max)
        sessions = state.allSessions
        for session in sessions { answers += (0..<4).map { state.answer(in: $0, of: session.id) } }
    }
}

extension VolumeDatabase {
    func content() throws -> Content { try read { Content($0.state) } }
}

extension NewInode {
    static func file(_ name: String, _ number: UInt64, in parent: InodeNumber = .root) throws -> NewInode {
        NewInode(
            parent: parent, name: try FileName(name), number: InodeNumber(rawValue: number), kind: .regular, permissions: 0o644,
            owner: 0, group: 0)
    }
}

extension Record {
    /// Makes a file of its own.
    static func making(_ index: UInt64, epoch: UInt64 = 1, _ name: String? = nil) throws -> Record {
        Record(
            index: index, epoch: epoch, time: FileTime(rawValue: Int64(index)),
            operation: .make(try .file(name ?? "f\(index)", index + 1)))
    }
}
