package import Frames

extension FrameTimes {
    /// For a machine that has much else to do: what takes long there is no fault.
    package static var patient: Self {
        var times = Self()
        (times.opening, times.silence) = (.seconds(30), .seconds(30))
        return times
    }
}

extension FramePool.Options {
    package static var patient: Self {
        var options = Self()
        options.times = .patient
        return options
    }

    /// One connection, so that all calls go over it.
    package static var single: Self {
        var options = Self.patient
        options.connections = 1
        return options
    }
}
