/// Why something was not done: the failing term, the reason with its numbers, and when another try may succeed.
package struct Refusal: Error, Hashable, Codable, Sendable, CustomStringConvertible {
    /// The term that failed: `"price"`, `"cpu"`, `"memory"`, `"term"`, `"credit"`, `"borrower"`, `"policy"`, ...
    package var term: String
    /// One sentence for people, without a full stop, naming the numbers that were compared.
    package var reason: String
    /// When asking again may succeed; `nil` when it will not until somebody changes the request or the policy.
    package var retryAfter: Microseconds?
    /// What would be agreed to instead; `nil` where nobody has looked for it.
    package var alternatives: [Alternative]?

    package init(term: String, reason: String, retryAfter: Microseconds? = nil, alternatives: [Alternative]? = nil) {
        self.term = term
        self.reason = reason
        self.retryAfter = retryAfter
        self.alternatives = alternatives
    }

    package var description: String {
        guard let retryAfter else { return "\(term): \(reason)" }
        return "\(term): \(reason) (try again in \(retryAfter.text))"
    }
}
