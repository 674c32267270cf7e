import Resources

/// What the owner is expected to use of a resource, and what can be promised firmly on that.
package struct PolicyForecast: Encodable, Sendable {
    /// `cpu` or `memory`.
    let resource: String
    let samplesSeen: Int64
    /// Before there is a forecast.
    let samplesNeeded: Int64
    /// How long each lasts.
    let sampleMicroseconds: Int64
    /// What the forecast is about, from now on.
    let termMicroseconds: Int64
    /// The owner's use that is exceeded in half, a tenth and a hundredth of the term; `nil` when there is no forecast, or it does not
    /// reach so high.
    let medianBasisPoints: Int64?
    let tenthBasisPoints: Int64?
    let hundredthBasisPoints: Int64?
    /// The lowest in the term.
    let thresholdBasisPoints: Int64
    let promiseBasisPoints: Int64
    /// `balanced`, `ceiling`, `too_risky` or `unknown`.
    let reason: String
    /// Of the term in which the promise would be taken back.
    let riskPartsPerMillion: Int64
    let text: String
    let appetiteBasisPoints: Int64
    /// Of lease time so far.
    let takenBackPartsPerMillion: Int64
    let leaseSamples: Int64

    /// What is measured of the owner.
    package struct Use: Sendable {
        let samplesSeen: Int64
        let samplesNeeded: Int64
        let sample: Microseconds

        package init(samplesSeen: Int64, samplesNeeded: Int64, sample: Microseconds) {
            (self.samplesSeen, self.samplesNeeded, self.sample) = (samplesSeen, samplesNeeded, sample)
        }
    }

    /// What is expected of the owner.
    package struct Levels: Sendable {
        let median: Int64?
        let tenth: Int64?
        let hundredth: Int64?

        package init(median: Int64?, tenth: Int64?, hundredth: Int64?) {
            (self.median, self.tenth, self.hundredth) = (median, tenth, hundredth)
        }
    }

    /// What came of promises so far, and how much of it may be taken back.
    package struct Record: Sendable {
        let appetite: BasisPoints
        let takenBack: PartsPerMillion
        let samples: Int64

        package init(appetite: BasisPoints, takenBack: PartsPerMillion, samples: Int64) {
            (self.appetite, self.takenBack, self.samples) = (appetite, takenBack, samples)
        }
    }

    package init(
        of resource: String, _ use: Use, for term: Microseconds, _ levels: Levels, threshold: BasisPoints, promise: BasisPoints,
        risk: PartsPerMillion, reason: String, text: String, _ record: Record
    ) {
        self.resource = resource
        samplesSeen = use.samplesSeen
        samplesNeeded = use.samplesNeeded
        sampleMicroseconds = use.sample.rawValue
        termMicroseconds = term.rawValue
        medianBasisPoints = levels.median
        tenthBasisPoints = levels.tenth
        hundredthBasisPoints = levels.hundredth
        thresholdBasisPoints = threshold.rawValue
        promiseBasisPoints = promise.rawValue
        self.reason = reason
        riskPartsPerMillion = risk.rawValue
        self.text = text
        appetiteBasisPoints = record.appetite.rawValue
        takenBackPartsPerMillion = record.takenBack.rawValue
        leaseSamples = record.samples
    }

    /// How much history there is, such as `26 h`.
    private var history: String { Microseconds(sampleMicroseconds * samplesSeen).shortText }

    static func text(of forecasts: [PolicyForecast], on page: Page) -> String {
        guard let first = forecasts.first else { return "" }
        var table = Table([
            .init("OWNER'S USE"), .init("SEEN FOR", .right), .init("HALF", .right), .init("1 IN 10", .right),
            .init("1 IN 100", .right), .init("PROMISED FOR \(Microseconds(first.termMicroseconds).shortText)", .right),
        ])
        func level(_ basisPoints: Int64?, _ forecast: PolicyForecast) -> String {
            if let basisPoints { return "above \(BasisPoints(basisPoints).shortText)" }
            return forecast.reason == "unknown" ? "-" : "above all"
        }
        for forecast in forecasts {
            table.add([
                .init(forecast.resource, .strong), .init(forecast.history), .init(level(forecast.medianBasisPoints, forecast)),
                .init(level(forecast.tenthBasisPoints, forecast)), .init(level(forecast.hundredthBasisPoints, forecast)),
                .init(BasisPoints(forecast.promiseBasisPoints).shortText),
            ])
        }
        return table.text(on: page) + forecasts.map { "\($0.resource): \($0.text)\n" }.joined()
    }
}
