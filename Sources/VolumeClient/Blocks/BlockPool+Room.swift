internal import BlockClient
internal import Dispatch
internal import Resources
internal import Synchronization
internal import Volumes

// Room for what programs write. A store has granted it before a program is told that something is written, so that it is not missing
// when that is stored.

extension BlockPool {
    /// Promises room for so many bytes.
    ///
    /// - Throws: ``PosixError/noSpace`` when the stores have not so much; ``PosixError/inputOutput`` when too few can be reached.
    func promise(_ bytes: Int) throws(PosixError) {
        let bytes = UInt64(bytes)
        let isCovered = state.withLock { $0.take(bytes, copies: $0.ledger.copies) }
        if !isCovered {
            let result = granting.withLock { _ -> Result<Void, PosixError> in
                do throws(PosixError) { return .success(try acquire(bytes)) } catch { return .failure(error) }
            }
            try result.get()
        }
        planReturn()
    }

    /// So much will be stored whether there is room or not.
    func owe(_ bytes: Int) { state.withLock { $0.ledger.promise(UInt64(bytes)) } }

    /// What was promised is stored, or will not be.
    func settle(_ bytes: Int) { state.withLock { $0.ledger.settle(UInt64(bytes)) } }

    /// The session is over: what it was granted the stores take back.
    func forgetGrants() { state.withLock { $0.ledger.forget() } }

    /// That each block is to have.
    var copies: Int { state.withLock { $0.ledger.copies } }

    /// Bytes that were written and are not told to the home yet.
    var promised: UInt64 { state.withLock { $0.ledger.promised } }

    /// What blocks take in the stores that can be reached, with what is deleted and not won back yet.
    func held() -> UInt64 {
        let peers = state.withLock { $0.peers.values.map(\.peer) }
        let group = DispatchGroup()
        let sum = Mutex<UInt64>(0)
        for peer in peers where !peer.isDoubtful {
            group.enter()
            peer.start(.usage(volume)) { result in
                if case .success(let usage) = result { sum.withLock { $0 += UInt64(max(0, (usage.live + usage.dead).rawValue)) } }
                group.leave()
            }
        }
        group.wait()
        return sum.withLock { $0 }
    }

    /// Stores that had no room may have some now.
    func tryAgain() { state.withLock { $0.ledger.forgive() } }

    // MARK: Asking

    private func acquire(_ bytes: UInt64) throws(PosixError) {
        var (tried, isReachable): ([NodeID], Bool) = ([], knowsStores)
        // A block is safe with fewer copies, until there is room for the others.
        for (copies, evenSilent) in state.withLock({ [($0.ledger.copies, false), ($0.ledger.fewest, true)] }) {
            while true {
                if state.withLock({ $0.take(bytes, copies: copies) }) { return }
                let asked = lenders(for: bytes, besides: tried, evenSilent: evenSilent)
                guard !asked.isEmpty else { break }
                tried += asked.map(\.node)
                if !ask(asked, for: bytes) { isReachable = false }
            }
        }
        throw isReachable ? .noSpace : .inputOutput
    }

    private func lenders(for bytes: UInt64, besides tried: [NodeID], evenSilent: Bool) -> [BlockPeer] {
        var random = SystemRandomNumberGenerator()
        return state.withLock { state in
            let nodes = state.ledger.lenders(for: bytes, besides: tried, evenSilent: evenSilent, at: .now, using: &random)
            return nodes.compactMap { state.peers[$0]?.peer }
        }
    }

    /// Asks all of them at once.
    ///
    /// - Returns: whether all have answered.
    private func ask(_ peers: [BlockPeer], for bytes: UInt64) -> Bool {
        let group = DispatchGroup()
        let silent = Mutex(false)
        for peer in peers {
            let shortage = state.withLock { $0.ledger.shortage(of: peer.node, for: bytes) }
            group.enter()
            ask(peer, max(shortage, options.portion)) { [self] result in
                switch result {
                case .success: group.leave()
                case .failure(.store(.full(_, let free))):
                    // What is left is for others, too.
                    let free = UInt64(free.rawValue)
                    let modest = min(free, max(shortage, free / 4))
                    guard modest > 0 else {
                        exhaust(peer.node)
                        return group.leave()
                    }
                    ask(peer, modest) { [self] result in
                        if case .failure = result { exhaust(peer.node) }
                        if modest < shortage { exhaust(peer.node) }
                        group.leave()
                    }
                case .failure(let error):
                    if error.isFull {
                        state.withLock { $0.ledger.shun(peer.node, at: .now) }
                    } else {
                        state.withLock { $0.ledger.miss(peer.node, at: .now) }
                        silent.withLock { $0 = true }
                    }
                    group.leave()
                }
            }
        }
        group.wait()
        return !silent.withLock { $0 }
    }

    private func ask(_ peer: BlockPeer, _ bytes: UInt64, completion: @escaping @Sendable (Result<Void, BlockError>) -> Void) {
        peer.start(.grant(Bytes(Int64(clamping: bytes)), of: volume)) { [self] result in
            if case .success = result { state.withLock { $0.ledger.grant(bytes, by: peer.node) } }
            completion(result)
        }
    }

    private func exhaust(_ node: NodeID) { state.withLock { $0.ledger.exhaust(node, at: .now) } }

    // MARK: Giving back

    /// Gives back what was granted once nothing was written for some time.
    private func planReturn() {
        let isFirst = state.withLock { state in
            state.promises += 1
            defer { state.isReturning = true }
            return !state.isReturning
        }
        if isFirst { lookLater() }
    }

    private func lookLater() {
        let seen = state.withLock(\.promises)
        returning.asyncAfter(deadline: .now() + .microseconds(Int(options.rest.rawValue))) { [weak self] in
            guard let self else { return }
            let isIdle = state.withLock { state in
                let isIdle = state.promises == seen && state.ledger.promised == 0
                if isIdle { state.isReturning = false }
                return isIdle
            }
            if isIdle { giveBack() } else { lookLater() }
        }
    }

    /// Gives back what was granted and is not needed.
    func giveBack() {
        let (unneeded, peers) = state.withLock { ($0.ledger.takeUnneeded(), $0.peers) }
        for (node, bytes) in unneeded.pairs where bytes > 0 {
            peers[node]?.peer.start(.release(Bytes(Int64(clamping: bytes)), of: volume)) { _ in }
        }
    }
}

extension BlockPool.State {
    /// Promises so much where enough was granted for it.
    fileprivate mutating func take(_ bytes: UInt64, copies: Int) -> Bool {
        guard ledger.covers(bytes, copies: copies) else { return false }
        ledger.promise(bytes)
        return true
    }
}
