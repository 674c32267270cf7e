import Foundation
import Testing

@testable import surplus_sim

@Suite("The look of reports")
struct ReportStyleTests {
    @Test("Each ink has a colour by day and one by night")
    func colours() {
        for colour in Ink.Colour.allCases where colour != .text {
            #expect(ReportStyle.css.components(separatedBy: "--\(colour.rawValue): #").count == 3)
            #expect(ReportStyle.css.contains(".\(colour.rawValue) { --ink: var(--\(colour.rawValue)); }"))
        }
    }
}
