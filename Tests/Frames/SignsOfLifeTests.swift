import NIOCore
import Testing

@testable import Frames

@Suite("Signs of life")
struct SignsOfLifeTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private static func at(_ milliseconds: Int64) -> NIODeadline { start + .milliseconds(milliseconds) }

    /// Looked at every half second up to a time, as the event loop does.
    private static func look(_ life: inout SignsOfLife, from first: Int64 = 500, to last: Int64, isReading: Bool = true)
        -> String?
    {
        for time in stride(from: first, through: last, by: 500) {
            if let fault = life.fault(at: at(time), isReading: isReading) { return fault }
        }
        return nil
    }

    private static var life: SignsOfLife { SignsOfLife(FrameTimes(), every: .milliseconds(500), at: start) }

    @Test("Whoever says nothing for longer than the silence that is allowed is dead")
    func silence() {
        var life = Self.life
        #expect(Self.look(&life, to: 2000) == nil)
        #expect(Self.look(&life, from: 2500, to: 2500)?.contains("nothing was heard") == true)
        life.heard(at: Self.at(2600))
        #expect(Self.look(&life, from: 3000, to: 4500) == nil)
    }

    @Test("Nobody is dead for not being listened to")
    func deaf() {
        var life = Self.life
        #expect(Self.look(&life, to: 60_000, isReading: false) == nil)
        #expect(Self.look(&life, from: 60_500, to: 62_000) == nil)
        #expect(Self.look(&life, from: 62_500, to: 62_500) != nil)
    }

    @Test("Whoever was stopped itself listens again before it calls others dead")
    func asleep() {
        var life = Self.life
        #expect(life.fault(at: Self.at(60_000), isReading: true) == nil)
        #expect(Self.look(&life, from: 60_500, to: 62_000) == nil)
        #expect(Self.look(&life, from: 62_500, to: 62_500) != nil)
    }

    @Test("A frame that does not come to its end is no sign of life for ever")
    func drip() {
        var life = Self.life
        var fault: String?
        for time in stride(from: Int64(500), through: 31_000, by: 500) where fault == nil {
            life.heard(at: Self.at(time))
            life.isWithinFrame(true, at: Self.at(time))
            fault = life.fault(at: Self.at(time), isReading: true)
            #expect(fault == nil || time > 30_000)
        }
        #expect(fault?.contains("part of a frame") == true)
    }

    @Test("Frames that come to their end may follow each other for ever")
    func stream() {
        var life = Self.life
        for time in stride(from: Int64(500), through: 100_000, by: 500) {
            life.heard(at: Self.at(time))
            life.isWithinFrame(false, at: Self.at(time))
            life.isWithinFrame(true, at: Self.at(time))
            #expect(life.fault(at: Self.at(time), isReading: true) == nil)
        }
    }

    @Test("Whoever takes nothing of what is sent is cut off in the end")
    func blocked() {
        var life = Self.life
        var fault: String?
        for time in stride(from: Int64(500), through: 31_000, by: 500) where fault == nil {
            life.heard(at: Self.at(time))
            life.isBlocked(true, at: Self.at(time))
            fault = life.fault(at: Self.at(time), isReading: true)
            #expect(fault == nil || time > 30_000)
        }
        #expect(fault?.contains("takes nothing") == true)
    }

    @Test("A sign of life is due when nothing else was sent")
    func quiet() {
        var life = Self.life
        #expect(!life.isQuiet(at: Self.at(300)))
        #expect(life.isQuiet(at: Self.at(500)))
        life.sent(at: Self.at(600))
        #expect(!life.isQuiet(at: Self.at(1000)))
    }
}
