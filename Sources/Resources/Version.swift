/// Which surplus this is. All programs of one build share it.
package enum Software {
    package static let version = "0.1.0"
}
