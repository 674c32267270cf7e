import Kernel
import Resources

/// What the owner is taken to use, also while it cannot be measured.
struct OwnerWatch {
    /// For so long an owner who cannot be measured is believed to do what was measured last. Afterwards it is taken to need
    /// everything, for it cannot be protected otherwise.
    static let blindness = Microseconds.seconds(3)

    enum News: Equatable {
        /// It cannot be measured, or not for another reason than before.
        case lost(KernelError)
        case found
    }

    private(set) var reading = Sensor.Reading(usage: .zero)
    private var fault: KernelError?
    private var blindSince: Instant?

    /// - Parameters:
    ///   - found: what was measured now.
    ///   - capacity: what the machine has; `nil` while nothing is lent of it.
    /// - Returns: what is new about it, once.
    mutating func note(_ found: Result<Sensor.Reading, KernelError>, of capacity: Amounts?, at now: Instant) -> News? {
        switch found {
        case .success(let reading):
            defer { (fault, blindSince) = (nil, nil) }
            self.reading = reading
            return fault == nil ? nil : .found
        case .failure(let error):
            let since = blindSince ?? now
            blindSince = since
            if let capacity, now - since > Self.blindness { reading = Sensor.Reading(usage: capacity) }
            defer { fault = error }
            return error == fault ? nil : .lost(error)
        }
    }

    /// Forgets what was read, as of another scope.
    mutating func reset() { reading = Sensor.Reading(usage: .zero) }
}
