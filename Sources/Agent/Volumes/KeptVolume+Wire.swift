import Identity
import Resources
import Wire

extension KeptVolume {
    /// The most nodes that keep a volume's journal beside its home.
    private static let mostBackups = 16

    /// What another node says that it keeps.
    init(_ message: Surplus_V1_KeptVolume) throws(FieldError) {
        try Field.count(message.backups, atMost: Self.mostBackups, "backups")
        self.init(
            volume: try Field.identifier(message.volume, "volume"), name: try VolumeWish.name(message.name, "name"),
            home: try Field.identifier(message.home, "home"),
            backups: try message.backups.map { (text) throws(FieldError) in try Field.identifier(text, "backups") },
            epoch: message.epoch, isInCharge: message.inCharge,
            copies: Int(
                try Field.integer(
                    Int64(message.copies), in: Int64(VolumeWish.copies.lowerBound)...Int64(VolumeWish.copies.upperBound), "copies"
                )),
            size: Bytes(try Field.integer(message.sizeBytes, in: 0...Bounds.disk.rawValue, "size_bytes")),
            used: Bytes(try Field.integer(message.usedBytes, in: 0...Bounds.disk.rawValue, "used_bytes")),
            health: VolumeHealth(message.health))
    }
}

extension Surplus_V1_KeptVolume {
    init(_ kept: KeptVolume) {
        self = .with {
            ($0.volume, $0.name, $0.home) = (kept.volume.description, kept.name, kept.home.description)
            $0.backups = kept.backups.map(\.description)
            ($0.epoch, $0.inCharge, $0.copies) = (kept.epoch, kept.isInCharge, UInt32(kept.copies))
            ($0.sizeBytes, $0.usedBytes) = (kept.size.rawValue, kept.used.rawValue)
            $0.health = Surplus_V1_VolumeHealth(kept.health)
        }
    }
}

extension VolumeHealth {
    /// `nil` for what is not known, and for what a later version says.
    init?(_ message: Surplus_V1_VolumeHealth) {
        switch message {
        case .healthy: self = .healthy
        case .mending: self = .mending
        case .atRisk: self = .atRisk
        case .damaged: self = .damaged
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }
}

extension Surplus_V1_VolumeHealth {
    init(_ health: VolumeHealth?) {
        self =
            switch health {
            case .healthy: .healthy
            case .mending: .mending
            case .atRisk: .atRisk
            case .damaged: .damaged
            case nil: .unspecified
            }
    }
}

extension VolumeWish {
    /// `name` when it can label a volume.
    static func name(_ name: String, _ field: String) throws(FieldError) -> String {
        do { return try Names.volume(name) } catch { throw FieldError(field, "is refused: \(error.description)") }
    }
}
