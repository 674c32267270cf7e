import Resources

extension OutboundNetwork: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(rate)
        writer.write(allow)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        self.init(
            rate: try reader.quantity(atMost: Self.rates.upperBound), allow: try reader.list(atMost: Self.mostBlocks))
        guard rate >= Self.rates.lowerBound else { throw .init(description: "a network of \(rate.text)") }
    }
}

extension AddressBlock: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(Int64(address))
        writer.write(Int64(length))
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        let address = UInt32(try reader.number(in: 0...Int(UInt32.max)))
        self.init(address: address, length: try reader.number(in: 0...32))
    }
}
