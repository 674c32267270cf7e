import Resources
import Testing

@Suite("Blocks of addresses")
struct AddressBlockTests {
    @Test("A block is read as it is written", arguments: ["0.0.0.0/0", "10.0.0.0/8", "203.0.113.7", "255.255.255.254/31"])
    func text(_ text: String) throws { #expect(try AddressBlock(text: text).text == text) }

    @Test(
        "What could be meant otherwise is refused",
        arguments: [
            "", "10", "10.0.0", "10.0.0.0.0", "10.0.0.256", "010.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.-1", "::/0",
            "a.b.c.d",
        ])
    func malformed(_ text: String) { #expect(throws: TextError.self) { try AddressBlock(text: text) } }

    @Test("Bits beyond the length are told, with what would be right")
    func bits() {
        let error = #expect(throws: TextError.self) { try AddressBlock(text: "10.1.2.3/8") }
        #expect(error?.description == "'10.1.2.3/8' has bits beyond its length; write 10.0.0.0/8")
    }

    @Test("A block has those in it that are as long or longer and begin alike")
    func containing() throws {
        let (ten, all) = (try AddressBlock(text: "10.0.0.0/8"), try AddressBlock(text: "0.0.0.0/0"))
        let (within, beside) = (try AddressBlock(text: "10.255.0.0/16"), try AddressBlock(text: "11.0.0.0/8"))
        #expect(ten.contains(ten) && ten.contains(within) && all.contains(ten))
        #expect(!ten.contains(beside) && !ten.contains(all))
    }
}
