import Resources

/// What a node knows of its owner's use, as it is kept.
package struct ForesightMemory: Codable, Sendable {
    /// How long its samples lasted.
    let sample: Microseconds
    /// `nil` when this version of the program cannot read what was kept: it is learnt again within an hour.
    let cpu: Outlook?
    let memory: Outlook?
    /// When the last sample ended.
    let ended: Deadline

    /// Under this name it is kept among the settings.
    package static let key = "foresight"

    init(sample: Microseconds, cpu: Outlook, memory: Outlook, ended: Deadline) {
        self.sample = sample
        self.cpu = cpu
        self.memory = memory
        self.ended = ended
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        sample = try container.decode(Microseconds.self, forKey: .sample)
        cpu = try? container.decode(Outlook.self, forKey: .cpu)
        memory = try? container.decode(Outlook.self, forKey: .memory)
        ended = try container.decode(Deadline.self, forKey: .ended)
    }
}
