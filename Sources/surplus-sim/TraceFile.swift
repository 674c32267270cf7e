import Foundation
import Resources
import Simulation

/// Reads what machines used: a line for each machine, its id and then a share of its capacity in percent for each sample, separated
/// by commas. An empty cell is a sample that is missing; lines that begin with `#` are comments. The file may be compressed by gzip.
enum TraceFile {
    private static let mostSamples = 1_000_000
    private static let largestValue = 1_000_000.0

    /// The files that a path means: itself, or those in a directory that tell of processors' average use.
    static func files(at path: String) throws(Misuse) -> [String] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Misuse("\(path): no such file or directory")
        }
        guard isDirectory.boolValue else { return [path] }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
            .filter { $0.hasSuffix(".csv") || $0.hasSuffix(".csv.gz") }
        let ofProcessors = names.filter { $0.hasPrefix("cpu") && !$0.contains("max") }
        let chosen = ofProcessors.isEmpty ? names : ofProcessors
        guard !chosen.isEmpty else { throw Misuse("\(path): has no files *.csv or *.csv.gz") }
        return chosen.map { "\(path)/\($0)" }
    }

    /// - Throws: with the file and the line.
    static func read(_ path: String) throws(Misuse) -> [[BasisPoints?]] {
        let bytes = try TextFile.content(of: path)
        var machines: [[BasisPoints?]] = []
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard let first = line.first, first != UInt8(ascii: "#"), line != [UInt8(ascii: "\r")] else { continue }
            do { machines.append(try samples(in: line)) } catch { throw Misuse("\(path):\(number): \(error.description)") }
        }
        guard !machines.isEmpty else { throw Misuse("\(path): has no machine in it") }
        return machines
    }

    private static func samples(in line: ArraySlice<UInt8>) throws(Misuse) -> [BasisPoints?] {
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        let cells = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard cells.count > 1 else { throw Misuse("a line should have an id and samples, separated by commas") }
        guard cells.count <= mostSamples else { throw Misuse("more than \(mostSamples) samples") }
        var samples: [BasisPoints?] = []
        samples.reserveCapacity(cells.count - 1)
        for (column, cell) in cells.dropFirst().enumerated() {
            guard !cell.isEmpty else {
                samples.append(nil)
                continue
            }
            let text = String(decoding: cell, as: UTF8.self)
            guard let value = Double(text), value.isFinite, value >= 0, value <= largestValue else {
                throw Misuse("sample \(column + 1) is '\(text.prefix(32))'; write a share of the capacity in percent, or nothing")
            }
            samples.append(BasisPoints(Int64((value * 100).rounded())))
        }
        return samples
    }
}
