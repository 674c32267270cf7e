import Resources
import Volumes

extension StoreWorld {
    // MARK: Stores do what they are asked to

    mutating func runErrand() {
        guard let place = errands.indices.randomElement(using: &random) else { return }
        // Most come in the order in which they were sent.
        let errand = errands.remove(at: Int.random(in: 0..<3, using: &random) > 0 ? 0 : place)
        switch errand {
        case .keeper(let step, let request, let epoch): run(request, step, epoch)
        case .arrival(let step, let block, let isGood, let from, let to, let epoch):
            guard let store = reach(to, step, epoch) else { return }
            guard isGood else { return answer(step, .damaged(from), epoch) }
            // Disks may spoil what they write.
            let isWhole = Int.random(in: 0..<8, using: &random) > 0
            let isThere = stores[store].put(block, isGood: isWhole, isDurable: true)
            tally.copies += isThere ? 1 : 0
            answer(step, isThere ? .done : .full(to), epoch)
        case .put(let writer, let block, let node):
            guard isHeard(node), let store = self.place(of: node), stores[store].phase == .open,
                stores[store].put(block, isGood: true, isDurable: false)
            else { return putElsewhere(writer, block) }
            deleted.remove([.block(block), .node(node)])
            errands.append(.synchronize(writer: writer, block, on: node))
        case .synchronize(let writer, let block, let node):
            guard isHeard(node), let store = self.place(of: node), stores[store].blocks[block] == true else {
                return putElsewhere(writer, block)
            }
            stores[store].synchronize()
            if writers[writer]?.block == block { writers[writer]?.stored.append(node) }
        }
    }

    private mutating func putElsewhere(_ number: Int, _ block: BlockID) {
        guard var writer = writers[number], writer.block == block else { return }
        let others = stores.filter { $0.phase == .open && isHeard($0.node) && !writer.asked.contains($0.node) }
        guard let next = others.randomElement(using: &random) else {
            writers[number] = nil
            return
        }
        writer.asked.append(next.node)
        writers[number] = writer
        errands.append(.put(writer: number, block, on: next.node))
    }

    /// Who is asked, if it can be; what cannot be asked fails, or is carried out late without an answer.
    private mutating func reach(_ node: NodeID, _ step: UInt64, _ epoch: UInt64) -> Int? {
        guard isHeard(node), let place = place(of: node) else {
            answer(step, .failed(node), epoch)
            return nil
        }
        return place
    }

    private mutating func run(_ request: StoreRequest, _ step: UInt64, _ epoch: UInt64) {
        guard let place = reach(request.first, step, epoch) else { return }
        // Nothing is heard of what came of it; it may come to something much later.
        let isLate = step == .max && Int.random(in: 0..<4, using: &random) > 0
        if isLate || Int.random(in: 0..<(request.isDeletion ? 3 : 12), using: &random) == 0 {
            answer(step, .failed(request.first), epoch)
            return errands.append(.keeper(step: .max, request, epoch: epoch))
        }
        let node = request.first
        switch request {
        case .raise(_, let fence): answer(step, stores[place].raise(fence) ? .done : .failed(node), epoch)
        case .copy(let block, _, _, let from, let to):
            guard let isGood = stores[place].blocks[block] else { return answer(step, .absent(from), epoch) }
            errands.append(.arrival(step: step, block, isGood: isGood, from: from, to: to, epoch: epoch))
        case .verify(let block, _, _):
            guard let isGood = stores[place].blocks[block] else { return answer(step, .absent(node), epoch) }
            answer(step, isGood ? .done : .damaged(node), epoch)
        case .delete(let blocks, _, let fence):
            guard stores[place].raise(fence) else { return answer(step, .failed(node), epoch) }
            for block in blocks { delete(block, place) }
            answer(step, .done, epoch)
        case .list(_, let after, let limit):
            let rest = stores[place].blocks.keys.filter { id in after.map { id > $0 } ?? true }
            answer(step, .listed(Array(rest.prefix(limit)), areLast: rest.count <= limit), epoch)
        }
    }

    private mutating func delete(_ block: BlockID, _ place: Int) {
        guard stores[place].blocks[block] != nil else { return }
        tally.deletions += 1
        deleted.insert([.block(block), .node(stores[place].node)])
        expectUnnamed(block, on: stores[place].node)
        stores[place].delete(block)
        isChanged = true
    }

    private mutating func answer(_ step: UInt64, _ answer: StoreAnswer, _ epoch: UInt64) {
        guard step != .max, let place = homes.firstIndex(where: { $0.epoch == epoch }) else { return }
        tell(.answered(step: step, answer), home: place)
    }

