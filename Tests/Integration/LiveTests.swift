import Testing

/// Tests with real daemons. One at a time: each waits for programs, and would keep a thread from all other tests.
@Suite(.serialized) enum LiveTests {}
