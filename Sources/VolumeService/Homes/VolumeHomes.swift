internal import Dispatch
internal import Foundation
package import Frames
internal import NIOCore
internal import Resources
internal import Synchronization
package import VolumeStore
internal import Volumes

/// All volumes of which a node keeps the metadata, as the home or as a backup; each is in a directory of its own, with its id as name.
///
/// A ``FrameService`` for requests to homes and for messages between nodes that keep journals. The frame server has to let as many
/// requests of one connection run as a session may have under way, for their answers wait for each other (``FrameLimits/running``).
package final class VolumeHomes: FrameService {
    /// Of requests to homes, and of messages about journals.
    package var codes: ClosedRange<UInt16> { HomeRequest.codes.lowerBound...JournalMessage.codes.upperBound }

    let directory: String
    let surroundings: HomesSurroundings
    let options: HomesOptions
    let copies: CopyInbox
    package let pools: NodePools

    struct State {
        var volumes = SortedMap<VolumeID, KeptVolume>()
        /// Those that could not be opened, and why.
        var broken = SortedMap<VolumeID, String>()
        var isStopped = false
    }

    let state = Mutex(State())
    /// Volumes come and go one at a time.
    let coming = Mutex(())

    /// Opens all volumes of a directory, which is made when it is not there.
    ///
    /// - Throws: when the directory cannot be used. What is wrong with one volume shows in its status, and holds up no other.
    package init(
        directory: String, _ surroundings: HomesSurroundings, _ options: HomesOptions = HomesOptions()
    ) throws(VolumeStoreError) {
        (self.directory, self.surroundings, self.options) = (directory, surroundings, options)
        copies = CopyInbox(directory)
        pools = NodePools(as: surroundings.identity, options.pool, reach: surroundings.reach)
        for volume in try Self.found(in: directory) { load(volume) }
    }

    private static func found(in directory: String) throws(VolumeStoreError) -> [VolumeID] {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            for name in names where name.hasSuffix(CopyInbox.ending) { unlink(directory + "/" + name) }
            // What was being put in the place of another one has an ending.
            return Set(names.compactMap { name in VolumeID(String(name.prefix { $0 != "." })) }).sorted()
        } catch { throw .directory(directory, "\(error)") }
    }

    func path(of volume: VolumeID) -> String { directory + "/" + volume.description }

    @discardableResult
    func load(_ volume: VolumeID) -> KeptVolume? {
        do throws(VolumeStoreError) {
            try VolumeDirectory.settle(path(of: volume))
            guard FileManager.default.fileExists(atPath: path(of: volume)) else { return nil }
            let kept = try KeptVolume(volume, in: path(of: volume), surroundings, options, pools, copies)
            let isWanted = state.withLock { state in
                state.broken[volume] = nil
                if !state.isStopped { state.volumes[volume] = kept }
                return !state.isStopped
            }
            if !isWanted { kept.stop() }
            return kept
        } catch {
            state.withLock { $0.broken[volume] = "\(error)" }
            surroundings.report(volume, nil, .failed("\(error)"))
            return nil
        }
    }

    func volume(_ id: VolumeID) -> KeptVolume? { state.withLock { $0.volumes[id] } }

    /// Ends all homes, which makes durable what they have carried out, as far as their backups are there, and lets all files go.
    /// Blocks for a moment.
    package func stop() {
        let all = state.withLock { state in
            state.isStopped = true
            return state.volumes.values
        }
        // They are there until they have ended, to hear what their backups have synced.
        DispatchQueue.concurrentPerform(iterations: all.count) { all[$0].stop() }
        state.withLock { $0.volumes = SortedMap() }
    }

    // MARK: Requests

    package func answer(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> FrameMessage {
        throw FrameRefusal(.failed, "a home answers when it can")
    }

    package func begin(
        _ request: FrameMessage, from caller: FrameCaller, done: @escaping @Sendable (Result<FrameMessage, FrameRefusal>) -> Void
    ) {
        do throws(FrameRefusal) {
            if HomeRequest.codes.contains(request.code) { return try home(for: request).begin(request, from: caller, done: done) }
            try take(request, from: caller.node)
            done(.success(.arrived))
        } catch { done(.failure(error)) }
    }

    private func home(for request: FrameMessage) throws(FrameRefusal) -> HomeServer<SQLiteState> {
        guard let id = VolumeID(messagePrefix: request.body.readableBytesView) else {
            throw FrameRefusal(.malformed, "a request to a home that names no volume")
        }
        guard let volume = volume(id) else {
            // Whoever asks is to look for it again, and not to give it up.
            if state.withLock(\.isStopped) { throw FrameRefusal(.busy, "\(surroundings.node) is being stopped") }
            throw FrameRefusal(.unknown, "\(id) is not kept on \(surroundings.node)")
        }
        if let home = volume.home { return home.server }
        if let failure = volume.failure { throw FrameRefusal(.failed, "\(id) does not go on here: \(failure)") }
        let home = volume.knownHome
        if home == surroundings.node { throw FrameRefusal(.busy, "\(id) is being started") }
        throw FrameRefusal(.busy, "\(id) has its home on \(home.map(\.description) ?? "another node")")
    }

    // MARK: Messages about journals

    private func take(_ request: FrameMessage, from sender: NodeID) throws(FrameRefusal) {
        let outcome: Result<Void, FrameRefusal>
        do throws(MalformedMessage) {
            switch request.code {
            case StateCopyPart.code: outcome = takeCopy(try StateCopyPart(encoded: request.head), request.body, sender)
            case VolumeDeletion.code: outcome = forget(try VolumeDeletion(encoded: Array(buffer: request.body)), sender)
            default: outcome = receive(try JournalEnvelope(code: request.code, encoded: Array(buffer: request.body)), sender)
            }
        } catch {
            throw FrameRefusal(.malformed, "a message about a journal that makes no sense: \(error)")
        }
        try outcome.get()
    }

    private func receive(_ envelope: JournalEnvelope, _ sender: NodeID) -> Result<Void, FrameRefusal> {
        Result { () throws(FrameRefusal) in
            if let volume = volume(envelope.volume) { return try volume.receive(envelope.message, from: sender) }
            try greet(envelope, sender)
        }
    }

    /// A home wants this node to keep a journal, of which it has nothing yet.
    private func greet(_ envelope: JournalEnvelope, _ sender: NodeID) throws(FrameRefusal) {
        let id = envelope.volume
        try require(id, sender)
        switch envelope.message {
        case .append(let epoch, _, _, _):
            let answer = JournalMessage.parted(epoch: epoch, .nothing(under: sender))
            JournalPost(pools).send(answer, of: id, to: sender) {}
        case .install(_, let position, _):
            guard copies.has(id, at: position, from: sender) else { return }
            try seed(id, at: position, sender)
            volume(id)?.began(with: envelope.message, from: sender)
        default: throw FrameRefusal(.unknown, "\(id) is not kept on \(surroundings.node)")
        }
    }

    private func require(_ id: VolumeID, _ sender: NodeID) throws(FrameRefusal) {
        let (broken, isStopped) = state.withLock { ($0.broken[id], $0.isStopped) }
        if isStopped { throw FrameRefusal(.busy, "\(surroundings.node) is being stopped") }
        if let broken { throw FrameRefusal(.failed, "\(id) does not go on here: \(broken)") }
        if let reason = surroundings.accepts(id, sender) {
            throw FrameRefusal(.notPermitted, "\(surroundings.node) does not keep the journal of \(id): \(reason)")
        }
    }

    private func seed(_ id: VolumeID, at position: LogPosition, _ sender: NodeID) throws(FrameRefusal) {
        let result = coming.withLock { _ -> Result<Void, VolumeStoreError> in
            Result { () throws(VolumeStoreError) in
                guard volume(id) == nil else { return }
                _ = try copies.withCopy(of: id, at: position, from: sender) { copy throws(VolumeStoreError) in
                    try VolumeDatabase.seed(directory: path(of: id), from: copy, volume: id, at: position)
                }
                load(id)
            }
        }
        if case .failure(let error) = result { throw FrameRefusal(.failed, "\(error)") }
    }

    private func takeCopy(_ part: StateCopyPart, _ bytes: ByteBuffer, _ sender: NodeID) -> Result<Void, FrameRefusal> {
        Result { () throws(FrameRefusal) in
            if volume(part.volume)?.replica?.knows(sender) != true { try require(part.volume, sender) }
            try copies.take(part, bytes, from: sender)
        }
    }

    private func forget(_ deletion: VolumeDeletion, _ sender: NodeID) -> Result<Void, FrameRefusal> {
        Result { () throws(FrameRefusal) in
            guard let volume = volume(deletion.volume) else { return }
            guard volume.mayDelete(sender, epoch: deletion.epoch) else {
                throw FrameRefusal(.notPermitted, "\(sender) is not the home of \(deletion.volume), as far as is known here")
            }
            if let error = discard(deletion.volume) { throw FrameRefusal(.failed, "\(error)") }
        }
    }

    /// Removes what this node has of a volume.
    func discard(_ id: VolumeID) -> VolumeStoreError? {
        coming.withLock { _ in
            let kept = state.withLock { state in
                defer { (state.volumes[id], state.broken[id]) = (nil, nil) }
                return state.volumes[id]
            }
            kept?.stop()
            do throws(VolumeStoreError) {
                try VolumeDirectory.remove(path(of: id))
                return nil
            } catch { return error }
        }
    }
}