    mutating func answerLost(_ errand: Errand) {
        switch errand {
        case .keeper(let step, let request, let epoch): answer(step, .failed(request.first), epoch)
        case .arrival(let step, _, _, let from, _, let epoch): answer(step, .failed(from), epoch)
        case .put(let writer, _, _), .synchronize(let writer, _, _): writers[writer] = nil
        }
    }

    // MARK: What has to hold

    /// A place gets into the metadata only when a whole copy is there.
    mutating func expectWhole(_ placements: [BlockPlacement]) {
        for placement in placements {
            let before = home.volume.state.block(placement.block)?.replicas ?? []
            for node in placement.replicas where !before.contains(node) && home.volume.state.block(placement.block) != nil {
                guard let place = place(of: node), !stores[place].hasGood(placement.block) else { continue }
                faults.append("\(placement.block) is named on \(node), and no whole copy is there")
            }
        }
    }

    mutating func expectUnnamed(_ block: BlockID, on node: NodeID) {
        if home.names(block, on: node) { faults.append("\(block) was deleted on \(node), where the metadata name it") }
    }

    /// Every block that a file has lies somewhere where the metadata say, whole.
    mutating func check() {
        for state in [home.volume.state, home.durable.state] {
            for block in state.blocks(after: nil, limit: .max) where block.live > 0 {
                let good = stores.filter { block.replicas.contains($0.node) && $0.hasGood(block.id) }
                if good.isEmpty { faults.append("no good copy of \(block.id) is left, on \(block.replicas)") }
            }
        }
    }

    /// Everything works again for a while, but for a store that does not come back in some worlds.
    mutating func settle() {
        cut = []
        homes = [homes[homes.count - 1]]
        let absent = Bool.random(using: &random) ? stores.indices.filter(isNeedless).randomElement(using: &random) : nil
        for place in stores.indices {
            stores[place].isUp = place != absent
            stores[place].lie = 0
            if stores[place].phase == .closed { stores[place].phase = .open }
        }
        for round in 0..<1000 where faults.isEmpty {
            now = now + .milliseconds(20)
            for _ in 0..<10 { runErrand() }
            for place in stores.indices { stores[place].synchronize() }
            homes[0].commit(100)
            tell(.durable(homes[0].applied))
            if round % 10 == 0 { tellStores() }
            tell(.tick)
            if round == 0 { writers = [:] }
            if round % 100 == 0 { scrubAll() }
            if round % 50 == 49, errands.isEmpty, whatIsWrong.isEmpty { return }
        }
    }

    /// Whether everything on a store is elsewhere too.
    private func isNeedless(_ place: Int) -> Bool {
        guard stores[place].phase != .leaving else { return false }
        return [home.volume.state, home.durable.state].flatMap { $0.blocks(after: nil, limit: .max) }.allSatisfy { block in
            stores.contains { $0.node != stores[place].node && block.replicas.contains($0.node) && $0.hasGood(block.id) }
        }
    }

    private mutating func scrubAll() {
        for store in stores where store.isUp {
            for (block, isGood) in store.blocks.pairs where !isGood { tell(.damaged(block, on: store.node)) }
        }
    }

    func judge() -> [String] { faults.isEmpty ? whatIsWrong : faults }

    /// What is not as it should be when everything has worked for a while.
    private var whatIsWrong: [String] {
        var faults: [String] = []
        let state = home.volume.state
        for block in state.blocks(after: nil, limit: .max) {
            let heard = block.replicas.filter(isHeard)
            let good = heard.filter { node in place(of: node).map { stores[$0].hasGood(block.id) } ?? false }
            if good.count != 2 || heard.count != 2 {
                faults.append("\(block.id) has \(good.count) good copies of \(heard.count)")
            }
        }
        for store in stores where store.isUp {
            if store.phase == .leaving { faults.append("\(store.node) is not left yet") }
            for block in store.blocks.keys where state.block(block)?.replicas.contains(store.node) != true {
                faults.append("\(block) is waste on \(store.node)")
            }
        }
        faults += home.volume.faults().map(\.description)
        return faults
    }
}

extension StoreRequest {
    fileprivate var isDeletion: Bool { if case .delete = self { true } else { false } }

    /// Who is asked first.
    fileprivate var first: NodeID {
        switch self {
        case .raise(let node, _), .copy(_, _, _, let node, _), .verify(_, _, let node), .delete(_, let node, _),
            .list(let node, _, _):
            node
        }
    }
}
