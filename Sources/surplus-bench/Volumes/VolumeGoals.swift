/// What shared volumes have to reach, beside others in the same run.
struct VolumeGoals {
    let ext4: StorageScores
    let threeCopies: StorageScores
    let twoCopies: StorageScores
    /// The peers that were there, by their names.
    let peers: [(name: String, scores: StorageScores)]

    private typealias Kind = StorageScores.Kind

    /// The least share of ext4's figure, and of GlusterFS's, for one kind of work.
    private static let ratios: [(kind: Kind, ofExt4: Double, ofGluster: Double?)] = [
        (.write, 0.3, 1), (.coldRead, 0.6, 1), (.warmRead, 0.1, nil), (.randomRead, 0.25, 1), (.randomReads, 0.25, 1),
        (.durableAppend, 0.08, 1), (.durableWrite, 0.08, 1),
    ]
    /// The least that has to be reached each second.
    private static let rates: [Kind: Double] = [
        .create: 1000, .unpack: 500, .rename: 2000, .unlink: 2000, .coldStat: 5000, .warmStat: 100_000,
    ]
    /// The most that is allowed.
    private static let limits: [Kind: Double] = [
        .killed: 0.5, .killedReturns: 0.5, .silent: 3, .silentReturns: 0.5, .faults: 0, .redundancy: 15,
    ]
    private static let writeOfTwoCopies = 0.42
    private static let evacuation = 0.5

    /// Every figure, kind by kind, with the ratios that have goals after those that they are made of.
    var figures: [BenchReport.Figure] { Kind.allCases.flatMap { plain($0) + ratios($0) } }

    private func plain(_ kind: Kind) -> [BenchReport.Figure] {
        var figures = [figure(kind, "ext4", ext4)].compactMap(\.self)
        if var ours = figure(kind, "Surplus, 3 copies", threeCopies) {
            if let least = Self.rates[kind] { ours.goal = least }
            if let most = Self.limits[kind] { (ours.goal, ours.isUpperBound) = (most, true) }
            figures.append(ours)
        }
        figures += [figure(kind, "Surplus, 2 copies", twoCopies)].compactMap(\.self)
        return figures + peers.compactMap { figure(kind, $0.name, $0.scores) }
    }

    private func ratios(_ kind: Kind) -> [BenchReport.Figure] {
        let gluster = peers.first { $0.name == Self.gluster }?.scores
        var figures: [BenchReport.Figure?] = []
        if let goals = Self.ratios.first(where: { $0.kind == kind }) {
            figures.append(ratio(kind, "Surplus, 3 copies, to ext4", threeCopies[kind], ext4[kind], goals.ofExt4))
            if kind == .write {
                figures.append(ratio(kind, "Surplus, 2 copies, to ext4", twoCopies[kind], ext4[kind], Self.writeOfTwoCopies))
            }
            if let goal = goals.ofGluster {
                figures.append(ratio(kind, "Surplus, 3 copies, to GlusterFS", threeCopies[kind], gluster?[kind], goal))
            }
        }
        if kind == .evacuation {
            figures.append(ratio(kind, "Surplus, 2 copies, to ext4 writing", twoCopies[kind], ext4[.write], Self.evacuation))
        }
        return figures.compactMap(\.self)
    }

    static let gluster = "GlusterFS"

    private func figure(_ kind: Kind, _ name: String, _ scores: StorageScores) -> BenchReport.Figure? {
        scores[kind].map { .init(name: "\(kind.rawValue): \(name)", value: $0, unit: kind.unit) }
    }

    private func ratio(
        _ kind: Kind, _ name: String, _ ours: Double?, _ theirs: Double?, _ goal: Double
    ) -> BenchReport.Figure? {
        guard let ours, let theirs else { return nil }
        return .init(name: "\(kind.rawValue): \(name)", value: ours / theirs, unit: "", goal: goal)
    }
}
