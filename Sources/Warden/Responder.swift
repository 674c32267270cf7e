/// Where the answer to a call goes: a call of one connection.
struct Responder: Hashable {
    var connection: Int
    var call: UInt64
}
